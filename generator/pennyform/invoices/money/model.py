"""The amounts of an invoice: as decimals, and as the record that commands report."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pennyform.invoices.money.amounts import plain_number

if TYPE_CHECKING:
    from pennyform.results.values import InvoiceTotals, LineTotals


class Line(NamedTuple):
    """One line after its own discount; a discount on the invoice is not in it."""

    label: str
    quantity: Decimal
    unit: str
    raw_currency_unit_price: Decimal
    vat_rate: str
    before_tax: Decimal
    tax: Decimal


class VatAmount(NamedTuple):
    """What is taxed at one VAT code, after all discounts, and the tax that stands on the document."""

    vat_rate: str
    percent: Decimal
    base: Decimal
    tax: Decimal


class Totals(NamedTuple):
    """The amounts of one invoice in ``currency``; ``vat`` is in the order in which the codes first appear."""

    currency: str
    before_tax: Decimal
    tax: Decimal
    vat: tuple[VatAmount, ...]
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """What is to be paid: before tax plus tax."""
        return self.before_tax + self.tax

    def record(self) -> InvoiceTotals:
        """The amounts as they are reported: the API's field names, text with the currency's decimals."""
        from pennyform.results.values import InvoiceTotals, VatTotals  # msgspec, which hooks do without

        return InvoiceTotals(
            self.currency,
            _text(self.before_tax),
            _text(self.tax),
            _text(self.amount),
            tuple(
                VatTotals(vat.vat_rate, plain_number(vat.percent), _text(vat.base), _text(vat.tax))
                for vat in self.vat
            ),
            tuple(
                _line_record(
                    line.label,
                    plain_number(line.quantity),
                    line.unit,
                    _text(line.raw_currency_unit_price),
                    line.vat_rate,
                    _text(line.before_tax),
                    _text(line.tax),
                    _text(line.before_tax + line.tax),
                )
                for line in self.lines
            ),
        )


@lru_cache(4096)
def _line_record(*texts: str) -> LineTotals:
    """A line as it is reported; lines that say the same are kept once."""
    from pennyform.results.values import LineTotals

    return LineTotals(*texts)


def _text(amount: Decimal) -> str:
    return sys.intern(f"{amount + 0:f}")
