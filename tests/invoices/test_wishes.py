"""What a definition asks for besides the draft, as the engine gets it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pennyform.findings import Severity
from pennyform.invoices import (
    Attachment,
    CategoryWeight,
    DesiredInvoice,
    EmailOption,
    Key,
    Options,
    Place,
    load,
    request_body,
    totals,
)
from pennyform.invoices.desired.json_bodies import after_finalize, first_request, to_json
from pennyform.results.documents import json_data

from .definitions import YAML_TEXT, write

PDF = b"%PDF-1.4\nan invoice\n"
NOWHERE = Place("", 0, 0)
IMPORTED = """\
external_reference: OLD-1
file: files/old.pdf
customer: ACME_001
date: 2019-01-31
deadline: 2019-02-28
currency_amount_before_tax: "200"
currency_tax: "40"
currency_amount: "240"
transaction_reference: {banking_provider: bank, provider_field_name: label, provider_field_value: OLD}
invoice_lines:
  - label: Consulting
    quantity: 2
    unit: hour
    raw_currency_unit_price: "100"
    vat_rate: FR_200
    currency_amount: "240"
    currency_tax: "40"
    imputation_dates: {start_date: 2019-01-01, end_date: 2019-01-31}
"""


def one(folder: Path, text: str, **files: bytes) -> DesiredInvoice:
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / "files" / f"{name}.pdf").write_bytes(content)
    repository, findings = load([write(folder, invoice=text)])
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
    (invoice,) = repository.invoices
    return invoice


def wishes(folder: Path, options: str) -> Options:
    return one(folder, f"{YAML_TEXT}options: {{finalize: true, {options}}}\n", a=PDF, b=PDF).options


def test_nothing_is_on_by_default(tmp_path: Path) -> None:
    assert one(tmp_path, YAML_TEXT).options == Options()
    assert Options() == Options(
        finalize=False,
        send_by_email=None,
        send_to_pa=False,
        categories=None,
        mark_as_paid=False,
        appendices=(),
        matched_transactions=(),
    )


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("send_by_email: true", Options(finalize=True, send_by_email=EmailOption())),
        ("send_by_email: false", Options(finalize=True)),
        (
            "send_by_email: {recipients: [a@example.com, b@example.com]}",
            Options(finalize=True, send_by_email=EmailOption(("a@example.com", "b@example.com"))),
        ),
        ("send_to_pa: true", Options(finalize=True, send_to_pa=True)),
        ("mark_as_paid: true", Options(finalize=True, mark_as_paid=True)),
        ("categories: []", Options(finalize=True, categories=())),
    ],
)
def test_wishes_are_read(tmp_path: Path, stated: str, expected: Options) -> None:
    assert wishes(tmp_path, stated) == expected


def test_categories_are_named_by_label_by_code_or_by_id(tmp_path: Path) -> None:
    stated = (
        'categories: [{group: Sites, label: Paris, weight: "0.25"},'
        ' {group: Sites, analytical_code: LYO, weight: "0.7500000"}, {id: 7, weight: "1"}]'
    )
    assert wishes(tmp_path, stated).categories == (
        CategoryWeight(Key("category", "label", "Paris", NOWHERE, (("group", "Sites"),)), "0.25"),
        CategoryWeight(Key("category", "analytical_code", "LYO", NOWHERE, (("group", "Sites"),)), "0.75"),
        CategoryWeight(Key("category", "id", 7, NOWHERE), "1.00"),
    )


def test_transactions_are_named_by_day_and_more_or_by_id(tmp_path: Path) -> None:
    stated = 'matched_transactions: [{id: 5}, {date: 2026-02-14, label: VIR ACME, currency_amount: "240"}]'
    by_id, by_day = wishes(tmp_path, stated).matched_transactions
    assert by_id == Key("transaction", "id", 5, NOWHERE)
    assert by_day.to_json() == {
        "lookup": {
            "kind": "transaction",
            "date": "2026-02-14",
            "label": "VIR ACME",
            "currency_amount": "240.00",
        }
    }


def test_appendices_carry_what_they_were_when_they_were_checked(tmp_path: Path) -> None:
    found = wishes(tmp_path, "appendices: [files/a.pdf, ./files/../files/b.pdf]").appendices
    digest = hashlib.sha256(PDF).hexdigest()
    assert found == (
        Attachment("files/a.pdf", digest, len(PDF), "application/pdf"),
        Attachment("files/b.pdf", digest, len(PDF), "application/pdf"),
    )


def test_files_that_are_sent_count_as_inputs(tmp_path: Path) -> None:
    one(tmp_path, IMPORTED, old=PDF)
    repository, _ = load([tmp_path])
    assert repository.files["files/old.pdf"] == hashlib.sha256(PDF).hexdigest()


def test_what_a_draft_may_not_carry_is_kept_apart(tmp_path: Path) -> None:
    period = "{start_date: 2026-01-01, end_date: 2026-12-31}"
    more = f"  - {{product: DAY, quantity: 1, imputation_dates: {period}}}\n"
    reference = "{banking_provider: bank, provider_field_name: label, provider_field_value: INV-1}"
    text = f"{YAML_TEXT}{more}transaction_reference: {reference}\noptions: {{finalize: true}}\n"
    invoice = one(tmp_path, text)
    assert after_finalize(invoice.body) == {
        "transaction_reference": {
            "banking_provider": "bank",
            "provider_field_name": "label",
            "provider_field_value": "INV-1",
        },
        "imputation_dates": {1: {"start_date": "2026-01-01", "end_date": "2026-12-31"}},
    }
    body: Any = first_request(invoice.body)
    assert "transaction_reference" not in body
    assert all("imputation_dates" not in line for line in body["invoice_lines"])


def test_a_credit_note_names_its_invoice(tmp_path: Path) -> None:
    text = YAML_TEXT.replace("quantity: 2", "quantity: -2") + "credit_note_of: INV-0\n"
    invoice = one(tmp_path, text)
    assert (invoice.kind, invoice.operation) == ("credit_note", "postCustomerInvoices")
    assert invoice.credit_note_of == Key("customer_invoice", "external_reference", "INV-0", NOWHERE)
    assert "credit_note_of" not in to_json(invoice.body)
    by_id = one(tmp_path, text.replace("of: INV-0", "of: {id: 9}"))
    assert by_id.credit_note_of == Key("customer_invoice", "id", 9, NOWHERE)


def test_an_import_says_its_own_amounts(tmp_path: Path) -> None:
    invoice = one(tmp_path, IMPORTED, old=PDF)
    assert (invoice.kind, invoice.operation) == ("imported_invoice", "importCustomerInvoices")
    assert invoice.file == Attachment(
        "files/old.pdf", hashlib.sha256(PDF).hexdigest(), len(PDF), "application/pdf"
    )
    assert after_finalize(invoice.body) == {}
    body: Any = first_request(invoice.body)
    assert body["transaction_reference"]["provider_field_value"] == "OLD"
    assert body["invoice_lines"][0]["imputation_dates"]["end_date"] == "2019-01-31"
    found = totals(invoice.body, rounding="line", product=lambda _: None)
    assert (found.before_tax, found.tax, found.amount) == (Decimal(200), Decimal(40), Decimal(240))
    assert json_data(found.record())["vat"] == [
        {"vat_rate": "FR_200", "percent": "20", "base": "200.00", "tax": "40.00"}
    ]


def test_the_amounts_of_an_import_are_not_computed_anew(tmp_path: Path) -> None:
    text = IMPORTED.replace('"200"', '"200.01"').replace(
        'currency_amount: "240"\ntr', 'currency_amount: "240.01"\ntr'
    )
    found = totals(one(tmp_path, text, old=PDF).body, rounding="line", product=lambda _: None)
    assert (found.before_tax, found.amount) == (Decimal("200.01"), Decimal("240.01"))


def test_the_request_of_an_import_is_no_draft_and_has_a_place_for_its_file(tmp_path: Path) -> None:
    body = request_body(one(tmp_path, IMPORTED, old=PDF), lambda _: 1)
    assert "draft" not in body
    assert body["file_attachment_id"]["upload"]["path"] == "files/old.pdf"


@pytest.mark.parametrize(
    "change",
    [
        ("options: {finalize: true}", "options: {finalize: true, send_to_pa: true}"),
        ("options: {finalize: true}", "options: {finalize: true, categories: []}"),
        ("options: {finalize: true}", "options: {finalize: true, appendices: [files/a.pdf]}"),
        ("options: {finalize: true}", 'options: {finalize: true}\nexpect: {currency_tax: "40.00"}'),
        ("quantity: 2", "quantity: 2\n    imputation_dates: {start_date: 2026-01-01, end_date: 2026-01-31}"),
    ],
)
def test_each_wish_is_in_the_digest(tmp_path: Path, change: tuple[str, str]) -> None:
    text = f"{YAML_TEXT}options: {{finalize: true}}\n"
    plain, changed = one(tmp_path / "a", text, a=PDF), one(tmp_path / "b", text.replace(*change), a=PDF)
    assert plain.digest != changed.digest


def test_the_digest_changes_with_the_content_of_a_file(tmp_path: Path) -> None:
    digests = {one(tmp_path / name, IMPORTED, old=PDF + name.encode()).digest for name in ("a", "b")}
    assert len(digests) == 2


SETTINGS = """\
version: 1
environment: sandbox
reference_prefix: CLUB-
policies: {max_amount: "100.00", max_total: "1000", max_invoices: 5, vat_rates: [FR_200], company_id: 7}
environments:
  production: {policies: {max_amount: {EUR: "200", USD: "300"}, never_finalize: true}}
