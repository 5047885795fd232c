"""The lines of a credit note that mirrors an invoice, or a part of it, to the last cent.

A line that is taken back whole takes back exactly what it came to, its share of a discount on the invoice
included. Of a line that is taken back in parts, the last part takes exactly what the others have left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from pennyform.invoices.model import (
    UNSET,
    Body,
    CreditedLine,
    DesiredInvoice,
    Discount,
    ImportedInvoiceBody,
    InvoiceBody,
    InvoiceLine,
    LineBody,
    lines_of,
)
from pennyform.invoices.money.exact_tax import nearest_below, split
from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.totals import (
    Product,
    Totals,
    fill_from_product,
    line_before_tax,
    net_amounts,
    rounded_tax,
    totals,
)
from pennyform.invoices.money.vat_codes import rates

_NOTHING = Decimal(0)


class CreditError(ValueError):
    """What a credit note asks for is not there. ``index`` is that of the entry to blame; None for all."""

    def __init__(self, summary: str, fix: str, index: int | None = None) -> None:
        self.fix, self.index = fix, index
        super().__init__(summary)


@dataclass(slots=True)
class _Line:
    """A line of the invoice, and what has been taken back of it. Amounts have the sign of the invoice's."""

    body: LineBody
    net: Decimal
    tax: Decimal
    quantity: Decimal = _NOTHING
    base_taken: Decimal = _NOTHING
    tax_taken: Decimal = _NOTHING

    @property
    def rest(self) -> Decimal:
        """The quantity that is left, without a sign."""
        return abs(self.body.quantity) - self.quantity


