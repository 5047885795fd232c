from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydyf
import pytest
import yaml
from pennyform.sandbox import Rules, Sandbox

from .bodies import PDF, company
from .conftest import Caller

CASE = Path(__file__).parents[1] / "cases" / "validate" / "e-invoice-as-the-file-says"
CASES = sorted((CASE / "files").iterdir())
CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>{type}</ram:TypeCode>
<ram:IssueDateTime><udt:DateTimeString format="102">20250901</udt:DateTimeString></ram:IssueDateTime>
</rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>Paper</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{price}</ram:ChargeAmount>
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">4</ram:BilledQuantity>
</ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode>
<ram:CategoryCode>{category}</ram:CategoryCode><ram:RateApplicablePercent>{percent}</ram:RateApplicablePercent>
</ram:ApplicableTradeTax><ram:SpecifiedTradeSettlementLineMonetarySummation>
<ram:LineTotalAmount>100.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>
<ram:ApplicableHeaderTradeAgreement>
<ram:SellerTradeParty><ram:Name>Paper Ltd</ram:Name></ram:SellerTradeParty>
<ram:BuyerTradeParty><ram:Name>Bakery</ram:Name>
<ram:SpecifiedLegalOrganization><ram:ID>732829320</ram:ID></ram:SpecifiedLegalOrganization>
<ram:PostalTradeAddress><ram:PostcodeCode>69001</ram:PostcodeCode><ram:LineOne>1 quai Sud</ram:LineOne>
<ram:CityName>Lyon</ram:CityName><ram:CountryID>FR</ram:CountryID></ram:PostalTradeAddress>
</ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>
<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
<udt:DateTimeString format="102">20250930</udt:DateTimeString></ram:DueDateDateTime>
</ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:TaxBasisTotalAmount>100.00</ram:TaxBasisTotalAmount><ram:TaxTotalAmount>{tax}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>120.00</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>
</ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""

UBL = """<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<b:ID>U-1</b:ID><b:IssueDate>2025-09-01</b:IssueDate><b:InvoiceTypeCode>380</b:InvoiceTypeCode>
<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
<a:AccountingSupplierParty><a:Party><a:PartyName><b:Name>Paper Ltd</b:Name></a:PartyName></a:Party>
</a:AccountingSupplierParty>
<a:AccountingCustomerParty><a:Party><a:PartyLegalEntity><b:RegistrationName>ACME</b:RegistrationName>
</a:PartyLegalEntity></a:Party></a:AccountingCustomerParty>
<a:TaxTotal><b:TaxAmount>5.50</b:TaxAmount></a:TaxTotal>
<a:LegalMonetaryTotal><b:TaxExclusiveAmount>100</b:TaxExclusiveAmount>
<b:TaxInclusiveAmount>105.50</b:TaxInclusiveAmount></a:LegalMonetaryTotal>
<a:InvoiceLine><b:ID>1</b:ID><b:InvoicedQuantity unitCode="C62">1</b:InvoicedQuantity>
<b:LineExtensionAmount>100</b:LineExtensionAmount>
<a:Item><b:Name>Book</b:Name><a:ClassifiedTaxCategory><b:ID>S</b:ID><b:Percent>5.5</b:Percent>
</a:ClassifiedTaxCategory></a:Item><a:Price><b:PriceAmount>100</b:PriceAmount></a:Price></a:InvoiceLine>
</Invoice>"""


def cii(**changes: str) -> bytes:
    said = {"number": "E-1", "type": "380", "price": "25.00", "category": "S", "percent": "20.00"}
    return CII.format(**{**said, "currency": "EUR", "tax": "20.00", **changes}).encode()


def factur_x(
    xml: bytes, *, compress: bool = True, name: str = "factur-x.xml", decoy: bytes = b"", listed: str = "tree"
) -> bytes:
    """A PDF that carries the XML as an attached file, made by another program.

    ``decoy`` comes first, as a stream that is no attachment. ``listed`` says where the attachment is: in the
    name ``tree``, in a tree of several ``levels``, in ``AF`` alone, or ``nowhere``.
    """
    document = pydyf.PDF()
    if decoy:
        document.add_object(pydyf.Stream([decoy], {"Type": "/EmbeddedFile"}, compress))
    stream = pydyf.Stream([xml], {"Type": "/EmbeddedFile", "Subtype": "/text#2Fxml"}, compress)
    document.add_object(stream)
    embedded = pydyf.Dictionary({"F": stream.reference})
    text = pydyf.String(name)
    file = pydyf.Dictionary({"Type": "/Filespec", "F": text, "UF": text, "EF": embedded})
    document.add_object(file)
    leaf = {"Names": pydyf.Array([text, file.reference]), "Limits": pydyf.Array([text, text])}
    tree: pydyf.Dictionary = pydyf.Dictionary(leaf)
    for _ in range(2 if listed == "levels" else 0):
        document.add_object(tree)
        tree = pydyf.Dictionary({"Kids": pydyf.Array([tree.reference]), "Limits": leaf["Limits"]})
    if listed == "levels":
        del tree["Limits"]  # the root has none
    if listed in ("tree", "levels"):
        document.catalog["Names"] = pydyf.Dictionary({"EmbeddedFiles": tree})
    if listed == "AF":
        document.catalog["AF"] = pydyf.Array([file.reference])
    written = io.BytesIO()
    document.write(written)
    return written.getvalue()


