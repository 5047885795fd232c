"""Planted faults: each is found by the rule that names it, and reported at the line that causes it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main
from pennyform.cli.commands.account import apply
from pennyform.documents import checking, cii, ubl
from pennyform.documents.build import Result, build
from pennyform.documents.checking import check_result
from pennyform.documents.model import Document, Note, Tax
from pennyform.documents.rule_sets import check, rule_sets, rule_sets_of_file
from pennyform.documents.violations import findings
from pennyform.extras import missing_packages
from pennyform.findings import Finding, Severity

from .invoices import FILES, results, write

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

Fault = Callable[[Document], Document]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """An invoice without a fault."""
    return results(write(tmp_path_factory.mktemp("valid"), FILES))["INV-1"]


def shown(found: Finding) -> str:
    """The line that a finding points at."""
    return Path(found.file).read_text(encoding="utf-8").splitlines()[found.line - 1].strip()


def rules(found: list[Finding]) -> dict[str, str]:
    """The line that each rule is reported at, rules of electronic invoices by their ids."""
    return {
        one.summary.rpartition(": ")[2] if one.rule == "e-invoice-rule" else one.rule: shown(one)
        for one in found
    }


def test_nothing_is_found_in_what_is_valid(valid: Result) -> None:
    assert list(check_result(valid)) == []


def seller(**values: str) -> Fault:
    return lambda document: replace(document, seller=replace(document.seller, **values))


def buyer(**values: str) -> Fault:
    return lambda document: replace(document, buyer=replace(document.buyer, **values))


def header(**values: object) -> Fault:
    return lambda document: replace(document, **values)  # type: ignore[arg-type]


def line(number: int, **values: object) -> Fault:
    def change(document: Document) -> Document:
        changed = replace(document.lines[number], **values)  # type: ignore[arg-type]
        lines = (*document.lines[:number], changed, *document.lines[number + 1 :])
        return replace(document, lines=lines)

    return change


def taxed(number: int, tax: Tax) -> Fault:
    """The line, and what is summed up of it, at another VAT."""

    def change(document: Document) -> Document:
        totals = replace(document.taxes[number], tax=tax)
        taxes = (*document.taxes[:number], totals, *document.taxes[number + 1 :])
        return replace(line(number, tax=tax)(document), taxes=taxes)

    return change


def total(number: int, **values: Decimal) -> Fault:
    def change(document: Document) -> Document:
        changed = replace(document.taxes[number], **values)
        taxes = (*document.taxes[:number], changed, *document.taxes[number + 1 :])
        return replace(document, taxes=taxes)

    return change


def notes(keep: Callable[[Note], bool], *more: Note) -> Fault:
    return lambda document: replace(document, notes=(*filter(keep, document.notes), *more))


def reverse_charge(document: Document) -> Document:
    changed = taxed(1, Tax("AE", Decimal(0), "VATEX-EU-AE", "x"))(document)
    return buyer(vat_number="", legal_id="")(changed)


def credit_note(document: Document) -> Document:
    return replace(document, kind="credit_note", type_code="381")


NOWHERE = {"address": "", "postal_code": "", "city": "", "country": ""}
EVERYTHING: Callable[[Note], bool] = lambda _: True  # noqa: E731 - a default for the table
DAY = dt.date(1999, 3, 1)
SELLER, BUYER, INVOICE = "seller:", "external_reference: BUYER", "external_reference: INV-1"
FIRST, SECOND = "- label: Consulting", "- label: Handbook"
VAT_1, VAT_2 = "vat_rate: FR_200", "vat_rate: FR_55"
PRICE_1 = 'raw_currency_unit_price: "100.00"'

# A fault, the rule that finds it, and the line that is to blame.
FAULTS: list[tuple[Fault, str, str]] = [
    (header(number="N" * 36), "BR-FR-01/BT-1-1", INVOICE),
    (header(number="INV 1"), "BR-FR-01/BT-1-2", INVOICE),
    (header(number=""), "BR-02", INVOICE),
    (header(date=DAY), "BR-FR-03/BT-2", "date: 2026-03-01"),
    (header(due=DAY), "BR-FR-03/BT-9", "deadline: 2026-03-31"),
    (header(due=dt.date(2026, 2, 28)), "BR-FR-CO-07/BT-9", "deadline: 2026-03-31"),
    (header(type_code="999"), "BR-FR-04/BT-3", INVOICE),
    (header(frame="X9"), "BR-FR-08/BT-23", INVOICE),
    (header(currency="ZZZ"), "BR-CL-04", "currency: EUR"),
    (header(currency="USD"), "BR-FR-CO-12/BT-5", "currency: EUR"),
    (credit_note, "BR-FR-CO-05/BT-3", INVOICE),
    (
        notes(lambda note: note.subject != "PMT"),
        "BR-FR-05/BT-22-1",
        'mentions: {recovery: "Indemnité : 40 €"}',
    ),
    (
        notes(lambda note: note.subject != "PMD"),
        "BR-FR-05/BT-22-2",
        'mentions: {recovery: "Indemnité : 40 €"}',
    ),
    (
        notes(lambda note: note.subject != "AAB"),
        "BR-FR-05/BT-22-3",
        'mentions: {recovery: "Indemnité : 40 €"}',
    ),
    (notes(EVERYTHING, Note("PMT", "x")), "BR-FR-06/BT-21-1", 'mentions: {recovery: "Indemnité : 40 €"}'),
    (notes(lambda note: note.subject != "BAR", Note("BAR", "x")), "BR-FR-20/BT-21", INVOICE),
    (seller(name=""), "BR-06", "name: Example Services SAS"),
    (seller(**NOWHERE), "BR-08", "address: 10 rue du Modèle"),
    (seller(country=""), "BR-09", "address: 10 rue du Modèle"),
    (seller(country="XX"), "BR-CL-14", SELLER),
    (seller(endpoint=""), "BR-FR-13/BT-34", "electronic_address: 0225:732829320"),
    (seller(endpoint="7328@x"), "BR-FR-23/BT-34", "electronic_address: 0225:732829320"),
    (seller(endpoint="7" * 126), "BR-FR-25/BT-34", "electronic_address: 0225:732829320"),
    (seller(endpoint_scheme=""), "BR-62", "electronic_address: 0225:732829320"),
    (seller(endpoint_scheme="ZZZZ"), "BR-CL-25", "electronic_address: 0225:732829320"),
    (seller(legal_id=""), "BR-FR-10/BT-30", 'siren: "732829320"'),
    (seller(legal_id="73282932"), "BR-FR-32-LEGALID", 'siren: "732829320"'),
    (seller(legal_id="", vat_number=""), "BR-CO-26", 'siren: "732829320"'),
    (seller(vat_number="44732829320"), "BR-CO-09", "vat_number: FR44732829320"),
    (seller(siret="11111111100011"), "BR-FR-09/BT-29", SELLER),
    (buyer(name=""), "BR-07", "name: Example Trading SARL"),
    (buyer(**NOWHERE), "BR-10", "billing_address:"),
    (buyer(country=""), "BR-11", "billing_address:"),
    (buyer(country="XX"), "BR-CL-14", "country_alpha2: FR"),
    (buyer(endpoint=""), "BR-FR-12/BT-49", 'reg_no: "552100554"'),
    (buyer(endpoint="111111111"), "BR-FR-21/BT-49", 'reg_no: "552100554"'),
    (buyer(endpoint_scheme=""), "BR-63", 'reg_no: "552100554"'),
    (buyer(legal_id=""), "BR-FR-11/BT-47", 'reg_no: "552100554"'),
    (buyer(siret="11111111100011"), "BR-FR-09/BT-46", 'reg_no: "552100554"'),
    (buyer(vat_number="96552100554"), "BR-CO-09", "vat_number: FR96552100554"),
    (header(lines=()), "BR-16", "invoice_lines:"),
    (line(1, name=""), "BR-25", SECOND),
    (line(0, unit_code=""), "BR-23", "unit: hour"),
    (line(1, unit_code="QQQ"), "BR-CL-23", "unit: piece"),
    (line(1, quantity=Decimal("3.00001")), "BR-FR-DEC-02/BT-129", "quantity: 3"),
    (line(0, price=Decimal("-100.00")), "BR-27", PRICE_1),
    (line(0, price=Decimal("100.0000001")), "BR-FR-DEC-03/BT-146", PRICE_1),
    (line(0, net=Decimal("200.001")), "BR-DEC-23", PRICE_1),
    (line(0, net=Decimal("300.00")), "BR-CO-10", INVOICE),
    (line(0, start=dt.date(2026, 2, 2), end=dt.date(2026, 2, 1)), "BR-30", FIRST),
    (line(0, start=DAY), "BR-FR-03/BT-134", FIRST),
    (taxed(1, Tax("S", Decimal(0))), "BR-S-05", VAT_2),
    (taxed(0, Tax("S", Decimal(21))), "BR-FR-16/BT-119", VAT_1),
    (taxed(1, Tax("L", Decimal(7))), "BR-FR-15/BT-118-1", VAT_2),
    (taxed(1, Tax("E", Decimal(0))), "BR-E-10", INVOICE),
    (taxed(1, Tax("E", Decimal(0), "VATEX-X")), "BR-CL-22", VAT_2),
    (taxed(0, Tax("S", Decimal(20), "VATEX-EU-G", "x")), "BR-S-10", VAT_1),
    (taxed(1, Tax("O", Decimal(0), "VATEX-EU-O", "x")), "BR-O-11", VAT_2),
    (taxed(1, Tax("K", Decimal(0), "VATEX-EU-IC", "x")), "BR-IC-12", BUYER),
    (reverse_charge, "BR-AE-02", "vat_number: FR96552100554"),
    (total(0, base=Decimal("201.00")), "BR-S-08", VAT_1),
    (total(0, amount=Decimal("48.00")), "BR-S-09", VAT_1),
    (header(before_tax=Decimal("1.00")), "BR-CO-13", INVOICE),
    (header(tax=Decimal("1.00")), "BR-CO-14", INVOICE),
    (header(amount=Decimal("1.00")), "BR-CO-15", INVOICE),
]


@pytest.mark.parametrize(
    ("fault", "rule", "blamed"), FAULTS, ids=[f"{n}-{f[1]}" for n, f in enumerate(FAULTS)]
)
def test_a_fault_is_found_where_it_comes_from(fault: Fault, rule: str, blamed: str, valid: Result) -> None:
    assert valid.document
    faulty = fault(valid.document)
    violations = check(ubl.write(faulty), "ubl", rule_sets(is_french=True))
    found = findings(violations, faulty, valid.places)
    assert rules(found).get(rule) == blamed, {one.summary: shown(one) for one in found}
    assert all(one.fix for one in found if rule in one.summary)


def test_there_are_many_kinds() -> None:
    assert len({rule for _, rule, _ in FAULTS}) >= 40


# What definitions can have wrong: the file, what it says, what it says instead, the rule, and the line.
CARD, FIRST_FILE, SETTINGS = "customers/buyer.yaml", "invoices/first.yaml", "pennyform.yaml"
WRONG = [
    (CARD, 'reg_no: "552100554"\nemails: [accounts@example.com]\n', "", "e-invoice-ok", ""),
    (CARD, 'vat_number: FR96552100554\nreg_no: "552100554"\n', "", "BR-FR-11/BT-47", BUYER),
    (
        CARD,
        'vat_number: FR96552100554\nreg_no: "552100554"\nemails: [accounts@example.com]\n',
        "",
        "BR-FR-12/BT-49",
        BUYER,
    ),
    (FIRST_FILE, "unit: hour", "unit: gizmo", "unit-unmapped", "unit: gizmo"),
    (FIRST_FILE, "vat_rate: FR_55", "vat_rate: exempt", "vat-unmapped", "vat_rate: exempt"),
    (FIRST_FILE, "vat_rate: FR_55", "vat_rate: DE_190", "BR-FR-16/BT-119", "vat_rate: DE_190"),
    (FIRST_FILE, "vat_rate: FR_55", "vat_rate: extracom", "BR-O-12", "vat_rate: extracom"),
    (FIRST_FILE, "quantity: 3", "quantity: 3.00001", "BR-FR-DEC-02/BT-129", "quantity: 3.00001"),
    (FIRST_FILE, "currency: EUR", "currency: USD", "BR-FR-CO-12/BT-5", "currency: USD"),
    (SETTINGS, "  notes:", "  units: {hour: QQQ}\n  notes:", "BR-CL-23", "unit: hour"),
    (SETTINGS, "0225:732829320", "ZZZZ:732829320", "BR-CL-25", "electronic_address: ZZZZ:732829320"),
    (SETTINGS, '  siren: "732829320"\n', "", "BR-FR-10/BT-30", SELLER),
    (SETTINGS, FILES[SETTINGS].partition("seller:\n")[2], "  name: x\n", "BR-FR-13/BT-34", SELLER),
]


@pytest.mark.parametrize(("name", "old", "new", "rule", "blamed"), WRONG, ids=[w[3] for w in WRONG])
def test_a_wrong_definition_is_found(
    name: str, old: str, new: str, rule: str, blamed: str, tmp_path: Path
) -> None:
    assert old in FILES[name]
    folder = write(tmp_path, {**FILES, name: FILES[name].replace(old, new)})
    found = [one for result in results(folder).values() for one in check_result(result)]
    if rule == "e-invoice-ok":
        # The SIREN is also in the VAT number.
        assert found == []
    else:
        assert rules(found).get(rule) == blamed, {one.summary: shown(one) for one in found}


def test_what_only_the_account_knows_is_not_checked(tmp_path: Path) -> None:
    text = FILES[FIRST_FILE].replace("customer: BUYER", "customer: {id: 42}")
    folder = write(tmp_path, {**FILES, FIRST_FILE: text})
    (found,) = (one for result in results(folder).values() for one in check_result(result))
    assert (found.rule, found.severity) == ("e-invoice-unchecked", Severity.WARNING)


def test_without_a_seller_there_is_no_document(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, SETTINGS: FILES[SETTINGS].partition("seller:")[0]})
    (found,) = (one for result in results(folder).values() for one in check_result(result))
    assert (found.rule, found.severity) == ("seller-missing", Severity.ERROR)


def test_validate_and_plan_report_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = FILES[CARD].replace('vat_number: FR96552100554\nreg_no: "552100554"\n', "")
    monkeypatch.chdir(write(tmp_path, {**FILES, CARD: card}))
    assert main(["validate"]) == 0
    assert main(["validate", "--e-invoice"]) == 4
    said = capsys.readouterr().out
    assert "customers/buyer.yaml:1:21: error e-invoice-rule: the customer is a company in France" in said
    assert main(["plan", "--sandbox"]) == 0
    settings = FILES[SETTINGS].replace(
        "{max_days_back: 36500}", "{max_days_back: 36500, e_invoice: required}"
    )
    write(tmp_path, {SETTINGS: settings})
    capsys.readouterr()
    assert main(["plan", "--sandbox"]) == 4
    assert "error e-invoice-rule" in capsys.readouterr().err
    write(tmp_path, FILES | {SETTINGS: settings})
    assert main(["plan", "--sandbox"]) == 0


SUBMITTED = FILES | {
    "invoices/first.yaml": FILES["invoices/first.yaml"] + "options: {finalize: true, send_to_pa: true}\n"
}
# Nothing identifies the seller.
UNKNOWN_SELLER = "".join(
    line
    for line in FILES[SETTINGS].splitlines(keepends=True)
    if "siren" not in line and "vat_number" not in line
)


@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"]])
def test_what_is_given_to_the_platform_is_checked(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, SUBMITTED | {SETTINGS: UNKNOWN_SELLER}))
    assert main(command) == 4
    assert (
        "pennyform.yaml:4:1: error e-invoice-rule: nothing identifies the seller" in capsys.readouterr().err
    )
    assert main(["verify"]) == 3
    assert "INV-1  is not in the account" in capsys.readouterr().out
    # Nothing is checked of what the customer gets on paper.
    write(tmp_path, FILES)
    write(tmp_path, {SETTINGS: UNKNOWN_SELLER})
    assert main(command) == 0


@pytest.mark.parametrize("text", [None, "external_reference: INV-1\n"])
def test_what_changes_between_planning_and_checking_is_not_sent(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, SUBMITTED | {SETTINGS: UNKNOWN_SELLER}))
    check, definition = apply.require_submittable, tmp_path / "invoices/first.yaml"

    def check_later(*arguments: Any) -> None:
        definition.write_text(text) if text else definition.unlink()
        check(*arguments)

    monkeypatch.setattr(apply, "require_submittable", check_later)
    assert main(["apply", "--auto-approve"]) == 1
    assert "plan-stale: definitions changed while they were checked" in capsys.readouterr().err
    write(tmp_path, SUBMITTED)
    assert main(["verify"]) == 3
    assert "INV-1  is not in the account" in capsys.readouterr().out


def test_a_deposit_is_checked_as_one_without_its_balance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(ROOT / "examples/deposits", tmp_path / "deposits"))
    deposit = Path("invoices/1-on-order.yaml")
    deposit.write_text(deposit.read_text().replace("finalize: true", "finalize: true, send_to_pa: true"))
    kinds = []

    def build_and_note(*arguments: Any) -> Result:
        result = build(*arguments)
        kinds.append(result.document and result.document.kind)
        return result

    monkeypatch.setattr(checking, "build", build_and_note)
    assert main(["plan", "--target", "DEP-2026-1"]) == 0
    assert kinds == ["deposit"]


def test_what_the_platform_has_is_not_checked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, SUBMITTED))
    assert main(["apply", "--auto-approve"]) == 0
    write(tmp_path, {SETTINGS: UNKNOWN_SELLER})
    assert main(["plan"]) == 0
    assert "No changes." in capsys.readouterr().out


def test_the_policies_may_say_that_nothing_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = UNKNOWN_SELLER.replace("36500}", "36500, e_invoice: optional}")
    monkeypatch.chdir(write(tmp_path, SUBMITTED | {SETTINGS: settings}))
    monkeypatch.setattr("pennyform.extras.find_spec", lambda name: None)
    assert main(["apply", "--auto-approve"]) == 0


def test_without_the_extra_nothing_is_given_to_the_platform(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, SUBMITTED))
    monkeypatch.setattr("pennyform.extras.find_spec", lambda name: None)
    assert main(["apply", "--auto-approve"]) == 1
    said = capsys.readouterr().err
    assert "missing-extra: checking INV-1 before it is given to the platform needs babel" in said
    assert "pip install 'pennyform[einvoice]', or say `policies: {e_invoice: optional}`" in said
    assert main(["verify"]) == 3


def test_a_line_that_was_not_written_is_blamed_on_its_origin(valid: Result) -> None:
    # The lines that take off a deposit follow those of the definition.
    assert (
        valid.places.find("line.9.vat_rate")[0].line
        == FILES[FIRST_FILE].splitlines().index("invoice_lines:") + 1
    )


IMPORT = """\
external_reference: OLD-1
file: ../files/old.xml
e_invoice: true
customer: BUYER
invoice_number: INV-1
date: 2026-03-01
deadline: 2026-03-31
currency: EUR
currency_amount_before_tax: "270.00"
currency_tax: "43.85"
currency_amount: "313.85"
invoice_lines:
  - label: Consulting
    quantity: 2
    unit: hour
    raw_currency_unit_price: "100.00"
    vat_rate: FR_200
    currency_amount: "240.00"
    currency_tax: "40.00"
  - label: Handbook
    quantity: 3
    unit: piece
    raw_currency_unit_price: "24.50"
    vat_rate: FR_55
    currency_amount: "73.85"
    currency_tax: "3.85"
