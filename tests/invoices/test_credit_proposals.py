"""What a finding about credit notes proposes is pasted, and takes back exactly what remains."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.findings import Finding
from pennyform.invoices import load
from pennyform.invoices.money.exact_tax import nearest_below, split
from pennyform.invoices.money.totals import rounded_tax, totals
from pennyform.invoices.repository.validate import validate

CENT = Decimal("0.01")
RATES = ["FR_200", "FR_100", "FR_55", "FR_21"]
_PROPOSED = re.compile(r"`invoice_lines: (\[.*?\])`")

Piece = tuple[int, Decimal, str]


def definition(reference: str, lines: str, *, of: str = "", day: int = 1) -> str:
    credit = f"credit_note_of: {of}\n" if of else ""
    header = f"external_reference: {reference}\n{credit}customer: A\ndate: 2026-03-{day:02}\n"
    return f"{header}deadline: 2026-04-30\ninvoice_lines: {lines}\n"


def line(quantity: int, price: Decimal, rate: str) -> str:
    amount = f'raw_currency_unit_price: "{price}", vat_rate: {rate}'
    return f"{{label: Work, quantity: {quantity}, unit: hour, {amount}}}"


def test_parts_are_written_the_same_whatever_was_asked_before() -> None:
    percent = Decimal(20)
    for base, tax in (("300.0", "60.00"), ("33.330", "6.66"), ("0.0", "0.01")):
        exact, short = Decimal(base).quantize(CENT), Decimal(base)
        split(short, Decimal(tax), percent, CENT)
        parts = split(exact, Decimal(tax), percent, CENT)
        assert parts is not None
        assert all(str(part) == str(part.quantize(CENT)) for part in parts), parts


def cents(findings: list[Finding]) -> Iterator[Finding]:
    """Findings about what is taken back; the last one first, as the earlier ones follow from it or stay."""
    return (one for one in findings if one.rule in {"credit-note-differs", "cents-left-open"})


def paste(folder: Path, finding: Finding, number: int) -> None:
    """Do what the finding proposes, to the letter."""
    proposed = _PROPOSED.findall(finding.fix)
    assert proposed, finding
    file = folder / finding.file
    header = file.read_text().partition("invoice_lines:")[0]
    file.write_text(f"{header}invoice_lines: {proposed[0]}\n")
    for more, lines in enumerate(proposed[1:]):
        text = definition(f"MORE-{number}-{more}", lines, of="INV", day=29)
        (folder / f"more-{number}-{more}.yaml").write_text(text)


def open_amount(folder: Path, rounding: str) -> Decimal:
    """What the credit notes leave of the invoice."""
    repository, _ = load([folder])
    return sum(
        (totals(one.body, rounding=rounding, product=lambda _: None).amount for one in repository.invoices),
        Decimal(0),
    )


prices = st.decimals("0.01", "500", places=2)
pieces = st.lists(st.tuples(st.integers(1, 4), prices, st.sampled_from(RATES)), min_size=1, max_size=4)


@pytest.mark.parametrize("rounding", ["line", "document"])
@given(pieces)
def test_what_is_proposed_leaves_nothing_open(rounding: str, pieces: list[Piece]) -> None:
    """Each unit is taken back by a credit note of its own, whatever cents that makes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pennyform.yaml").write_text(f"version: 1\nenvironment: sandbox\nrounding: {rounding}\n")
        lines = ", ".join(line(*piece) for piece in pieces)
        (folder / "inv.yaml").write_text(definition("INV", f"[{lines}]"))
        units = [(price, rate) for quantity, price, rate in pieces for _ in range(quantity)]
        for number, (price, rate) in enumerate(units, start=2):
            text = definition(f"CN-{number:02}", f"[{line(-1, price, rate)}]", of="INV", day=number)
            (folder / f"cn-{number:02}.yaml").write_text(text)
        for number in range(2 * len(units) + 10):
            finding = next(cents(validate([folder], processes=1).findings), None)
            if finding is None or "leave them open" in finding.fix:
                break
            paste(folder, finding, number)
        summary = validate([folder], processes=1)
        assert summary.is_valid, summary.findings
        # Where a document has one tax for each code, a cent of tax without a base is out of reach, and said.
        said = next(cents(summary.findings), None)
        assert said is None or (rounding == "document" and "leave them open" in said.fix)
        assert (open_amount(folder, rounding) == 0) == (said is None)


@given(
    st.decimals("-300", "300", places=2),
    st.integers(-2, 2),
    st.sampled_from([Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "8.5", "1.05")]),
)
def test_parts_come_to_the_base_and_the_tax(base: Decimal, cents_off: int, percent: Decimal) -> None:
    tax = rounded_tax(base, percent, CENT) + cents_off * CENT
    parts = split(base, tax, percent, CENT)
    assert parts is not None
    assert sum(parts, Decimal(0)) == base
    assert sum((rounded_tax(part, percent, CENT) for part in parts), Decimal(0)) == tax
    assert 0 not in parts


def test_without_a_rate_there_is_no_tax_to_split() -> None:
    assert split(Decimal("10.00"), Decimal("0.01"), Decimal(0), CENT) is None


def test_one_rounding_takes_the_most_that_fits() -> None:
    assert nearest_below(Decimal("68.33"), Decimal("13.66"), Decimal(20), CENT) == (
        Decimal("68.32"),
        Decimal("13.66"),
    )
    assert nearest_below(Decimal("0.00"), Decimal("0.01"), Decimal(20), CENT) is None
