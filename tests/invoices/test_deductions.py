"""Deposits taken off: exactly what they said, whatever their lines and roundings were."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform import data
from pennyform.invoices import Key, Place, load, totals
from pennyform.invoices.deductions.checks import open_cents
from pennyform.invoices.deductions.lines import deduction_lines, deposit_of, with_lines
from pennyform.invoices.desired.json_bodies import digest, from_json
from pennyform.invoices.model import (
    UNSET,
    Body,
    Deduction,
    DesiredInvoice,
    InvoiceBody,
    NumberOf,
    Options,
    PendingText,
    pending_texts,
    settled,
)
from pennyform.invoices.repository.validate import FEWEST_FILES_TO_SHARE, validate

PLACE = Place("invoices.yaml", 1, 1)
CODES = ("FR_200", "FR_55", "FR_21", "FR_1_05", "exempt")
AMOUNTS = st.integers(1, 99_999).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
LINES = st.lists(st.tuples(AMOUNTS, st.sampled_from(CODES)), min_size=1, max_size=12)


def invoice(reference: str, lines: Sequence[tuple[str, str]], times: int = 1) -> DesiredInvoice:
    body = {
        "external_reference": reference,
        "customer_id": Key("customer", "external_reference", "ACME", PLACE),
        "date": "2026-03-01",
        "deadline": "2026-03-31",
        "invoice_lines": [
            {
                "label": "Work",
                "quantity": times,
                "unit": "hour",
                "raw_currency_unit_price": price,
                "vat_rate": code,
            }
            for price, code in lines
        ],
    }
    return DesiredInvoice(
        reference, "postCustomerInvoices", from_json(InvoiceBody, body), Options(finalize=True), PLACE, ""
    )


def test_a_deposit_is_taken_off_as_it_is_booked() -> None:
    """At a VAT code that is for goods and services alike, the line that takes it off says neither."""
    deposit = invoice("DEP", [("10.00", "FR_200"), ("20.00", "FR_55"), ("30.00", "FR_55"), ("5.00", "FR_21")])
    kinds = ("goods", "goods", "services", UNSET)
    lines = tuple(
        line._replace(substance=kind) for line, kind in zip(deposit.body.invoice_lines, kinds, strict=True)
    )
    deposit = deposit._replace(body=deposit.body._replace(invoice_lines=lines))
    taken = deduction_lines(
        Deduction(Key("customer_invoice", "external_reference", "DEP", PLACE)),
        deposit_of(deposit, (), lambda _: None, "line"),
        language="fr_FR",
        rounding="line",
    )
    assert [(line.vat_rate, line.substance) for line in taken] == [
        ("FR_200", "goods"),
        ("FR_55", UNSET),
        ("FR_21", UNSET),
    ]


def balance_of(deposit: DesiredInvoice, price: DesiredInvoice, rounding: str) -> DesiredInvoice:
    deduction = Deduction(Key("customer_invoice", "external_reference", deposit.external_reference, PLACE))
    known = deposit_of(deposit, (), lambda _: None, rounding)
    lines = deduction_lines(deduction, known, language="en_GB", rounding=rounding)
    return with_lines(price._replace(deductions=(deduction,)), [lines])


@given(LINES, st.sampled_from(("line", "document")))
@settings(max_examples=150, deadline=None)
def test_deposit_and_balance_are_the_full_price_or_the_cent_is_told(
    lines: list[tuple[str, str]], rounding: str
) -> None:
    deposit, price = invoice("DEP", lines), invoice("BAL", lines, times=3)
    balance = balance_of(deposit, price, rounding)
    sums: dict[str, list[Decimal]] = {}
    for body, sign in ((deposit.body, 1), (balance.body, 1), (price.body, -1)):
        for vat in totals(body, rounding=rounding, product=lambda _: None).vat:
            base, tax = sums.get(vat.vat_rate, [Decimal(0), Decimal(0)])
            sums[vat.vat_rate] = [base + sign * vat.base, tax + sign * vat.tax]
    assert {base for base, _ in sums.values()} == {Decimal(0)}
    known = [deposit_of(deposit, (), lambda _: None, rounding)]
    told = {code: cents for code, cents, _ in open_cents(balance, known, lambda _: None, rounding)}
    assert told == {code: tax for code, (_, tax) in sums.items() if tax}
    if rounding == "line":
        assert told == {}


def test_one_line_for_each_code_where_that_will_do() -> None:
    deposit = invoice("DEP", [("100.00", "FR_200"), ("50.00", "FR_200"), ("20.00", "FR_55")])
    price = invoice("BAL", [("900.00", "FR_200"), ("90.00", "FR_55")])
    balance = balance_of(deposit, price, "line")
    lines = balance.body.invoice_lines[2:]
    assert [(line.vat_rate, line.raw_currency_unit_price) for line in lines] == [
        ("FR_200", Decimal("150.00")),
        ("FR_55", Decimal("20.00")),
    ]
    assert {line.quantity for line in lines} == {Decimal(-1)}


def test_text_waits_until_all_of_its_numbers_are_known() -> None:
    text = PendingText([NumberOf("A"), " and ", NumberOf("B")])
    body = {"lines": [{"label": text}]}
    half = settled(body, {"A": "F-1"}.get)
    assert [waiting.references for waiting in pending_texts(half)] == [("B",)]
    whole = settled(half, {"B": "F-2"}.get)
    assert whole == {"lines": [{"label": "F-1 and F-2"}]}
    assert type(whole["lines"][0]["label"]) is str


def test_another_deposit_is_another_digest() -> None:
    price = invoice("BAL", [("900.00", "FR_200")])
    digests = {
        digest(price._replace(deductions=deductions))
        for deductions in (
            (),
            (Deduction(Key("customer_invoice", "external_reference", "A", PLACE)),),
            (Deduction(Key("customer_invoice", "external_reference", "B", PLACE)),),
            (Deduction(Key("customer_invoice", "invoice_number", "B", PLACE)),),
        )
    }
    assert len(digests) == 4


def test_a_run_for_one_file_knows_what_was_credited_in_others() -> None:
    repository, findings = load([data.examples() / "deposits" / "invoices" / "4-balance.yaml"])
    assert findings == []
    (balance,) = repository.invoices
    assert balance.body.invoice_lines[-1].raw_currency_unit_price == Decimal("150.00")


def test_a_run_for_one_file_knows_who_else_takes_the_deposit_off(tmp_path: Path) -> None:
    shutil.copytree(data.examples() / "deposits", tmp_path, dirs_exist_ok=True)
    file = tmp_path / "invoices" / "5-balance.yaml"
    text = (tmp_path / "invoices" / "4-balance.yaml").read_text(encoding="utf-8")
    later = text.replace("BAL-2026-1", "BAL-2026-2").replace("2026-05-29", "2026-05-30")
    file.write_text(later, encoding="utf-8")
    _, findings = load([file])
    assert [finding.rule for finding in findings] == ["deduction-twice", "deduction-twice"]


@pytest.mark.parametrize("deducted", ["[DEP-2026-1]", '["{{ row.deposit }}"]'])
def test_rows_of_one_definition_do_not_take_a_deposit_off_twice(tmp_path: Path, deducted: str) -> None:
    """Of what is the same in all rows, they share the place and the key."""
    shutil.copytree(data.examples() / "deposits", tmp_path, dirs_exist_ok=True)
    (tmp_path / "invoices" / "4-balance.yaml").unlink()
    (tmp_path / "rows.csv").write_text(
        "number,deposit\n1,DEP-2026-1\n2,DEP-2026-1\n3,DEP-2026-1\n", encoding="utf-8"
    )
    file = tmp_path / "invoices" / "balances.yaml"
    file.write_text(
        f"""for_each: ../rows.csv
