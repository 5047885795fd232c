"""``credit: all`` and credit notes of lines take back what the invoice says, to the cent."""

from __future__ import annotations

import random
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.invoices import load
from pennyform.invoices.money.totals import Totals, totals
from pennyform.invoices.repository.validate import validate

RATES = ["FR_200", "FR_100", "FR_55", "FR_21", "exempt"]
NOTHING = Decimal(0)
CENT = Decimal("0.01")


def yaml_lines(lines: list[dict[str, Any]]) -> str:
    texts = []
    for line in lines:
        off = f', discount: {{type: {line["off"][0]}, value: "{line["off"][1]}"}}' if line["off"] else ""
        texts.append(
            f"  - {{label: Work, quantity: {line['quantity']}, unit: hour, "
            f'raw_currency_unit_price: "{line["price"]}", vat_rate: {line["rate"]}{off}}}\n'
        )
    return "".join(texts)


def write(folder: Path, reference: str, content: str, *, day: int = 1, of: str = "") -> None:
    credit = f"credit_note_of: {of}\n" if of else ""
    header = f"external_reference: {reference}\n{credit}customer: A\ndate: 2026-03-{day:02}\n"
    (folder / f"{reference.lower()}.yaml").write_text(f"{header}deadline: 2026-04-30\n{content}")


def computed(folder: Path, rounding: str) -> dict[str, Totals]:
    repository, findings = load([folder])
    assert not [one for one in findings if one.severity == "error"], findings
    return {
        one.external_reference: totals(one.body, rounding=rounding, product=repository.product)
        for one in repository.invoices
    }


def by_code(one: Totals) -> dict[str, tuple[Decimal, Decimal]]:
    return {vat.vat_rate: (vat.base, vat.tax) for vat in one.vat if vat.base or vat.tax}


quantities = st.sampled_from([Decimal(text) for text in ("1", "2", "3", "7", "0.25", "3.5", "7.333")])
prices = st.one_of(st.decimals("0.01", "900", places=2), st.decimals("0.000001", "50", places=6))
discounts = st.one_of(st.none(), st.tuples(st.just("relative"), st.sampled_from(["10", "12.5", "33.33"])))
line = st.fixed_dictionaries(
    {"quantity": quantities, "price": prices, "rate": st.sampled_from(RATES), "off": discounts}
)
invoices = st.tuples(
    st.lists(line, min_size=1, max_size=5),
    st.booleans(),
    st.one_of(st.none(), st.tuples(st.just("relative"), st.sampled_from(["5", "7.77"]))),
)


def define(folder: Path, rounding: str, drawn: Any) -> list[dict[str, Any]]:
    lines, reduced, discount = drawn
    (folder / "pennyform.yaml").write_text(f"version: 1\nenvironment: sandbox\nrounding: {rounding}\n")
    if reduced:
        # A line below zero, of the first one's rate and not larger.
        price = Decimal(lines[0]["price"]) / 2
        lines = [*lines, {**lines[0], "quantity": -lines[0]["quantity"], "price": f"{price:.2f}"}]
    more = f'discount: {{type: {discount[0]}, value: "{discount[1]}"}}\n' if discount else ""
    write(folder, "INV", f"{more}invoice_lines:\n{yaml_lines(lines)}")
    return lines


@pytest.mark.parametrize("rounding", ["line", "document"])
@given(invoices)
def test_all_of_it_is_exactly_negated(rounding: str, drawn: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        define(folder, rounding, drawn)
        invoice = computed(folder, rounding)["INV"]
        if invoice.amount <= 0:
            return
        write(folder, "CN", "credit: all\n", day=2, of="INV")
        note = computed(folder, rounding)["CN"]
        assert {code: (-base, -tax) for code, (base, tax) in by_code(note).items()} == by_code(invoice)
        assert note.amount == -invoice.amount


@pytest.mark.parametrize("rounding", ["line", "document"])
@given(invoices, st.randoms(use_true_random=False))
def test_parts_never_exceed_and_the_last_one_takes_the_rest(
    rounding: str, drawn: Any, rng: random.Random
) -> None:
    """Some lines or quantities of them, twice, and then ``all``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = define(folder, rounding, drawn)
        invoice = computed(folder, rounding)["INV"]
        if any(amount.before_tax < 1 for amount in invoice.lines):
            return  # half a cent cannot be taken back twice
        number = rng.randrange(len(lines)) + 1
        half = lines[number - 1]["quantity"] / 2
        for part in (1, 2):
            write(
                folder,
                f"PART-{part}",
                f"credit: [{{line: {number}, quantity: {half}}}]\n",
                day=part + 1,
                of="INV",
            )
        notes = computed(folder, rounding)
        if len(lines) > 1:
            write(folder, "REST", "credit: all\n", day=9, of="INV")
            notes = computed(folder, rounding)
        invoice = notes.pop("INV")
        open_amount = invoice.amount + sum((note.amount for note in notes.values()), NOTHING)
        # One tax for each code and document: the amount whose tax is a cent may be out of reach, and is said.
        reach = [CENT + (CENT * 100 / vat.percent if vat.percent else NOTHING) for vat in invoice.vat]
        most = sum(reach, NOTHING) * len(notes) if rounding == "document" else NOTHING
        assert 0 <= open_amount <= most
        said = [one for one in validate([folder], processes=1).findings if one.rule == "cents-left-open"]
        assert bool(said) == bool(open_amount)


def test_earlier_parts_count_where_only_the_last_one_is_checked(tmp_path: Path) -> None:
    define(
        tmp_path, "line", ([{"quantity": 3, "price": "33.33", "rate": "FR_200", "off": None}], False, None)
    )
    for number in (1, 2, 3):
        write(tmp_path, f"PART-{number}", "credit: [{line: 1, quantity: 1}]\n", day=number + 1, of="INV")
    repository, _ = load([tmp_path / "part-3.yaml"])
    (note,) = repository.invoices
    assert totals(note.body, rounding="line", product=repository.product).amount == Decimal("-39.99")
