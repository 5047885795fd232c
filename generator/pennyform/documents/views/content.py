"""What stands on a document, in words and in the order of the page: texts only, in one language.

Dates, numbers, currencies and names of countries are those of the CLDR, as Babel has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pennyform.documents.extra import needed
from pennyform.documents.model import Delivery, Document, Line, Party
from pennyform.locales import formats
from pennyform.typesetting import Block, Content, Fact, Group, Row, labels


def content(document: Document, claims: Sequence[str]) -> Content:
    """The content of ``document``.

    Raises:
        Failure: ``missing-extra``.
    """
    return _Reader(document).content(tuple(claims))


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = labels(document.language)
        needed("babel")
        self.formats = formats(document.language, document.currency)

    def content(self, claims: tuple[str, ...]) -> Content:
        document, words = self.document, self.words
        notes = [note.text for note in document.notes if note.subject != "BAR"]
        return Content(
            language=document.language,
            title=words[document.kind],
            name=document.reference,
            words=words,
            facts=tuple(self._facts()),
            seller=self._party(document.seller, words["seller"]),
            buyer=self._party(document.buyer, words["buyer"]),
            delivery=self._delivered(document.delivery) if document.delivery else None,
            subject=document.subject,
            introduction=document.description,
            groups=tuple(self._groups()),
            taxes=tuple(
                (
                    self.formats.percent(total.tax.percent)
                    if total.tax.category in ("S", "Z")
                    else words["no_tax"],
                    self.formats.money(total.base),
                    self.formats.money(total.amount),
                    total.tax.reason,
                )
                for total in document.taxes
            ),
            sums=tuple(self._sums()),
            due=Fact(
                words["credited_amount" if document.is_credit_note else "due_amount"],
                self.formats.money(document.amount),
            ),
            payment=tuple(self._payment()),
            mentions=tuple(text for text in (*notes, document.free_text) if text.strip()),
            claims=claims,
        )

    def _facts(self) -> list[Fact]:
        document, words = self.document, self.words
        facts = [
            Fact(words["number"], words["pending"]),
            Fact(words["reference"], document.reference),
            Fact(words["date"], self.formats.day(document.date)),
        ]
        if not document.is_credit_note:
            facts.append(Fact(words["due"], self.formats.day(document.due)))
        if document.preceding:
            facts.append(Fact(words["credits"], document.preceding.number))
        if document.buyer.number:
            facts.append(Fact(words["customer_number"], document.buyer.number))
        return facts

    def _party(self, party: Party, heading: str) -> Block:
        words = self.words
        town = " ".join(filter(None, (party.postal_code, party.city)))
        lines = (party.name, party.address, town, self.formats.country(party.country))
        attention = f"{words['attention']} {party.contact}" if party.contact else ""
        number = party.siret or party.legal_id
        name = "siret" if party.siret else "siren" if party.legal_scheme else "reference"
        facts = [
            Fact(words[name], number),
            Fact(words["vat_number"], party.vat_number),
            Fact("", party.legal_text),
            Fact("", party.email),
            Fact("", party.phone),
        ]
        return Block(
            heading,
            tuple(filter(None, (*lines, attention))),
            tuple(fact for fact in facts if fact.value),
        )

    def _delivered(self, delivery: Delivery) -> Block:
        town = " ".join(filter(None, (delivery.postal_code, delivery.city)))
        lines = (delivery.address, town, self.formats.country(delivery.country))
        return Block(self.words["delivered_to"], tuple(filter(None, lines)), ())

    def _groups(self) -> list[Group]:
        """The lines below their sections, those without one first."""
        document = self.document
        groups = []
        ranks = [None, *(section.rank for section in document.sections)]
        sections = {section.rank: section for section in document.sections}
        for rank in ranks:
            lines = [
                line
                for line in document.lines
                if (line.section if line.section in sections else None) == rank
            ]
            if not lines:
                continue
            section = sections.get(rank) if rank is not None else None
            total = self.formats.money(sum((line.net for line in lines), Decimal(0)))
            groups.append(
                Group(
                    section.title if section else "",
                    section.description if section else "",
                    tuple(map(self._row, lines)),
                    total if section else "",
                )
            )
        return groups

    def _row(self, line: Line) -> Row:
        words = self.words
        details = [part for part in line.description.splitlines() if part.strip()]
        if line.start or line.end:
            days = " \N{EN DASH} ".join(self.formats.day(day) for day in (line.start, line.end) if day)
            details.append(f"{words['period']}{words['colon']}{days}")
        if line.allowance:
            percent = (
                f" {self.formats.number(line.allowance_percent)} %"
                if line.allowance_percent is not None
                else ""
            )
            details.append(
                f"{words['discount']}{percent}{words['colon']}{self.formats.money(-line.allowance)}"
            )
        return Row(
            line.name,
            tuple(details),
            self.formats.number(line.quantity),
            line.unit,
            self.formats.price(line.price),
            self.formats.percent(line.tax.percent),
            self.formats.money(line.net),
        )

    def _sums(self) -> list[Fact]:
        document, words = self.document, self.words
        sums = []
        if document.allowances:
            sums.append(Fact(words["lines_total"], self.formats.money(document.lines_total)))
            percent = document.allowances[0].percent
            label = words["allowance"] + (f" {self.formats.number(percent)} %" if percent is not None else "")
            sums.append(Fact(label, self.formats.money(-document.allowance_total)))
        sums.append(Fact(words["before_tax"], self.formats.money(document.before_tax)))
        sums.append(Fact(words["tax"], self.formats.money(document.tax)))
        sums.append(Fact(words["amount"], self.formats.money(document.amount)))
        return sums

    def _payment(self) -> list[Fact]:
        document = self.document
        if document.is_credit_note or not document.iban:
            return []
        iban = " ".join(document.iban[at : at + 4] for at in range(0, len(document.iban), 4))
        facts = [Fact(self.words["transfer"], iban)]
        if document.bic:
            facts.append(Fact("BIC", document.bic))
        return facts
