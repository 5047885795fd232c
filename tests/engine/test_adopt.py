"""Definitions of what is there already: a plan of them has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.cli import main
from pennyform.invoices import load
from pennyform.invoices.model import UNSET
from pennyform.invoices.yaml.writer import definition_text

from tests.sandbox.test_e_invoices import UBL

from .test_imports import scanned
from .world import API, PRODUCT, Office, invoice, line, raw, statuses

PRIVATE = """\
external_reference: JANE
customer_type: individual
first_name: Jane
last_name: "O'Neil: x"
billing_address:
  address: 2 rue Haute
  postal_code: "69001"
  city: Lyon
  country_alpha2: FR
"""
SECTIONS = "invoice_line_sections:\n  - rank: 1\n    title: One\n  - rank: 2\n    title: Two\n"


@pytest.fixture
def account(office: Office) -> Office:
    """Invoices of every kind in the account, and an empty folder."""
    office.write("products/day.yaml", PRODUCT)
    office.write("customers/jane.yaml", PRIVATE)
    product = "  - product: DAY\n    quantity: 1.5\n    discount:\n      type: relative\n      value: '5'\n"
    office.define("INV-1", lines=line("50 per cent off, é") + product)
    office.define("INV-2", finalize=True, more="currency: USD\nspecial_mention: 'no: yes'\n")
    office.define("INV-3", more=SECTIONS, lines=line(more="    section_rank: 2\n") * 2)
    categories = '  categories:\n    - label: North\n      weight: "1"\n'
    office.define("INV-4", finalize=True, options=categories, lines=line(quantity="3"))
    office.define("CN-1", finalize=True, lines=line(quantity="-3"), more="credit_note_of: INV-4\n")
    dates = "    imputation_dates:\n      start_date: 2025-10-01\n      end_date: 2025-12-31\n"
    office.define("INV-5", finalize=True, lines=line(more=dates) * 25)
    definition = office.root / "invoices" / "INV-5.yaml"
    definition.write_text(definition.read_text().replace("customer: ACME", "customer: JANE"))
    assert {str(result.status) for result in office.apply().results} == {"done"}
    for folder in ("invoices", "customers", "products"):
        for file in (office.root / folder).iterdir():
            file.unlink()
    office.close()
    return office


def run(account: Office, *words: str) -> int:
    return main([words[0], str(account.root), *words[1:], "--sandbox"])


def test_a_plan_right_after_is_empty(account: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, "adopt", "--from", "2025-10-01", "--to", "2025-10-31") == 0
    written = {path.relative_to(account.root).as_posix() for path in account.root.rglob("*/*.yaml")}
    assert written == {
        "customers/ACME.yaml",
        "customers/JANE.yaml",
        "products/DAY.yaml",
        *(f"invoices/{name}.yaml" for name in ("CN-1", "INV-1", "INV-2", "INV-3", "INV-4", "INV-5")),
    }
    capsys.readouterr()
    assert run(account, "plan", "--detailed-exitcode") == 0
    shown = capsys.readouterr()
    assert "No changes." in shown.out
    assert "warning" not in shown.out + shown.err
    assert run(account, "verify") == 0


def test_by_reference_and_never_over_a_file(account: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, "adopt", "--reference", "INV-1") == 0
    assert [path.name for path in (account.root / "invoices").iterdir()] == ["INV-1.yaml"]
    assert run(account, "adopt", "--reference", "INV-1") == 0
    assert "Adopted: nothing. The account has no more" in capsys.readouterr().out
    account.write("invoices/INV-2.yaml", "external_reference: MINE\n")
    (account.root / "invoices" / "INV-2.yaml").rename(account.root / "invoices" / "x.txt")
    (account.root / "invoices" / "INV-2.yaml").mkdir()
    assert run(account, "adopt", "--reference", "INV-2") == 1
    assert "adopt-exists" in capsys.readouterr().err
    assert not (account.root / "invoices" / "INV-2.yaml").is_file()


@pytest.mark.parametrize(("first", "names"), [("2025-09-01", 6), ("2025-10-02", 0)])
def test_without_a_last_day_all_later_invoices_are_meant(account: Office, first: str, names: int) -> None:
    run(account, "adopt", "--from", first)
    written = list((account.root / "invoices").glob("*.yaml"))
    assert len(written) == names


def test_what_is_not_there_is_an_error(account: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, "adopt", "--reference", "NOPE", "--reference", "INV-1") == 4
    shown = capsys.readouterr()
    assert "wrote invoices/INV-1.yaml" in shown.out
    assert "error adopt-missing: no invoice of the account has the external_reference `NOPE`" in shown.err
    for words in (["--customers"], ["--products"], ["--customers", "--products"]):
        assert run(account, "adopt", *words, "--reference", "NOPE") == 4
        assert "has the external_reference `NOPE`" in capsys.readouterr().err


def test_a_prefix_is_no_obstacle(account: Office, capsys: pytest.CaptureFixture[str]) -> None:
    account.write(
        "pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\nreference_prefix: INV-\n"
    )
    assert run(account, "adopt", "--reference", "1", "--reference", "CN-1", "--reference", "NOPE") == 4
    assert "`NOPE` or `INV-NOPE`" in capsys.readouterr().err
    assert "without_prefix" not in (account.root / "invoices" / "INV-1.yaml").read_text()
    assert "without_prefix: true" in (account.root / "invoices" / "CN-1.yaml").read_text()
    assert run(account, "plan", "--detailed-exitcode") == 0
    assert "No changes." in capsys.readouterr().out
    # The other way round: a credit note with the prefix for an invoice that does not have it.
    account.write(
        "pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\nreference_prefix: CN-\n"
    )
    for file in (account.root / "invoices").iterdir():
        file.unlink()
    assert run(account, "adopt", "--from", "2025-10-01", "--to", "2025-10-31") == 0
    capsys.readouterr()
    assert run(account, "plan", "--detailed-exitcode") == 0
    assert "No changes." in capsys.readouterr().out


COMPANY = """\
external_reference: FULL
customer_type: company
name: "Full: card, é"
reg_no: "552100554"
vat_number: FR96552100554
billing_address: {address: "1 rue\\nBâtiment {A}", postal_code: "75001", city: Paris, country_alpha2: FR}
delivery_address: {address: 2 rue, postal_code: "69001", city: Lyon, country_alpha2: FR}
phone: "+33 1 00 00 00 00"
emails: [a@example.com, b@example.com]
recipient: Accounts
reference: "0042"
notes: "no: {{ '{{ notes }}' }}"
payment_conditions: 45_days_end_of_month
billing_iban: FR1420041010050500013M02606
billing_language: en_GB
"""
BOOK = """\
external_reference: BOOK
label: "Book, {{ '{' }}1st{{ '}' }}"
price_before_tax: "24.505001"
unit: piece
vat_rate: FR_55
currency: USD
description: "two\\nlines "
reference: "0007"
substance: goods
"""


def test_customers_and_products_come_back_in_every_field(
    account: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    account.write("customers/full.yaml", COMPANY.replace("{A}", "{{ '{A}' }}"))
    account.write("products/book.yaml", BOOK)
    account.write(
        "invoices/x.yaml", invoice("X", lines="  - {product: BOOK, quantity: 1}\n", more="currency: USD\n")
    )
    file = account.root / "invoices" / "x.yaml"
    file.write_text(file.read_text().replace("customer: ACME", "customer: FULL"))
    assert run(account, "apply", "--auto-approve") == 0
    written, _ = load([account.root])
    for folder in ("invoices", "customers", "products"):
        for path in (account.root / folder).iterdir():
            path.unlink()
    assert run(account, "adopt", "--customers", "--products") == 0
    adopted, findings = load([account.root])
    assert findings == []
    assert sorted(adopted.customers) == ["ACME", "FULL", "JANE"]
    assert adopted.customers["FULL"].body == written.customers["FULL"].body
    assert adopted.products["BOOK"].body._replace(ledger_account_id=UNSET) == written.products["BOOK"].body
    capsys.readouterr()
    assert run(account, "plan", "--detailed-exitcode") == 0
    assert "No changes." in capsys.readouterr().out
    assert run(account, "adopt", "--customers", "--products") == 0
    assert "Adopted: nothing. The account has no more" in capsys.readouterr().out


def test_cards_that_cannot_be_declared_are_named(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    body = {
        "name": "A",
        "billing_address": {"address": "1", "postal_code": "75001", "city": "Paris", "country_alpha2": "FR"},
    }
    with raw(office.sandbox) as caller:
        for reference, more in {
            "HIDDEN": {"notes": "soft\u00adhyphen"},
            "BAD": {"reg_no": "123"},
            "a/b": {},
            "A_b": {},
            "GOOD": {},
        }.items():
            content = {**body, "external_reference": reference, **more}
            caller.post(f"{API}/company_customers", json=content).raise_for_status()
    (office.root / "customers" / "acme.yaml").unlink()
    office.close()
    assert run(office, "adopt", "--customers") == 4
    shown = capsys.readouterr()
    assert "customers/HIDDEN.yaml was not kept: notes: " in shown.err
    assert "customers/BAD.yaml was not kept: reg_no: `123` is neither a SIREN nor a SIRET" in shown.err
    kept = sorted(path.name for path in (office.root / "customers").iterdir())
    assert kept == ["A_b-2.yaml", "GOOD.yaml", "a_b.yaml"]
    assert run(office, "plan", "--detailed-exitcode") == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 1, "adopt-nothing"),
        (["--to", "2025-10-01"], 1, "--to is named without --from"),
        (["--from", "2025-10-02", "--to", "2025-10-01"], 1, "adopt-dates"),
        (["--customers", "--from", "2025-10-02"], 1, "adopt-dates"),
        (["--from", "october"], 64, "'october' is not a day"),
    ],
)
def test_something_must_be_named(
    account: Office, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(account, "adopt", *words) == code
    assert said in capsys.readouterr().err


def exit_of(account: Office, *words: str) -> int | str | None:
    try:
        return run(account, *words)
    except SystemExit as end:
        return end.code


def test_what_no_definition_says_truly_is_not_kept(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """An import whose tax is a cent off, and a customer without an address, which a definition must have."""
    scanned(office)
    definition = office.root / "invoices" / "OLD-1.yaml"
    text = definition.read_text().replace('"240.00"', '"240.01"').replace('"40.00"', '"40.01"')
    definition.write_text(text)
    assert statuses(office.apply())["OLD-1"] == "done"
    with raw(office.sandbox) as caller:
        upload = {"file": ("u.xml", UBL, "application/xml")}
        caller.post(f"{API}/customer_invoices/e_invoices/imports", files=upload).raise_for_status()
    for folder in ("invoices", "customers"):
        for file in (office.root / folder).iterdir():
            file.unlink()
    office.close()
    assert run(office, "adopt", "--from", "2019-01-01", "--to", "2025-12-31") == 4
    shown = capsys.readouterr()
    assert "invoices/OLD-1.yaml was not kept" in shown.err
    assert "currency_tax: is 40.01, asked for 40.00" in shown.err
    assert "was not kept: `billing_address` has no" in shown.err
    kept = {path.relative_to(office.root).parts[0] for path in office.root.rglob("*/*.yaml")}
    assert kept == {"customers", "invoices"}
    assert run(office, "plan", "--detailed-exitcode") == 0


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.one_of(st.text(), st.integers(), st.booleans()),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "of_it", "z"]), inner)
        ),
        max_leaves=8,
    )
)
def test_what_is_written_is_what_was_meant(value: object) -> None:
    import yaml

    text = definition_text({"value": value}, schema="x")
    assert yaml.load(text, Loader=yaml.BaseLoader)["value"] == as_text(value)


def as_text(value: object) -> object:
    """``value`` as a loader gives it that takes every scalar for text."""
    if isinstance(value, dict):
        return {name: as_text(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_text(member) for member in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_paths_stay_within_their_folder(tmp_path: Path) -> None:
    from pennyform.engine.adopt import _path

    assert _path("invoices", "../../etc/passwd") == "invoices/_.._etc_passwd.yaml"
    assert _path("invoices", "...") == "invoices/unnamed.yaml"