@dataclass(slots=True)
class CreditedBody:
    """An invoice while credit notes take it back, one after the other.

    ``by_hand`` tells that one of them says its lines itself: then only amounts by VAT code are known of what
    is left.
    """

    body: Body
    rounding: str
    computed: Totals
    lines: list[_Line] = field(default_factory=list)
    taken: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    by_hand: bool = False

    @classmethod
    def of(cls, body: Body, *, rounding: str, product: Product) -> CreditedBody:
        """Nothing taken back yet of ``body``.

        Raises:
            UnknownProductError: only the account knows the price of a product.
        """
        computed = totals(body, rounding=rounding, product=product)
        unit = Decimal(1).scaleb(-minor_units(computed.currency))
        filled = [fill_from_product(line, product) for line in lines_of(body)]
        if isinstance(body, ImportedInvoiceBody):
            amounts = [(line.before_tax, line.tax) for line in computed.lines]
        else:
            nets = net_amounts(computed.lines, body.discount, unit)
            amounts = [
                (net, rounded_tax(net, rates()[line.vat_rate].charged, unit))
                for net, line in zip(nets, computed.lines, strict=True)
            ]
        lines = [_Line(line, *amount) for line, amount in zip(filled, amounts, strict=True)]
        return cls(body, rounding, computed, lines)

    @property
    def _unit(self) -> Decimal:
        return Decimal(1).scaleb(-minor_units(self.computed.currency))

    def take_by_hand(self, note: Totals) -> None:
        """Count a credit note that says its lines itself."""
        self.by_hand = True
        for vat in note.vat:
            self._count(vat.vat_rate, -vat.base, -vat.tax)

    def take(self, credited: Sequence[CreditedLine]) -> tuple[tuple[InvoiceLine, ...], Discount | None]:
        """The lines of the next credit note, and its discount.

        Args:
            credited: the lines that it takes back, by their number; none for all that is left.

        Raises:
            CreditError: there is no such line, or less of it is left.
        """
        if not credited and not self.taken and not isinstance(self.body, ImportedInvoiceBody):
            return self._negated_lines()
        lines = self._rest_by_code() if not credited and self.by_hand else self._parts(credited)
        if not lines:
            raise CreditError("nothing is left of the invoice to take back", "delete the credit note")
        return lines, None

    def _negated_lines(self) -> tuple[tuple[InvoiceLine, ...], Discount | None]:
        """Everything negated: each amount of the invoice is, then, by the rules of rounding."""
        for line in self.lines:
            line.quantity, line.base_taken, line.tax_taken = abs(line.body.quantity), line.net, line.tax
        for vat in self.computed.vat:
            self._count(vat.vat_rate, vat.base, vat.tax)
        negated = (
            _line(body, -abs(body.quantity), _price(body))._replace(
                discount=_negated_discount(body.discount) or UNSET
            )
            for body in (line.body for line in self.lines)
        )
        return tuple(negated), _negated_discount(self.body.discount)

    def _rest_by_code(self) -> tuple[InvoiceLine, ...]:
        """A line for what is left at each VAT code, or as many as that takes."""
        lines: list[InvoiceLine] = []
        for vat in self.computed.vat:
            base, tax = self.taken.get(vat.vat_rate, (_NOTHING, _NOTHING))
            parts, reached = self._reach(vat.base - base, vat.tax - tax, vat.percent)
            first = next(line.body for line in self.lines if line.body.vat_rate == vat.vat_rate)
            lines += [_line(first, Decimal(-1), part) for part in parts]
            self._count(vat.vat_rate, sum(parts, _NOTHING), reached)
        return tuple(lines)

    def _parts(self, credited: Sequence[CreditedLine]) -> tuple[InvoiceLine, ...]:
        taken: list[tuple[_Line, Decimal, Decimal]] = []
        for line, quantity in self._quantities(credited):
            full = abs(line.body.quantity)
            base = line.net - line.base_taken
            if quantity < line.rest:
                base = (line.net * quantity / full).quantize(self._unit, ROUND_HALF_UP)
            line.quantity += quantity
            if base or line.tax != line.tax_taken:
                taken.append((line, quantity, base))
        return self._by_code(taken) if self.rounding == "document" else self._by_line(taken)

    def _quantities(self, credited: Sequence[CreditedLine]) -> list[tuple[_Line, Decimal]]:
        """How much of which line is taken back."""
        if not credited:
            return [(line, line.rest) for line in self.lines]
        quantities: list[tuple[_Line, Decimal]] = []
        for index, entry in enumerate(credited):
            if entry.line > len(self.lines):
                number = len(self.lines)
                summary = f"the invoice has {number} line{'s' * (number != 1)}, and no line {entry.line}"
                raise CreditError(summary, "name one of its lines, counted from 1", index)
            line = self.lines[entry.line - 1]
            quantity = line.rest if entry.quantity is None else entry.quantity
            if quantity <= 0 and entry.quantity is not None:
                raise CreditError(
                    f"{quantity:f} of line {entry.line} is nothing to take back",
                    "write a quantity above zero; it becomes negative on the credit note",
                    index,
                )
            used = sum((taken for other, taken in quantities if other is line), _NOTHING)
            if quantity > line.rest - used or not quantity:
                open_quantity = line.rest - used
                full = f"{abs(line.body.quantity):f}"
                summary = f"of line {entry.line}, {open_quantity.normalize():f} of {full} are left"
                raise CreditError(summary, "take back no more than that", index)
            quantities.append((line, quantity))
        return quantities

    def _by_line(self, taken: Sequence[tuple[_Line, Decimal, Decimal]]) -> tuple[InvoiceLine, ...]:
        lines: list[InvoiceLine] = []
        for line, quantity, base in taken:
            percent = rates()[line.body.vat_rate or ""].charged
            tax = line.tax - line.tax_taken if not line.rest else rounded_tax(base, percent, self._unit)
            parts, reached = self._reach(base, tax, percent)
            lines += _lines(line.body, quantity, parts, self._unit)
            line.base_taken += sum(parts, _NOTHING)
            line.tax_taken += reached
            self._count(line.body.vat_rate or "", sum(parts, _NOTHING), reached)
        return tuple(lines)

    def _by_code(self, taken: Sequence[tuple[_Line, Decimal, Decimal]]) -> tuple[InvoiceLine, ...]:
        """One tax for each VAT code: what would be a cent too much is left of the last line at it."""
        lines: list[InvoiceLine] = []
        for vat in self.computed.vat:
            of_code = [entry for entry in taken if entry[0].body.vat_rate == vat.vat_rate]
            base = sum((entry[2] for entry in of_code), _NOTHING)
            if not of_code or not base:
                continue
            before = self.taken.get(vat.vat_rate, (_NOTHING, _NOTHING))
            tax = rounded_tax(base, vat.percent, self._unit)
            reduced = base
            if abs(before[1] + tax) > abs(vat.tax):
                reduced, tax = nearest_below(base, vat.tax - before[1], vat.percent, self._unit) or (
                    _NOTHING,
                    _NOTHING,
                )
            last = len(of_code) - 1
            for index, (line, quantity, amount) in enumerate(of_code):
                part = amount - (base - reduced if index == last else 0)
                if part:
                    lines += _lines(line.body, quantity, (part,), self._unit)
                line.base_taken += part
            self._count(vat.vat_rate, reduced, tax)
        return tuple(lines)

    def _reach(self, base: Decimal, tax: Decimal, percent: Decimal) -> tuple[tuple[Decimal, ...], Decimal]:
        """Parts that come to ``base`` and ``tax``, and the tax that they do come to."""
        if self.rounding == "document":
            below = nearest_below(base, tax, percent, self._unit)
            return ((below[0],), below[1]) if below else ((), _NOTHING)
        parts = split(base, tax, percent, self._unit)
        if parts is None:
            return ((base,), rounded_tax(base, percent, self._unit)) if base else ((), _NOTHING)
        return parts, tax

    def _count(self, code: str, base: Decimal, tax: Decimal) -> None:
        earlier = self.taken.get(code, (_NOTHING, _NOTHING))
        self.taken[code] = (earlier[0] + base, earlier[1] + tax)


