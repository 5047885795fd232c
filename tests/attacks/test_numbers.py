"""Numbers beyond all bounds, wherever a definition may have one: a finding, never a defect."""

from __future__ import annotations

import resource
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from pennyform.cli import main

from .test_files import CUSTOMER, HEADER

NUMBERS = (
    *("222e2222222222222222222222222222", "1e99999999", "-1E+400", "1e-99999999", "1e999999999999999999"),
    *("NaN", "sNaN", "-Infinity", ".inf", "0x" + "f" * 500, "9" * 5_000, "0." + "3" * 5_000, "1_000:59:59"),
)


def _lines(quantity: str = "1", price: str = '"1.00"') -> str:
    line = f"label: x, quantity: {quantity}, unit: piece, raw_currency_unit_price: {price}, vat_rate: FR_200"
    return f"invoice_lines:\n  - {{{line}}}\n"


FIELDS = {
    "a quantity": _lines("NUMBER"),
    "a quoted quantity": _lines('"NUMBER"'),
    "a price": _lines("1", "NUMBER"),
    "a quoted price": _lines("1", '"NUMBER"'),
    "a discount": 'discount: {type: absolute, value: "NUMBER"}\n' + _lines(),
    "an expected total": 'expect: {currency_amount: "NUMBER"}\n' + _lines(),
    "an expression": _lines('"{{ NUMBER }}"', '"{{ NUMBER * 2 }}"'),
    "a filter": _lines("1", "\"{{ 'NUMBER' | number }}\""),
    "a parameter": "template: fee\nvalues: {days: NUMBER}\n",
    "a quoted parameter": 'template: fee\nvalues: {days: "NUMBER"}\n',
}
TEMPLATE = "kind: invoice-template\nparameters: {days: {type: number}}\ninvoice:\n" + textwrap.indent(
    _lines('"{{ days }}"', '"{{ days * 10 }}"'), "  "
)


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    """Gigabytes more than other tests have left are an error, not a wait."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (4 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize("field", FIELDS)
def test_a_number_beyond_all_bounds_is_a_finding(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    field: str,
    number: str,
) -> None:
    files = {
        "pennyform.yaml": "version: 1\nenvironment: sandbox\n",
        "customers/acme.yaml": CUSTOMER,
        "templates/fee.yaml": TEMPLATE,
        "a.yaml": f"external_reference: A\n{HEADER}{FIELDS[field].replace('NUMBER', number)}",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    # Jinja reads the numbers of an expression as floats: one this small is zero.
    assert main(["validate"]) == (0 if field == "an expression" and number == "1e-99999999" else 4)
    main(["fmt"])
    main(["render"])
    said = capsys.readouterr()
    assert "internal defect" not in said.err
    assert len(said.out + said.err) < 100_000