"""


def test_policies_are_those_of_the_environment(tmp_path: Path) -> None:
    repository, _ = load([write(tmp_path, pennyform=SETTINGS)])
    here = repository.settings.policies
    assert (here.max_amount, here.never_finalize) == ({"EUR": Decimal(100)}, False)
    assert here.max_total == {"EUR": Decimal(1000)}
    there = repository.settings._replace(environment="production").policies
    assert there.max_amount == {"EUR": Decimal(200), "USD": Decimal(300)}
    assert there.never_finalize
    for policies in (here, there):
        assert (policies.max_invoices, policies.vat_rates, policies.company_id) == (5, ("FR_200",), 7)


def test_every_reference_gets_the_prefix_once(tmp_path: Path) -> None:
    text = YAML_TEXT.replace("quantity: 2", "quantity: -2") + "credit_note_of: {}\n"
    settings = "version: 1\nenvironment: sandbox\nreference_prefix: CLUB-\n"
    write(tmp_path, pennyform=settings, a=text.format("INV-0"))
    write(tmp_path, b=text.format("CLUB-INV-0").replace("INV-1", "CLUB-INV-2"))
    repository, findings = load([tmp_path])
    assert findings == []
    assert repository.settings.reference_prefix == "CLUB-"
    stated: list[Any] = [
        (invoice.external_reference, invoice.body.external_reference, invoice.credit_note_of)
        for invoice in repository.invoices
    ]
    credited = Key("customer_invoice", "external_reference", "CLUB-INV-0", NOWHERE)
    assert stated == [
        ("CLUB-INV-1", "CLUB-INV-1", credited),
        ("CLUB-INV-2", "CLUB-INV-2", credited),
    ]


def test_policies_are_those_of_the_environment_that_is_meant(tmp_path: Path) -> None:
    write(tmp_path, pennyform=SETTINGS, a=YAML_TEXT)
    assert [finding.rule for finding in load([tmp_path])[1]] == ["policy-max-amount"]
    repository, findings = load([tmp_path], environment="production")
    assert [finding.rule for finding in findings] == ["policy-max-amount"]
    assert "at most 200" in findings[0].summary
    assert repository.settings.environment == "production"