def sent(
    api: Caller, content: bytes, path: str = "/customer_invoices/e_invoices/imports", **form: Any
) -> Any:
    fields = {
        name: (None, value if isinstance(value, str) else json.dumps(value)) for name, value in form.items()
    }
    return api.post(path, files={**fields, "file": ("invoice", content, "application/octet-stream")})


def taken(api: Caller, content: bytes, **form: Any) -> dict[str, Any]:
    answer = sent(api, content, **form)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = api.get(answer.json()["url"]).json()
    return found


@pytest.mark.parametrize("compress", [True, False])
def test_a_pdf_carries_its_data(api: Caller, compress: bool) -> None:
    made = taken(api, factur_x(cii(), compress=compress))
    assert (made["invoice_number"], made["date"], made["deadline"]) == ("E-1", "2025-09-01", "2025-09-30")
    assert (made["draft"], made["factur_x"], made["schematron_validation_status"]) == (False, True, "valid")
    assert (made["currency_amount_before_tax"], made["currency_tax"]) == ("100.0", "20.0")
    assert api.fetch(made["public_file_url"]).content.startswith(b"%PDF")
    (line,) = api.get(made["invoice_lines"]["url"]).json()["items"]
    assert (line["label"], line["quantity"], line["vat_rate"]) == ("Paper", "4.0", "FR_200")
    buyer = api.get(made["customer"]["url"]).json()
    assert (buyer["name"], buyer["reg_no"]) == ("Bakery", "732829320")
    assert buyer["billing_address"]["city"] == "Lyon"


@pytest.mark.parametrize("listed", ["tree", "levels", "AF"])
def test_the_attachment_is_read_and_not_the_first_stream(api: Caller, listed: str) -> None:
    pdf = factur_x(cii(), decoy=cii(number="DECOY"), listed=listed, name="ZUGFeRD-invoice.xml")
    assert taken(api, pdf)["invoice_number"] == "E-1"


@pytest.mark.parametrize("file", CASES, ids=lambda path: path.name)
def test_a_file_is_taken_as_its_definition_says(api: Caller, customer: int, file: Path) -> None:
    """The tool's own cases: what it accepts, another reader understands in the same way."""
    definition = yaml.load((CASE / "invoices" / f"{file.stem}.yaml").read_text(), yaml.BaseLoader)
    made = taken(api, file.read_bytes(), invoice_options={"customer_id": customer})
    for name in ("invoice_number", "date", "deadline"):
        assert made[name] == definition[name]
    for name in ("currency_amount_before_tax", "currency_tax", "currency_amount"):
        assert Decimal(made[name]) == Decimal(definition[name])
    (line,) = api.get(made["invoice_lines"]["url"]).json()["items"]
    (defined,) = definition["invoice_lines"]
    assert line["vat_rate"] == defined["vat_rate"]
    for name in ("quantity", "raw_currency_unit_price", "currency_amount", "currency_tax"):
        assert Decimal(line[name]) == Decimal(defined[name])


def test_xml_alone_is_taken_and_not_shown(api: Caller, customer: int) -> None:
    made = taken(api, UBL.encode())
    assert (made["customer"]["id"], made["currency_amount"]) == (customer, "105.5")
    assert (made["factur_x"], made["public_file_url"], made["filename"]) == (False, None, None)


def test_a_credit_note_is_negative(api: Caller) -> None:
    made = taken(api, cii(type="381"))
    assert (made["status"], made["currency_amount"]) == ("credit_note", "-120.0")
    (line,) = api.get(made["invoice_lines"]["url"]).json()["items"]
    assert (line["quantity"], line["currency_amount"]) == ("-4.0", "-120.0")


