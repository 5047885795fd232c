"""Definitions of what is there already: a plan of them has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.cli import main
from pennyform.invoices.yaml.writer import definition_text

from tests.sandbox.test_e_invoices import UBL

from .test_imports import scanned
from .world import API, PRODUCT, Office, line, raw, statuses

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
    assert "0 definitions" in capsys.readouterr().out
    account.write("invoices/INV-2.yaml", "external_reference: MINE\n")
    (account.root / "invoices" / "INV-2.yaml").rename(account.root / "invoices" / "x.txt")
    (account.root / "invoices" / "INV-2.yaml").mkdir()
    assert run(account, "adopt", "--reference", "INV-2") == 1
    assert "adopt-exists" in capsys.readouterr().err
    assert not (account.root / "invoices" / "INV-2.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 1, "adopt-nothing"),
        (["--to", "2025-10-01"], 1, "adopt-nothing"),
        (["--from", "2025-10-02", "--to", "2025-10-01"], 1, "adopt-dates"),
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
