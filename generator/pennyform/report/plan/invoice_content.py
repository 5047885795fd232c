"""An invoice as its customer will see it, from a change of a plan: in the layout of ``preview``.

A plan knows what the account is asked for, and of the seller the name alone. What follows from the settings
(the seller's address, the account to pay to, mentions of the law) stands in a preview.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from pennyform.locales import formats
from pennyform.report.plan.charts import addressee
from pennyform.report.shared.formatting import format_value
from pennyform.results.plan import Action, PlannedChange, PlannedInvoice
from pennyform.results.values import Discount, InvoiceContent, InvoiceTotals, Json, LineContent, LineTotals
from pennyform.text import one_line
from pennyform.typesetting import Block, Content, Fact, Group, Row, labels, language_of

_ZERO = Decimal(0)


def invoice_content(change: PlannedChange, seller: str) -> Content | None:
    """What stands on the invoice that ``change`` makes; None where none comes of it, or it stays as it is.

    Args:
        change: of the plan.
        seller: the name of the company.
    """
    if not isinstance(change, PlannedInvoice) or change.action in {Action.CONFLICT, Action.UNSETTLED}:
        return None
    if change.after is None or change.totals is None:
        return None
    return _Writer(change, change.after, change.totals).content(seller)


class _Writer:
    def __init__(self, change: PlannedInvoice, body: InvoiceContent, totals: InvoiceTotals) -> None:
        self.change, self.body, self.totals = change, body, totals
        self.card = change.customer or None
        self.language = language_of(str(body.get("language") or (self.card.language if self.card else "")))
        self.words = labels(self.language)
        self.formats = formats(self.language, totals.currency)
        # A credit note has a negative amount, or is to be linked to what it takes back when it comes to
        # nothing. Its own amounts are positive: its name says which way the money goes.
        self.is_credit_note = totals.currency_amount.startswith("-") or "link_credit_note" in change.steps
        self.sign = -1 if self.is_credit_note else 1

    def content(self, seller: str) -> Content:
        body, words = self.body, self.words
        due = "credited_amount" if self.is_credit_note else "due_amount"
        return Content(
            language=self.language,
            title=words["credit_note" if self.is_credit_note else "invoice"],
            name=self.change.external_reference,
            words=words,
            facts=tuple(self._facts()),
            seller=Block(words["seller"], (seller,), ()),
            buyer=self._buyer(),
            delivery=None,
            subject=_text(body.get("pdf_invoice_subject")),
            introduction=body.get("pdf_description") or "",
            groups=tuple(self._groups()),
            taxes=tuple(
                (self._percent(row.percent), self._money(row.base), self._money(row.tax), row.vat_rate)
                for row in self.totals.vat
            ),
            sums=tuple(self._sums()),
            due=Fact(words[due], self._money(self.totals.currency_amount)),
            payment=(),
            mentions=tuple(_paragraphs(body.get("special_mention"), body.get("pdf_invoice_free_text"))),
            claims=(),
        )

    def _signed(self, text: str) -> Decimal:
        """An amount as the page has it; adding zero takes its sign off a zero."""
        return self.sign * Decimal(text) + _ZERO

    def _money(self, text: str) -> str:
        return self.formats.money(self._signed(text))

    def _percent(self, text: str) -> str:
        return self.formats.percent(Decimal(text)) if Decimal(text) else self.words["no_tax"]

    def _day(self, text: str) -> str:
        return self.formats.day(dt.date.fromisoformat(text))

    def _facts(self) -> Iterator[Fact]:
        words, number = self.words, self.change.invoice_number or self.body.get("invoice_number")
        yield Fact(words["number"], number or words["pending"])
        yield Fact(words["reference"], self.change.external_reference)
        yield Fact(words["date"], self._day(self.body["date"]))
        if not self.is_credit_note:
            yield Fact(words["due"], self._day(self.body["deadline"]))

    def _buyer(self) -> Block:
        card, words = self.card, self.words
        address = (card.billing_address if card else None) or {}
        town = f"{_text(address.get('postal_code'))} {_text(address.get('city'))}".strip()
        country = self.formats.country(_text(address.get("country_alpha2")))
        lines = [addressee(self.change), _text(address.get("address")), town, country]
        facts = []
        if card:
            lines += [f"{words['attention']} {card.recipient}"] if card.recipient else []
            facts = [
                Fact(words["reference"], card.reg_no),
                Fact(words["vat_number"], card.vat_number),
                Fact("", ", ".join(card.emails)),
            ]
        return Block(words["buyer"], tuple(filter(None, lines)), tuple(fact for fact in facts if fact.value))

    def _groups(self) -> Iterator[Group]:
        """Lines without a section come first, then each section by its rank."""
        pairs = list(zip(self.body["invoice_lines"], self.totals.lines, strict=True))
        pointers = (difference.pointer.split("/") for difference in self.change.differences)
        changed = {int(parts[2]) for parts in pointers if len(parts) > 2 and parts[1] == "invoice_lines"}
        sections = {section["rank"]: section for section in self.body.get("invoice_line_sections") or ()}
        for rank in (None, *sorted(sections)):
            members = [
                (index, *pair) for index, pair in enumerate(pairs) if pair[0].get("section_rank") == rank
            ]
            section = sections.get(rank, {}) if rank is not None else {}
            if members:
                net = sum((Decimal(line.currency_amount_before_tax) for _, _, line in members), _ZERO)
                yield Group(
                    _text(section.get("title")),
                    _text(section.get("description")),
                    tuple(
                        self._row(content, line, is_changed=index in changed)
                        for index, content, line in members
                    ),
                    self._money(str(net)) if section else "",
                )

    def _row(self, content: LineContent, line: LineTotals, *, is_changed: bool) -> Row:
        words, details = self.words, _paragraphs(content.get("description"))
        match content.get("imputation_dates"):
            case {"start_date": start, "end_date": end}:
                days = f"{self._day(str(start))} \N{EN DASH} {self._day(str(end))}"
                details.append(f"{words['period']}{words['colon']}{days}")
        quantity, price = self._signed(line.quantity), Decimal(line.raw_currency_unit_price)
        if price < 0:
            quantity, price = -quantity, -price
        net = self._signed(line.currency_amount_before_tax)
        details += self._discount("discount", content.get("discount"), quantity * price, net)
        return Row(
            _text(line.label),
            tuple(details),
            self.formats.number(quantity),
            _text(line.unit),
            self.formats.price(price),
            self._percent(next((v.percent for v in self.totals.vat if v.vat_rate == line.vat_rate), "0")),
            self.formats.money(net),
            code=line.vat_rate,
            is_changed=is_changed,
        )

    def _discount(self, word: str, discount: Discount | None, gross: Decimal, net: Decimal) -> Iterator[str]:
        if discount and Decimal(str(discount["value"] or 0)):
            taken = self.formats.money((net - gross).quantize(net))
            yield f"{self._discount_name(word, discount)}{self.words['colon']}{taken}"

    def _discount_name(self, word: str, discount: Discount) -> str:
        value = Decimal(str(discount["value"]))
        percent = f" {self.formats.number(value)} %" if discount["type"] == "relative" else ""
        return f"{self.words[word]}{percent}"

    def _sums(self) -> Iterator[Fact]:
        words, totals, discount = self.words, self.totals, self.body.get("discount")
        if discount and Decimal(str(discount["value"] or 0)):
            lines = sum((Decimal(line.currency_amount_before_tax) for line in totals.lines), _ZERO)
            taken = Decimal(totals.currency_amount_before_tax) - lines
            yield Fact(words["lines_total"], self._money(str(lines)))
            yield Fact(self._discount_name("allowance", discount), self._money(str(taken)))
        yield Fact(words["before_tax"], self._money(totals.currency_amount_before_tax))
        yield Fact(words["tax"], self._money(totals.currency_tax))
        yield Fact(words["amount"], self._money(totals.currency_amount))


def _paragraphs(*texts: str | None) -> list[str]:
    """Free text by paragraphs; its line breaks are its author's."""
    lines = (line for text in texts for line in (text or "").splitlines())
    return [one_line(line) for line in lines if line.strip()]


def _text(value: Json) -> str:
    return format_value(value) if value else ""