def test_buyers_are_found_by_number_then_by_name(api: Caller, customer: int) -> None:
    numbered = api.made("/company_customers", company(name="Other", reg_no="732829320"))["id"]
    assert taken(api, cii())["customer"]["id"] == numbered
    assert taken(api, UBL.encode())["customer"]["id"] == customer
    named = taken(api, cii(number="E-2"), invoice_options={"customer_id": customer})
    assert named["customer"]["id"] == customer


def test_nobody_is_found_by_name_alone_where_the_rule_says_so(
    api: Caller, customer: int, sandbox: Sandbox
) -> None:
    sandbox.rules = Rules(party_by_name=False)
    made = taken(api, UBL.encode())["customer"]["id"]
    assert made != customer
    assert api.get(f"/customers/{made}").json()["name"] == "ACME"


def test_lines_are_enriched_by_their_own_ids(api: Caller) -> None:
    (account,) = api.filtered("/ledger_accounts", ("number", "eq", "707000")).json()["items"]
    options = {"invoice_lines": [{"e_invoice_line_id": "1", "ledger_account_id": account["id"]}]}
    made = taken(api, cii(), invoice_options=options)
    (line,) = api.get(made["invoice_lines"]["url"]).json()["items"]
    assert line["substance"] == "goods"
    unknown = {"invoice_lines": [{"e_invoice_line_id": "2"}]}
    assert sent(api, cii(number="E-2"), invoice_options=unknown).status_code == 422


def test_it_may_go_to_the_platform_at_once(api: Caller) -> None:
    made = taken(api, factur_x(cii()), send_to_pa="true")
    assert made["e_invoicing"]["status"] == "submitted"
    assert taken(api, cii(number="E-2"), send_to_pa="false")["e_invoicing"] is None


def test_a_file_makes_one_invoice(api: Caller) -> None:
    first = taken(api, cii())
    again = sent(api, cii())
    assert again.status_code == 422
    assert str(first["id"]) in again.json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        PDF,
        factur_x(b"<Receipt/>"),
        factur_x(cii(), listed="nowhere"),
        factur_x(cii(), name="order-x.xml"),
        factur_x(b" " * 50_000_000),
        factur_x(cii())[:900],
        cii(type="910"),
        cii(price="1e1"),
        b"<Receipt/>",
        "é".encode("latin-1"),
        cii(currency="XXX"),
        cii(percent="19.1"),
        cii(price="cheap"),
        cii(tax=""),
        cii(number=""),
        cii().replace(b"20250901", b"20250931"),
        cii()
        .replace(b"<ram:IncludedSupplyChainTradeLineItem>", b"<ram:Other>")
        .replace(b"</ram:IncludedSupplyChainTradeLineItem>", b"</ram:Other>"),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + UBL.encode(),
        UBL.encode("utf-16"),
        b"<a>" * 100_000,
    ],
    ids=range(22),
)
def test_what_is_no_e_invoice(api: Caller, content: bytes) -> None:
    assert sent(api, content).status_code == 422
    assert api.get("/customer_invoices").json()["items"] == []


class TestFromSuppliers:
    PATH = "/supplier_invoices/e_invoices/imports"

    def test_they_wait_for_an_answer(self, api: Caller) -> None:
        made = sent(api, cii(), self.PATH)
        assert made.status_code == 201, made.text
        shown = api.get(made.json()["url"]).json()
        assert (shown["invoice_number"], shown["currency_amount"]) == ("E-1", "120.0")
        assert shown["e_invoicing"]["status"] == "waiting_for_validation"
        supplier = api.get(shown["supplier"]["url"]).json()
        assert supplier["name"] == "Paper Ltd"
        path = f"/supplier_invoices/{shown['id']}/e_invoice_status"
        refused = {"status": "refused", "reason": "duplicate_invoice"}
        disputed = api.put(path, json={"status": "disputed", "reason": "incorrect_vat_rate"}).json()
        assert disputed["e_invoicing"]["reason"] == "incorrect_vat_rate"
        assert api.put(path, json=refused).json()["e_invoicing"]["status"] == "refused"
        assert api.put(path, json={"status": "approved"}).status_code == 422

    def test_the_old_door_asks_which_side(self, api: Caller) -> None:
        made = sent(api, cii(), "/e-invoices/imports", type="supplier")
        assert "/supplier_invoices/" in made.json()["url"]
        made = sent(api, cii(), "/e-invoices/imports", type="customer")
        assert "/customer_invoices/" in made.json()["url"]
        assert sent(api, cii(number="E-2"), "/e-invoices/imports").status_code == 400