"""


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_files_that_are_imported_are_checked_by_the_same_rules(
    syntax: str,
    valid: Result,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert valid.document
    write_document = {"ubl": ubl.write, "cii": cii.write}[syntax]
    faulty = replace(valid.document, buyer=replace(valid.document.buyer, endpoint=""))
    files = {name: text for name, text in FILES.items() if name != FIRST_FILE}
    monkeypatch.chdir(write(tmp_path, {**files, "invoices/old.yaml": IMPORT}))
    (tmp_path / "files").mkdir()
    for document, code in ((valid.document, 0), (faulty, 4)):
        (tmp_path / "files" / "old.xml").write_bytes(write_document(document))
        assert main(["validate", "--e-invoice"]) == code, capsys.readouterr().out
    said = capsys.readouterr().out
    assert (
        "invoices/old.yaml:2:7: error e-invoice-rule: in the file, the customer has no electronic address"
        in said
    )


@pytest.mark.parametrize(
    ("profile", "syntax", "names"),
    [
        ("", "ubl", ("EN 16931", "BR-FR", "EXTENDED-CTC-FR")),
        ("#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", "cii", ("EN 16931", "BR-FR", "EXTENDED-CTC-FR")),
        ("#conformant#urn:factur-x.eu:1p0:extended", "cii", ("Factur-X EXTENDED", "BR-FR")),
        ("#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr", "ubl", ("EXTENDED-CTC-FR", "BR-FR")),
    ],
)
def test_a_file_is_checked_by_the_rules_of_its_profile(
    profile: str, syntax: str, names: tuple[str, ...], valid: Result
) -> None:
    assert valid.document
    xml = {"ubl": ubl.write, "cii": cii.write}[syntax](valid.document)
    other = xml.replace(b":2017<", f":2017{profile}<".encode())
    assert rule_sets_of_file(other, syntax, is_french=True) == names
    # A text is no profile.
    named = xml.replace(b">Consulting<", f">urn:cen.eu:en16931:2017{profile}<".encode())
    assert rule_sets_of_file(named, syntax, is_french=True) == rule_sets(is_french=True)
