"""What stands on the page of an issued document, for the layout that previews have too.

Only the layout and its labels are shared: texts and amounts are the sandbox's own, from its records. Amounts
of a credit note are positive here, as in its XML: its title says which way the money goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from textwrap import wrap

from pennyform.locales import formats
from pennyform.sandbox.auth import Company
from pennyform.sandbox.documents.issued_invoice import IBAN, NOTES, Party, Vat, buyer_of, seller_of, vat_of
from pennyform.sandbox.model.documents import (
    CustomerInvoice,
    InvoiceLine,
    InvoiceSection,
    Quote,
    StoredDiscount,
)
from pennyform.sandbox.money.arithmetic import Amounts, discount_amount
from pennyform.sandbox.money.totals import signed_discount, totals_of
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import Records, Selection
from pennyform.typesetting import Block, Content, Fact, Group, Row, labels

_QUOTE = {"fr": "Devis", "en": "Quote", "de": "Angebot"}
_ZERO = Decimal(0)


def page_texts(
    records: Records, company: Company, identifier: int, document: CustomerInvoice | Quote, rules: Rules
) -> Content:
    """The texts of an issued invoice, a credit note or a quote, in the document's language.

    Args:
        records: of the company.
        company: who issued it.
        identifier: the id of the document.
        document: the document.
        rules: by which its amounts were computed.
    """
    return _Page(records, company, identifier, document, rules).texts()


class _Page:
    def __init__(
        self,
        records: Records,
        company: Company,
        identifier: int,
        document: CustomerInvoice | Quote,
        rules: Rules,
    ) -> None:
        self.records, self.company, self.document, self.rules = records, company, document, rules
        selection = Selection(order="json_extract(body, '$.rank'), id")
        self.lines = [record.body for record in records.select(InvoiceLine, selection, parent=identifier)]
        by_id = Selection(order="id ASC")
        self.sections = [record.body for record in records.select(InvoiceSection, by_id, parent=identifier)]
        self.sign = -1 if document.credit_note else 1
        self.language = document.language[:2]
        self.words = labels(self.language) | {"preview": ""}
        self.formats = formats(self.language, document.currency)

    def texts(self) -> Content:
        document, words = self.document, self.words
        is_quote = isinstance(document, Quote)
        kind = "credit_note" if document.credit_note else "invoice"
        number = document.invoice_number or (document.quote_number if isinstance(document, Quote) else "")
        notes = () if is_quote else (text for _, text in NOTES)
        mentions = (document.special_mention, *notes, document.pdf_invoice_free_text)
        total = self.formats.money(self._signed(document.currency_amount))
        transfer = (self._fact("transfer", " ".join(wrap(IBAN, 4))),)
        due = "amount" if is_quote else "credited_amount" if document.credit_note else "due_amount"
        return Content(
            language=self.language,
            title=_QUOTE[self.language] if is_quote else words[kind],
            name=number,
            words=words,
            facts=(self._fact("number", number), *self._facts()),
            seller=self._party(seller_of(self.company), "seller"),
            buyer=self._party(buyer_of(self.records, document), "buyer"),
            delivery=None,
            subject=document.pdf_invoice_subject or "",
            introduction=document.pdf_description or "",
            groups=tuple(self._groups()),
            taxes=tuple(self._taxes()),
            sums=tuple(self._sums()),
            due=self._fact(due, total),
            payment=() if is_quote or document.credit_note else transfer,
            mentions=tuple(text for text in mentions if text),
            claims=(),
        )

    def _fact(self, word: str, value: str) -> Fact:
        return Fact(self.words[word], value)

    def _facts(self) -> Iterator[Fact]:
        document = self.document
        yield self._fact("date", self._day(document.date))
        if document.credit_note:
            credited = self.records.get(CustomerInvoice, document.credited_invoice_id or 0)
            if credited:
                yield self._fact("credits", credited.body.invoice_number)
        else:
            yield self._fact("due", self._day(document.deadline))

    def _party(self, party: Party, heading: str) -> Block:
        address = party.address
        town = f"{address.postal_code} {address.city}".strip()
        country = self.formats.country(address.country_alpha2)
        lines = (party.name, address.address, town, country)
        facts = (self._fact("siren", party.siren), self._fact("vat_number", party.vat_number))
        return Block(
            self.words[heading],
            tuple(line for line in lines if line),
            tuple(fact for fact in facts if fact.value),
        )

    def _groups(self) -> Iterator[Group]:
        """Lines below their sections; those without a section come first."""
        headings = sorted(self.sections, key=lambda section: section.rank)
        for section in [None, *headings]:
            rank = section.rank if section else None
            lines = [line for line in self.lines if line.section_rank == rank]
            net = sum((self._signed(line.currency_amount_before_tax) for line in lines), _ZERO)
            if lines:
                yield Group(
                    title=(section.title if section else "") or "",
                    description=(section.description if section else "") or "",
                    rows=tuple(map(self._row, lines)),
                    total=self.formats.money(net) if section else "",
                )

    def _row(self, line: InvoiceLine) -> Row:
        details = line.description.splitlines()
        days = [self._day(day) for day in (line.imputation_dates or {}).values()]
        details += [" \N{EN DASH} ".join(days)] if days else []
        if Decimal(line.discount.value or "0"):
            price = Decimal(line.quantity) * Decimal(line.raw_currency_unit_price)
            discount = self._discount(line.discount, price)
            details.append(f"{self.words['discount']}{self.words['colon']}{discount}")
        vat = vat_of(line, self.document, self.rules)
        return Row(
            label=line.label,
            details=tuple(details),
            quantity=self.formats.number(self._signed(line.quantity)),
            unit=line.unit,
            price=self.formats.price(Decimal(line.raw_currency_unit_price)),
            vat=self.formats.percent(vat.percent),
            amount=self.formats.money(self._signed(line.currency_amount_before_tax)),
        )

    def _discount(self, stored: StoredDiscount, amount: Decimal) -> str:
        """A discount on ``amount``: its percentage, or what it takes off."""
        discount = signed_discount(stored, self.rules)
        if discount.type == "relative":
            return self.formats.percent(discount.value)
        return self.formats.money(self._signed(discount_amount(amount, discount)))

    def _taxes(self) -> Iterator[tuple[str, str, str, str]]:
        """Base and tax of each kind of VAT, as the document comes to."""
        codes = totals_of(self.document, self.lines, self.rules).codes
        taxes: dict[Vat, Amounts] = {}
        for line in {line.vat_rate: line for line in self.lines}.values():
            vat, amounts = vat_of(line, self.document, self.rules), codes[line.vat_rate]
            so_far = taxes.get(vat, Amounts(_ZERO, _ZERO))
            taxes[vat] = Amounts(so_far.before_tax + amounts.before_tax, so_far.tax + amounts.tax)
        for vat, amounts in taxes.items():
            name = self.formats.percent(vat.percent) if vat.category in ("S", "Z") else self.words["no_tax"]
            base, tax = (
                self.formats.money(self._signed(amount)) for amount in (amounts.before_tax, amounts.tax)
            )
            yield name, base, tax, vat.reason

    def _sums(self) -> Iterator[Fact]:
        document = self.document
        if Decimal(document.discount.value or "0"):
            gross = totals_of(document, self.lines, self.rules).gross
            yield self._fact("allowance", self._discount(document.discount, gross))
        for word, amount in (
            ("before_tax", document.currency_amount_before_tax),
            ("tax", document.currency_tax),
            ("amount", document.currency_amount),
        ):
            yield self._fact(word, self.formats.money(self._signed(amount)))

    def _signed(self, amount: str | Decimal) -> Decimal:
        """An amount of the records as the page has it; adding zero takes its sign off a zero."""
        return self.sign * Decimal(amount) + _ZERO

    def _day(self, day: str) -> str:
        return self.formats.day(dt.date.fromisoformat(day))
