"""What keeps a balance invoice from taking off the deposits that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.deductions.lines import Deposit, own_lines
from pennyform.invoices.model import DesiredInvoice, Id, InvoiceBody, Key, PendingText, Place
from pennyform.invoices.money.totals import Product, UnknownProductError, totals
from pennyform.invoices.yaml.document import Path

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote

RULE = "deduction-differs"


@dataclass(frozen=True, slots=True)
class DepositProblem:
    """Why a deposit cannot be taken off: ``field`` of the balance invoice is to blame, or its deduction."""

    summary: str
    fix: str
    field: str = "deduct"


def deposit_problems(
    deposit: Deposit, balance: DesiredInvoice, *, same_customer: bool
) -> Iterator[DepositProblem]:
    """What does not fit between a deposit and the invoice that takes it off.

    Args:
        deposit: as its definition says it, or the account.
        balance: the invoice.
        same_customer: whether both are for one customer, as far as that is known.
    """
    name, body = f"`{deposit.reference}`", balance.body
    if deposit.is_credit_note or (deposit.charged is not None and deposit.charged <= 0):
        what = "is a credit note" if deposit.is_credit_note else "charges nothing"
        yield DepositProblem(f"{name} {what}: there is nothing to take off", "name the deposit invoice")
        return
    if not same_customer:
        key = deposit.customer
        customer = (
            key.value
            if isinstance(key, Key) and key.field != "id"
            else f"{{id: {key.value if isinstance(key, Key) else key}}}"
        )
        summary = f"{name} is for another customer, `{customer}`"
        yield DepositProblem(summary, f"write `{customer}`, or name another deposit", "customer")
    if deposit.currency != (body.currency or "EUR"):
        summary = f"{name} is in {deposit.currency}, the invoice in {body.currency or 'EUR'}"
        yield DepositProblem(summary, f"write `currency: {deposit.currency}`", "currency")
    if deposit.date > body.date:
        summary = f"{name} is of {deposit.date}, after the invoice that takes it off"
        yield DepositProblem(summary, f"write {deposit.date} or a later day", "date")
    if deposit.amounts is not None and not deposit.amounts:
        summary = f"nothing is left of {name}: its credit notes took all of it back"
        yield DepositProblem(summary, "delete it here")


def same_key(first: Id, second: Id) -> bool:
    """Whether two customers may be one: only keys of one kind tell that they are not."""
    comparable = isinstance(first, Key) and isinstance(second, Key) and first.field == second.field
    return not comparable or first == second


@dataclass(slots=True)
class DepositsTaken:
    """Which deposit was taken off by which invoice, in the order of the dates of those.

    An invoice is told by its reference, and a deduction of it by its index: rows of one definition share keys
    and places.
    """

    by_deposit: dict[tuple[str, str], tuple[str, int, Place]] = field(default_factory=dict)

    def take(self, resolved: ResolvedInvoice) -> Iterator[Finding]:
        """Note the deposits of ``resolved``; a finding for each that is taken off already."""
        for index, deduction in enumerate(resolved.invoice.deductions):
            key = deduction.deposit
            name = (key.field, str(key.value))
            taker = (resolved.invoice.external_reference, index, key.place)
            reference, first, place = self.by_deposit.setdefault(name, taker)
            if (reference, first) != taker[:2]:
                fix = "delete one of the two"
                if reference != resolved.invoice.external_reference:
                    fix += f", or define a credit note of all of `{reference}`"
                yield resolved.document.finding(
                    "deduction-twice",
                    f"`{key.value}` is taken off already",
                    ("deduct", index),
                    detail=f"`{reference}` takes it off at {place}.",
                    fix=fix,
                )


def is_credited_in_full(
    balance: DesiredInvoice,
    linked: Iterable[DesiredInvoice],
    notes: Iterable[CreditNote],
    product: Product,
    rounding: str,
) -> bool:
    """Whether credit notes take back all of ``balance``, so that its deposits can be taken off anew.

    Args:
        balance: the invoice, with the lines of its deductions.
        linked: credit notes that leave their lines to the invoices that they name, among others.
        notes: those that say their lines themselves; one may occur twice.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    reference = balance.external_reference
    for other in linked:
        key = other.credit_note_of
        # ``credit: all`` names no lines.
        if other.credit == () and key is not None and str(key.value) == reference:
            return True
    amounts = {note.terms.reference: note.terms.amount for note in notes if note.of == reference}
    taken_back = -sum((amount or Decimal(0) for amount in amounts.values()), Decimal(0))
    try:
        return bool(amounts) and taken_back >= totals(balance.body, rounding=rounding, product=product).amount
    except UnknownProductError:
        return False