external_reference: "BAL-{{{{ row.number }}}}"
customer: TOWN_HALL
date: 2026-05-29
deadline: 2026-06-30
deduct: {deducted}
invoice_lines:
  - {{label: Work, quantity: 1, unit: piece, raw_currency_unit_price: "90000.00", vat_rate: FR_200}}
  - {{label: Books, quantity: 1, unit: piece, raw_currency_unit_price: "90000.00", vat_rate: FR_55}}
""",
        encoding="utf-8",
    )
    _, findings = load([tmp_path])
    twice = [finding for finding in findings if finding.rule == "deduction-twice"]
    assert twice, "said once where the place and the text are the same"
    assert all("`BAL-1` takes it off" in finding.detail for finding in twice)


def test_many_files_are_shared_out_and_their_deposits_found(tmp_path: Path) -> None:
    shutil.copytree(data.examples() / "deposits", tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "invoices" / "4-balance.yaml").read_text(encoding="utf-8")
    for number in range(FEWEST_FILES_TO_SHARE):
        deposit = f"external_reference: DEP-{number}\n" + text.partition("BAL-2026-1\n")[2]
        deposit = re.sub(r"deduct:\n(  - .*\n)+|expect: .*\n|pdf_invoice_subject: .*\n", "", deposit)
        (tmp_path / "invoices" / f"many-{number}.yaml").write_text(deposit, encoding="utf-8")
    late = text.replace("BAL-2026-1", "BAL-2").replace("2026-05-29", "2026-05-30")
    (tmp_path / "invoices" / "5-balance.yaml").write_text(late, encoding="utf-8")
    results = [validate([tmp_path], processes=processes) for processes in (1, 2)]
    assert [finding.rule for finding in results[0].findings] == ["deduction-twice", "deduction-twice"]
    assert results[0] == results[1]


SHARES = st.lists(st.sampled_from(("33.33", "33.34", "25", "12.5", "7.77")), min_size=1, max_size=3)


@given(LINES, SHARES, st.sampled_from(("line", "document")), st.booleans())
@settings(max_examples=150, deadline=None)
def test_several_deposits_and_the_balance_are_the_full_price(
    lines: list[tuple[str, str]], shares: list[str], rounding: str, is_credited: bool
) -> None:
    """Deposits of some percent each, the first one perhaps credited in part before it is taken off."""
    bodies: list[Body] = []
    known, deductions = [], []
    for number, share in enumerate(shares):
        parts = [(f"{Decimal(price) * Decimal(share) / 100:.2f}", code) for price, code in lines]
        deposit = invoice(
            f"DEP-{number}", [part for part in parts if Decimal(part[0])] or [("0.01", "exempt")]
        )
        notes = [invoice("CN", [_first_line(deposit)], times=-1)] if is_credited and not number else []
        bodies += [deposit.body, *(note.body for note in notes)]
        known.append(deposit_of(deposit, notes, lambda _: None, rounding))
        name = Key("customer_invoice", "external_reference", deposit.external_reference, PLACE)
        deductions.append(Deduction(name))
    price = invoice("BAL", lines)._replace(deductions=tuple(deductions))
    pairs = zip(deductions, known, strict=True)
    taken_off = [deduction_lines(*pair, language="en_GB", rounding=rounding) for pair in pairs]
    balance = with_lines(price, taken_off)
    sums = _sums([*bodies, balance.body], price.body, rounding)
    exempt = sums.pop("exempt", (Decimal(0), Decimal(0)))
    assert {base for base, _ in [*sums.values(), exempt]} == {Decimal(0)}
    open_taxes = {
        code: cents
        for code, cents, _ in open_cents(balance, known, lambda _: None, rounding)
        if code != "exempt"
    }
    # What a credit note rounds by itself belongs to it, and is no part of deposits and balance.
    assert open_taxes == {code: tax for code, (_, tax) in sums.items() if tax}
    assert rounding == "document" or open_taxes == {}


def _first_line(deposit: DesiredInvoice) -> tuple[str, str]:
    line = deposit.body.invoice_lines[0]
    return str(line.raw_currency_unit_price), str(line.vat_rate)


def _sums(bodies: Sequence[Body], price: Body, rounding: str) -> dict[str, tuple[Decimal, Decimal]]:
    """What ``bodies`` come to beyond ``price``, by VAT code: before tax, and tax."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for body, sign in [*((body, 1) for body in bodies), (price, -1)]:
        for vat in totals(body, rounding=rounding, product=lambda _: None).vat:
            base, tax = sums.get(vat.vat_rate, (Decimal(0), Decimal(0)))
            sums[vat.vat_rate] = (base + sign * vat.base, tax + sign * vat.tax)
    return sums