def with_credit(invoice: DesiredInvoice, source: CreditedBody) -> DesiredInvoice:
    """``invoice`` with the lines that it takes back of ``source``, which counts them.

    Raises:
        CreditError: they are not there, or not left.
    """
    if invoice.credit is None or not isinstance(invoice.body, InvoiceBody):
        return invoice
    lines, discount = source.take(invoice.credit)
    body = invoice.body._replace(invoice_lines=lines)
    return invoice._replace(body=body._replace(discount=discount) if discount else body)


def _lines(line: LineBody, quantity: Decimal, parts: Sequence[Decimal], unit: Decimal) -> list[InvoiceLine]:
    """``line`` taken back in ``quantity``, for exactly the first of ``parts``, and a line for each other."""
    first, price = parts[0] if parts else _NOTHING, _price(line)
    if not quantity or not first:
        return [_line(line, Decimal(-1), part) for part in parts]
    made = _line(line, -quantity, price)
    relative = line.discount if line.discount and line.discount.type == "relative" else None
    with_discount = made._replace(discount=relative) if relative else made
    if line_before_tax(with_discount, unit) != -first:
        gross = line_before_tax(made, unit)
        off = gross + first
        if gross and 0 < off / gross <= 1:
            with_discount = made._replace(discount=Discount("absolute", off))
        else:
            with_discount = made
        if line_before_tax(with_discount, unit) != -first:
            with_discount = _line(line, Decimal(-1), first)
    return [with_discount, *(_line(line, Decimal(-1), part) for part in parts[1:])]


def _negated_discount(discount: object) -> Discount | None:
    """A discount of a credit note: an absolute one is negative."""
    if not isinstance(discount, Discount) or not discount.value:
        return None
    return discount if discount.type == "relative" else discount._replace(value=-discount.value)


def _price(line: LineBody) -> Decimal:
    """The price for quantities without a sign: that of a credit note is always negative."""
    price = line.raw_currency_unit_price
    if not isinstance(price, Decimal):
        raise ValueError("the line leaves its price to a product")
    return -price if line.quantity < 0 else price


def _line(line: LineBody, quantity: Decimal, price: Decimal) -> InvoiceLine:
    """What ``line`` sold, at this quantity and price. Sections and discounts are the invoice's own."""
    return InvoiceLine(
        product_id=line.product_id,
        label=line.label or "",
        description=line.description,
        quantity=quantity,
        unit=line.unit if line.unit else "piece",
        raw_currency_unit_price=price,
        vat_rate=line.vat_rate,
        ledger_account_id=line.ledger_account_id,
        substance=line.substance,
        imputation_dates=line.imputation_dates,
    )