def check_balance(
    resolved: ResolvedInvoice, deposits: Mapping[int, Deposit], product: Product, rounding: str
) -> Iterator[Finding]:
    """Everything that does not fit between a balance invoice and its deposits.

    Args:
        resolved: the invoice, with the lines of its deductions.
        deposits: those of them that are known here, by the index of the deduction.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    invoice, document = resolved.invoice, resolved.document
    if invoice.credit_note_of is not None:
        summary = "a credit note takes off no deposit"
        yield document.finding(RULE, summary, ("deduct",), key=True, fix="delete `deduct`")
        return
    yield from _labels(resolved)
    for index, deposit in deposits.items():
        same = same_key(deposit.customer, invoice.body.customer_id)
        for problem in deposit_problems(deposit, invoice, same_customer=same):
            path: Path = ("deduct", index) if problem.field == "deduct" else (problem.field,)
            yield document.finding(RULE, problem.summary, path, fix=problem.fix)
    if isinstance(invoice.body, InvoiceBody) and invoice.body.discount:
        yield document.finding(
            "deduction-discount",
            "a discount on the invoice would make the deductions smaller as well",
            ("discount",),
        )
        return
    for index, deduction in enumerate(invoice.deductions):
        if index not in deposits or deposits[index].amounts is None:
            yield document.finding(
                "deduction-open",
                f"what `{deduction.deposit.value}` came to is known only to the account",
                ("deduct", index),
                severity=Severity.NOTE,
            )
            return
    yield from _cents(resolved, list(deposits.values()), product, rounding)


def _labels(resolved: ResolvedInvoice) -> Iterator[Finding]:
    """Labels without the number of the deposit that they are about: nobody could tell what was taken off."""
    for index, deduction in enumerate(resolved.invoice.deductions):
        name, label = str(deduction.deposit.value), deduction.label
        if label is None:
            continue
        if deduction.deposit.field == "external_reference":
            is_named = isinstance(label, PendingText) and name in label.references
            fix = f"write `{{{{ number('{name}') }}}}` in it, or leave `label` out"
        else:
            is_named, fix = name in label, f"write {name} in it, or leave `label` out"
        if not is_named:
            summary = f"the label does not print the number of `{name}`"
            yield resolved.document.finding(RULE, summary, ("deduct", index, "label"), fix=fix)


def _cents(
    resolved: ResolvedInvoice, deposits: Sequence[Deposit], product: Product, rounding: str
) -> Iterator[Finding]:
    for code, missing, currency in open_cents(resolved.invoice, deposits, product, rounding):
        yield resolved.document.finding(
            "deduction-cent",
            f"deposits and balance come to {missing:+f} {currency} of tax at `{code}` beyond the whole price",
            ("deduct",),
            key=True,
            severity=Severity.WARNING,
            detail=f"With `rounding: {rounding}`, no line can make up for it.",
        )


def open_cents(
    invoice: DesiredInvoice, deposits: Sequence[Deposit], product: Product, rounding: str
) -> Iterator[tuple[str, Decimal, str]]:
    """The tax by which deposits and balance together differ from the whole price, by VAT code.

    Yields the code, the difference (above zero when they charge more), and the currency.
    """
    if not isinstance(invoice.body, InvoiceBody):
        return
    full_body = invoice.body._replace(invoice_lines=own_lines(invoice))
    try:
        full_price = totals(full_body, rounding=rounding, product=product)
        balance = totals(invoice.body, rounding=rounding, product=product)
    except UnknownProductError:
        return
    taxes: dict[str, Decimal] = {}
    for vat in balance.vat:
        taxes[vat.vat_rate] = taxes.get(vat.vat_rate, Decimal(0)) + vat.tax
    for deposit in deposits:
        for amount in deposit.amounts or ():
            taxes[amount.vat_rate] = taxes.get(amount.vat_rate, Decimal(0)) + amount.tax
    for vat in full_price.vat:
        taxes[vat.vat_rate] = taxes.get(vat.vat_rate, Decimal(0)) - vat.tax
    for code, missing in taxes.items():
        if missing:
            yield code, missing, balance.currency
