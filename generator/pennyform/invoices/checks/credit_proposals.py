"""Lines that take back exactly what remains of an invoice, as a finding proposes them: YAML to be pasted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pennyform.invoices.money.exact_tax import nearest_below, split
from pennyform.invoices.money.scalars import canonical


class CodeAmount(NamedTuple):
    """What is charged, or taken back, at one VAT code, before tax and tax; ``percent`` is its rate."""

    percent: Decimal
    base: Decimal
    tax: Decimal

    def plus(self, other: CodeAmount) -> CodeAmount:
        """Both together."""
        return self._replace(base=self.base + other.base, tax=self.tax + other.tax)

    def minus(self, other: CodeAmount) -> CodeAmount:
        """What ``other`` leaves of it."""
        return self._replace(base=self.base - other.base, tax=self.tax - other.tax)


class LineWords(NamedTuple):
    """What the lines at one VAT code are called, and what they count."""

    label: str
    unit: str


CodeAmounts = Mapping[str, CodeAmount]


def targets(note: CodeAmounts, remaining: CodeAmounts) -> dict[str, CodeAmount]:
    """What ``note`` should take back at each of its VAT codes, where it asks for more than remains."""
    reached: dict[str, CodeAmount] = {}
    for code, amount in note.items():
        rest = remaining.get(code, amount._replace(base=Decimal(0), tax=Decimal(0)))
        if amount.base >= rest.base:
            reached[code] = rest
        elif amount.tax > rest.tax:
            reached[code] = rest._replace(base=amount.base)
        else:
            reached[code] = amount
    return reached


def proposal(amounts: CodeAmounts, words: Mapping[str, LineWords], unit: Decimal, rounding: str) -> str:
    """What to write so that ``amounts`` are taken back, to the cent where that is possible.

    Args:
        amounts: what is to be taken back, positive, by VAT code.
        words: label and unit for the lines at each code.
        unit: the currency's smallest amount.
        rounding: ``line``; or ``document``, where a code has one tax, so that parts with a tax of their own
            are credit notes of their own.

    Returns:
        Lines as YAML, for one or for several credit notes; empty when there is nothing to take back.
    """
    documents: list[list[str]] = [[]]
    for code, amount in amounts.items():
        is_one_tax = rounding == "document"
        parts = split(amount.base, amount.tax, amount.percent, unit, both_signs=not is_one_tax)
        if parts is None:
            below = nearest_below(amount.base, amount.tax, amount.percent, unit)
            parts = (below[0],) if below else ()
        for number, part in enumerate(parts):
            document = number if is_one_tax else 0
            documents += [[] for _ in range(document + 1 - len(documents))]
            label, unit_name = (json.dumps(text, ensure_ascii=False) for text in words[code])
            documents[document].append(
                f"{{label: {label}, quantity: -1, unit: {unit_name}, "
                f'raw_currency_unit_price: "{canonical(part)}", vat_rate: {code}}}'
            )
    texts = [f"`invoice_lines: [{', '.join(lines)}]`" for lines in documents if lines]
    return ", and, in a credit note of its own, ".join(texts)


def summed(amounts: Sequence[CodeAmounts]) -> dict[str, CodeAmount]:
    """The sums of several, by VAT code in order of appearance."""
    total: dict[str, CodeAmount] = {}
    for part in amounts:
        for code, amount in part.items():
            total[code] = total[code].plus(amount) if code in total else amount
    return total
