"""The lines of an issued document beside those that were asked for: which is which, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from pennyform.documents.tables import tax_of
from pennyform.invoices import Line as AmountLine
from pennyform.invoices import Totals
from pennyform.invoices.model import Discount, LineBody
from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.totals import net_amounts
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.sources.factur_x import Line as IssuedLine

_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of the document and the one that was asked for; None where there is no other.

    ``index`` counts from 0 in the definition, and in the document for a line that only that has. ``net`` is
    what a discount on the invoice leaves of the line, ``unit`` the smallest amount of the currency.
    """

    index: int
    have: IssuedLine | None
    want: AmountLine | None
    body: LineBody | None = None
    net: Decimal = Decimal(0)
    unit: Decimal = Decimal("0.01")


def pairs_of(
    issued: Sequence[IssuedLine], bodies: Sequence[LineBody], totals: Totals, discount: Discount | None
) -> list[LinePair]:
    """Each line that was asked for with the one that says the same, or the next best.

    Lines of a document may be in another order, so that the same text and amount count first, then the same
    text, the same amount, and where equally many are left, the order.
    """
    unit = Decimal(1).scaleb(-minor_units(totals.currency))
    net = (
        net_amounts(totals.lines, discount, unit) if discount else [line.before_tax for line in totals.lines]
    )
    open_lines = list(range(len(issued)))
    partner: dict[int, int] = {}
    for is_same in (_same_text_and_amount, _same_text, _same_amount):
        for index, line in enumerate(totals.lines):
            if index not in partner:
                other = next((at for at in open_lines if is_same(issued[at], line)), None)
                if other is not None:
                    partner[index] = other
                    open_lines.remove(other)
    waiting = [index for index in range(len(totals.lines)) if index not in partner]
    if len(waiting) == len(open_lines):
        partner.update(zip(waiting, open_lines, strict=True))
        open_lines = []
    pairs = [
        LinePair(
            index,
            issued[partner[index]] if index in partner else None,
            line,
            bodies[index] if index < len(bodies) else None,
            net[index],
            unit,
        )
        for index, line in enumerate(totals.lines)
    ]
    return [*pairs, *(LinePair(at, issued[at], None) for at in open_lines)]


def _same_text_and_amount(issued: IssuedLine, line: AmountLine) -> bool:
    return _same_text(issued, line) and _same_amount(issued, line)


def _same_text(issued: IssuedLine, line: AmountLine) -> bool:
    return _plain(issued.label) == _plain(str(line.label))


def _same_amount(issued: IssuedLine, line: AmountLine) -> bool:
    return issued.before_tax == line.before_tax


def _plain(text: str) -> str:
    return " ".join(text.split())


def line_differences(
    pair: LinePair, mention: str, *, is_franchise: bool, is_taken_off: bool
) -> Iterator[tuple[str, str | Decimal, str | Decimal]]:
    """What differs between the two lines of a pair: the name of the field, what is there, what was asked for.

    Args:
        pair: both of its lines are there.
        mention: the special mention of the invoice, which may name an article.
        is_franchise: whether the seller charges no VAT at all.
        is_taken_off: whether a discount on the invoice is beside the lines, not in them.
    """
    have, want = pair.have, pair.want
    if have is None or want is None:
        return
    if not _same_text(have, want):
        yield "label", _plain(have.label), _plain(str(want.label))
    price = have.price / have.base_quantity
    # What is taken off has a negative quantity where a price must not be negative (BR-27).
    sign = -1 if (price < 0) != (want.raw_currency_unit_price < 0) else 1
    if sign * have.quantity != want.quantity:
        yield "quantity", have.quantity, want.quantity
    before_tax = want.before_tax if is_taken_off else pair.net
    if have.before_tax != before_tax:
        yield "currency_amount_before_tax", have.before_tax, before_tax
    if not _is_price(pair, sign * price):
        yield "raw_currency_unit_price", sign * price, want.raw_currency_unit_price
    rate = rates()[want.vat_rate]
    if have.percent != rate.charged:
        yield "vat_rate", have.percent, rate.charged
    elif not rate.charged and have.category not in _categories(pair, mention, is_franchise=is_franchise):
        categories = " or ".join(sorted(_categories(pair, mention, is_franchise=is_franchise)))
        yield "vat_category", have.category, categories


def _is_price(pair: LinePair, price: Decimal) -> bool:
    """Whether it is the price that was asked for, or what a discount that is not stated leaves of it."""
    have, want = pair.have, pair.want
    if have is None or want is None or price == want.raw_currency_unit_price:
        return True
    with localcontext(_EXACT):
        gross = (want.quantity * want.raw_currency_unit_price).quantize(pair.unit)
        is_discounted = gross != want.before_tax or pair.net != want.before_tax
        rest = abs(price * want.quantity - have.before_tax)
        return is_discounted and not have.charges and rest <= pair.unit


def _categories(pair: LinePair, mention: str, *, is_franchise: bool) -> set[str]:
    """The categories that the VAT code of a line may be; where goods or services are not said, of both."""
    substance = getattr(pair.body, "substance", None) if pair.body else None
    kinds = (substance,) if substance else ("goods", "services")
    code = pair.want.vat_rate if pair.want else ""
    taxes = (tax_of(rates()[code], kind, mention, "en", is_franchise=is_franchise) for kind in kinds)
    return {tax.category for tax in taxes if tax} or {pair.have.category if pair.have else ""}
