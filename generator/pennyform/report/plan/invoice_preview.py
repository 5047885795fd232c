"""An invoice as its customer would see it, from a change in a plan's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pennyform.report.plan.charts import addressee
from pennyform.report.shared.formatting import plain, value
from pennyform.report.shared.number_format import amount, day

Data = Mapping[str, Any]

_ADDRESS = ("address", "postal_code city", "country_alpha2")


class Line(NamedTuple):
    """One line as it is printed; ``changed`` tells that the account has it otherwise, or not at all."""

    label: str
    description: str
    period: str
    quantity: str
    price: str
    discount: str
    rate: str
    amount: str
    changed: bool


class Group(NamedTuple):
    """Lines under a section's title, or under none."""

    title: str
    description: str
    lines: tuple[Line, ...]


class Paper(NamedTuple):
    """The page. ``texts`` are what stands before the lines, ``notes`` what stands behind the totals."""

    kind: str
    number: str
    draft: bool
    customer: str
    address: tuple[str, ...]
    date: str
    deadline: str
    subject: str
    texts: tuple[str, ...]
    notes: tuple[str, ...]
    discount: str
    groups: tuple[Group, ...]
    totals: Data


def paper(change: Data) -> Paper | None:
    """The page that ``change`` makes; None where no invoice comes of it, or it stays as it is."""
    body, totals = change["after"], change["totals"]
    stays = change["action"] in {"conflict", "unsettled"}
    if change["kind"] != "invoice" or body is None or totals is None or stays:
        return None
    return Paper(
        kind=_kind(change),
        number=plain(change["invoice_number"] or body.get("invoice_number") or ""),
        draft=not change["irreversible"] and (change["before"] is None or change["before"]["draft"]),
        customer=addressee(change),
        address=tuple(_address(change["customer"])),
        date=day(body["date"]),
        deadline=day(body["deadline"]),
        subject=value(body.get("pdf_invoice_subject")) if body.get("pdf_invoice_subject") else "",
        texts=_texts(body, "pdf_invoice_free_text"),
        notes=_texts(body, "special_mention", "pdf_description"),
        discount=_discount(body, totals),
        groups=tuple(_groups(change)),
        totals=totals,
    )


def _kind(change: Data) -> str:
    negative = change["totals"]["currency_amount"].startswith("-")
    return "Credit note" if negative or "link_credit_note" in change["steps"] else "Invoice"


def _address(customer: Data | None) -> Iterator[str]:
    address = (customer or {}).get("billing_address") or {}
    for names in _ADDRESS:
        text = " ".join(plain(str(address.get(name) or "")) for name in names.split()).strip()
        if text:
            yield text


def _texts(body: Data, *names: str) -> tuple[str, ...]:
    """Free text by paragraphs; its line breaks are its author's."""
    texts = (str(body.get(name) or "").splitlines() for name in names)
    return tuple(plain(line) for lines in texts for line in lines if line.strip())


def _discount(given: Data, totals: Data) -> str:
    discount = given.get("discount")
    text = value(discount) if discount else "none"
    if text == "none":
        return ""
    return text if discount and discount["type"] == "relative" else f"{amount(text)} {totals['currency']}"


def _groups(change: Data) -> Iterator[Group]:
    """Lines without a section come first, then each section by its rank."""
    body = change["after"]
    lines = list(_lines(change))
    ranks = [given.get("section_rank") for given in body["invoice_lines"]]
    sections = {section["rank"]: section for section in body.get("invoice_line_sections") or ()}
    for rank in (None, *sorted(sections)):
        kept = tuple(line for line, its in zip(lines, ranks, strict=True) if its == rank)
        if kept:
            words = sections.get(rank, {})
            yield Group(_text(words.get("title")), _text(words.get("description")), kept)


def _lines(change: Data) -> Iterator[Line]:
    body, totals = change["after"], change["totals"]
    percents = {row["vat_rate"]: row["percent"] for row in totals["vat"]}
    changed = _changed(change["differences"])
    pairs = zip(body["invoice_lines"], totals["lines"], strict=True)
    for index, (stated, computed) in enumerate(pairs):
        rate = computed["vat_rate"]
        yield Line(
            label=_text(computed["label"]),
            description=_text(stated.get("description")),
            period=_period(stated.get("imputation_dates")),
            quantity=f"{amount(computed['quantity'])} {_text(computed['unit'])}".strip(),
            price=amount(computed["raw_currency_unit_price"]),
            discount=_discount(stated, totals),
            rate=f"{percents[rate]} %" if rate in percents else rate,
            amount=amount(computed["currency_amount_before_tax"]),
            changed=index in changed,
        )


def _changed(differences: Sequence[Data]) -> set[int]:
    pointers = (row["pointer"].split("/") for row in differences)
    return {int(parts[2]) for parts in pointers if len(parts) > 2 and parts[1] == "invoice_lines"}


def _period(given: Data | None) -> str:
    return f"{day(given['start_date'])} to {day(given['end_date'])}" if given else ""


def _text(given: Any) -> str:
    return plain(str(given)) if given else ""
