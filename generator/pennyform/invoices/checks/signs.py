"""The sign of an invoice's amounts: an invoice asks for money, a credit note takes back what one asked for.

Pennylane finalizes a negative invoice like any other, and it is then a credit note of nothing: it cannot be
linked to an invoice afterwards, and its number stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, LineBody, lines_of
from pennyform.invoices.money.totals import Product, Totals, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path

_BELOW_ZERO = ("negative-total", "negative-lines")


class SignProblem(NamedTuple):
    """What is wrong with the sign of an amount. ``line`` is the index of the line to blame; None for none."""

    rule: str
    severity: Severity
    summary: str
    fix: str = ""
    detail: str = ""
    line: int | None = None


def check_signs(
    resolved: ResolvedInvoice, product: Product, rounding: str, *, with_discount: bool = True
) -> Iterator[Finding]:
    """An invoice that comes to nothing or less, a credit note to nothing or more, or one VAT rate of them.

    Imports are left alone: what they say has been issued, and may be a credit note of another program.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
        with_discount: whether the discount on the invoice counts: not when it is wrong itself.
    """
    invoice = resolved.invoice
    body = invoice.body if with_discount else invoice.body._replace(discount=UNSET)
    filled = [fill_from_product(line, product) for line in lines_of(body)]
    is_credit_note = invoice.credit_note_of is not None
    # Nearly all invoices have nothing but ordinary lines, and need no arithmetic.
    if invoice.file or (not is_credit_note and not body.discount and all(map(_is_ordinary, filled))):
        return
    try:
        computed = totals(body, rounding=rounding, product=product)
    except UnknownProductError:
        return  # the plan checks it, once the account has told the price
    deducted = sum(deduction.lines for deduction in invoice.deductions)
    for problem in sign_problems(computed, is_credit_note=is_credit_note, deducted=deducted):
        path: Path = ("invoice_lines",)
        if problem.line is not None:
            price = lines_of(body)[problem.line].raw_currency_unit_price
            is_price = isinstance(price, Decimal) and price <= 0
            path = (*path, problem.line, "raw_currency_unit_price" if is_price else "quantity")
        yield resolved.document.finding(
            problem.rule,
            problem.summary,
            path,
            severity=problem.severity,
            detail=problem.detail,
            fix=problem.fix,
        )


def sign_problems(computed: Totals, *, is_credit_note: bool, deducted: int = 0) -> Iterator[SignProblem]:
    """What is wrong with the signs of ``computed``, the amounts of an invoice or of a credit note.

    ``deducted`` is how many lines, the last ones, take off deposits: what goes below zero is blamed on them.
    """
    for problem in _sign_problems(computed, is_credit_note=is_credit_note):
        yield _excess(computed, problem, deducted) if deducted and problem.rule in _BELOW_ZERO else problem


def _excess(computed: Totals, problem: SignProblem, deducted: int) -> SignProblem:
    """``problem`` in the words of an invoice that takes off more than it charges."""
    charging, deducting = computed.lines[:-deducted], computed.lines[-deducted:]
    codes = {line.vat_rate for line in deducting}
    if problem.rule == "negative-lines":
        codes = {line.vat_rate for line in computed.lines if f"`{line.vat_rate}`" in problem.summary}
    charged, off = (
        sum((line.before_tax for line in lines if line.vat_rate in codes), 0 * computed.before_tax)
        for lines in (charging, deducting)
    )
    at = ", ".join(f"`{code}`" for code in sorted(codes))
    summary = f"{-off:f} before tax is taken off at {at}, and {charged:f} {computed.currency} charged"
    return SignProblem("deduction-exceeds", Severity.ERROR, summary, line=len(charging))


def _sign_problems(computed: Totals, *, is_credit_note: bool) -> Iterator[SignProblem]:
    amount = f"{computed.amount:f} {computed.currency}"
    sign = -1 if is_credit_note else 1
    if not computed.amount:
        summary = f"the invoice comes to {amount}: it would ask for nothing"
        if is_credit_note:
            summary = f"the credit note comes to {amount}: it would take back nothing"
        empty = next((index for index, line in enumerate(computed.lines) if not line.before_tax), None)
        yield SignProblem("zero-total", Severity.WARNING, summary, line=empty)
    elif computed.amount * sign < 0:
        index = _first(computed, None, sign)
        if is_credit_note:
            summary = f"the credit note comes to {amount}: it would be an invoice"
            detail = "What a credit note takes back is negative: quantities are, and prices are not."
            fix = "take back positive prices with negative quantities"
            yield SignProblem("negative-total", Severity.ERROR, summary, fix, detail, index)
        else:
            summary = f"the invoice comes to {amount}: it would be a credit note that takes back no invoice"
            yield SignProblem("negative-total", Severity.ERROR, summary, line=index)
        return
    bases: dict[Decimal, Decimal] = {}
    for vat in computed.vat:
        bases[vat.percent] = bases.get(vat.percent, Decimal(0)) + vat.base
    for percent, base in bases.items():
        if base * sign < 0:
            codes = [vat.vat_rate for vat in computed.vat if vat.percent == percent]
            listed = ", ".join(f"`{code}`" for code in codes)
            excess = "more is charged than taken back" if is_credit_note else "more is taken off than charged"
            summary = f"the lines at {listed} come to {base:f} {computed.currency}: {excess}"
            yield SignProblem("negative-lines", Severity.ERROR, summary, line=_first(computed, codes, sign))


def _first(computed: Totals, codes: list[str] | None, sign: int) -> int | None:
    """The first line of the wrong sign, of those at ``codes``; None when a discount is to blame."""
    for index, line in enumerate(computed.lines):
        if line.before_tax * sign < 0 and (codes is None or line.vat_rate in codes):
            return index
    return None


def _is_ordinary(line: LineBody) -> bool:
    """Whether the line surely comes to more than nothing, however it is rounded."""
    price = line.raw_currency_unit_price
    return not line.discount and (not isinstance(price, Decimal) or line.quantity * price >= 1)
