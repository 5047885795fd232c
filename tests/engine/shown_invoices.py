"""Invoices as each output shows them: read from patterns of text, cells of a page, and the API.

No reader uses code of pennyform: two outputs that share a mistake are not read by that mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import lxml.html
import yaml
from babel.dates import get_month_names
from babel.numbers import get_currency_symbol, get_decimal_symbol

# Before tax, tax, tax included.
Amounts = tuple[Decimal, Decimal, Decimal]
# Before tax and tax, by VAT code.
Vat = Mapping[str, tuple[Decimal, Decimal]]


@dataclass(frozen=True, order=True)
class ShownLine:
    """One line; ``amount`` is before tax, and ``discount`` empty when nothing is taken off."""

    label: str
    quantity: Decimal
    unit: str
    price: Decimal
    vat_code: str
    amount: Decimal
    discount: str


@dataclass(frozen=True)
class ShownInvoice:
    """One invoice of one output; None is what that output does not show."""

    reference: str
    customer_reference: str | None
    customer_name: str | None
    date: date | None
    deadline: date | None
    currency: str
    discount: str
    lines: tuple[ShownLine, ...]
    amounts: Amounts
    vat: Vat | None


@dataclass(frozen=True)
class ShownSum:
    """The sum of a currency over several invoices."""

    vat: Vat
    amounts: Amounts


def add_up(invoices: Iterable[ShownInvoice]) -> dict[str, Amounts]:
    """The amounts of invoices together, by currency."""
    sums: dict[str, Amounts] = {}
    for invoice in invoices:
        before = sums.get(invoice.currency, (Decimal(0),) * 3)
        base, tax, total = (one + other for one, other in zip(before, invoice.amounts, strict=True))
        sums[invoice.currency] = (base, tax, total)
    return sums


# --- texts -----------------------------------------------------------------------------------------------

_RENDERED_HEAD = re.compile(r"(?P<reference>\S+)  for (?P<customer>\S+?)(?:, .*)?")
_RENDERED_DATES = re.compile(r"  (\d{4}-\d\d-\d\d), due (\d{4}-\d\d-\d\d)")
_RENDERED_LINE = re.compile(
    r"  (?P<label>\S.*?)  +(?P<quantity>-?[\d.]+)(?: (?P<unit>.*?))? x (?P<price>-?[\d.]+)"
    r"(?:  +- (?P<discount>-?[\d.]+(?: %)?))?  +(?P<vat_code>\w+)  +(?P<amount>-?[\d.]+)"
)
_RENDERED_DISCOUNT = re.compile(r"  discount on the invoice: (.*)")
_RENDERED_VAT = re.compile(r"  (\w+): [\d.]+ % of (-?[\d.]+) is (-?[\d.]+)(?:, .+)?")
_RENDERED_SUM = re.compile(r"  (-?[\d.]+) \+ tax (-?[\d.]+) = (-?[\d.]+) ([A-Z]{3})")


def read_rendered_text(text: str) -> Iterator[ShownInvoice]:
    """What ``render`` prints."""
    for block in text.strip("\n").split("\n\n"):
        head, *rows = block.split("\n")
        named = _RENDERED_HEAD.fullmatch(head)
        assert named, head
        dates = [found.groups() for found in map(_RENDERED_DATES.fullmatch, rows) if found]
        start, end = map(date.fromisoformat, dates[0]) if dates else (None, None)
        *amounts, currency = _one(_RENDERED_SUM, rows)
        discounts = [found[1] for found in map(_RENDERED_DISCOUNT.fullmatch, rows) if found]
        yield ShownInvoice(
            named["reference"],
            named["customer"],
            None,
            start,
            end,
            currency,
            _discount_of(discounts[0] if discounts else ""),
            tuple(_line(found) for found in map(_RENDERED_LINE.fullmatch, rows) if found),
            _amounts(amounts),
            {
                found[1]: (Decimal(found[2]), Decimal(found[3]))
                for found in map(_RENDERED_VAT.fullmatch, rows)
                if found
            },
        )


_PLANNED_HEAD = re.compile(r"  \S (customer|invoice) (\S+) will be (?:created|imported).*")
_PLANNED_BUYER = re.compile(r"      for ([^,]+), .* \(as the account has it\)")
_PLANNED_FIELD = re.compile(r"      (\w+)  +(\S.*)")
_PLANNED_LINE = re.compile(
    r"        · (?P<label>\S.*?)  +(?P<quantity>-?[\d.]+)(?: +(?P<unit>\S.*?))? +x +(?P<price>-?[\d.]+)"
    r"(?:  +- +(?P<discount>-?[\d.]+(?: +%)?))?  +(?P<vat_code>\w+)  +(?P<amount>-?[\d.]+)"
)
_PLANNED_SUM = re.compile(r"      before tax (-?[\d.]+)   VAT (-?[\d.]+)   total (-?[\d.]+) ([A-Z]{3})")


def read_planned_text(text: str) -> Iterator[ShownInvoice]:
    """What ``plan`` prints of new invoices; it has the names of customers that are new or not declared."""
    names: dict[str, str] = {}
    for block in text.split("\n\n"):
        head, *rows = block.split("\n")
        change = _PLANNED_HEAD.fullmatch(head)
        fields = {found[1]: found[2] for found in map(_PLANNED_FIELD.fullmatch, rows) if found}
        if not change:
            continue
        if change[1] == "customer":
            person = f"{fields.get('first_name')} {fields.get('last_name')}"
            names[change[2]] = fields.get("name", person)
            continue
        *amounts, currency = _one(_PLANNED_SUM, rows)
        in_account = [found[1] for found in map(_PLANNED_BUYER.fullmatch, rows) if found]
        yield ShownInvoice(
            change[2],
            fields["customer_id"],
            in_account[0] if in_account else names.get(fields["customer_id"]),
            date.fromisoformat(fields["date"]),
            date.fromisoformat(fields["deadline"]),
            currency,
            _discount_of(fields.get("discount", "")),
            tuple(_line(found) for found in map(_PLANNED_LINE.fullmatch, rows) if found),
            _amounts(amounts),
            None,
        )


_SUM_OF_CODE = re.compile(r"  ([A-Z]{3})  (\w+) +[\d.]+ % +(-?[\d.]+) +(-?[\d.]+)")
_SUM_IN_ALL = re.compile(r"  ([A-Z]{3})  in all +\d+ invoices? +(-?[\d.]+) +(-?[\d.]+) +(-?[\d.]+)")


def read_sums_of_text(text: str) -> dict[str, ShownSum]:
    """The table at the end of what ``plan`` and ``apply`` print."""
    rows = text.split("\n")
    totals = [found.groups() for found in map(_SUM_IN_ALL.fullmatch, rows) if found]
    codes = [found.groups() for found in map(_SUM_OF_CODE.fullmatch, rows) if found]
    return {
        currency: ShownSum(
            {code: (Decimal(base), Decimal(tax)) for its, code, base, tax in codes if its == currency},
            _amounts(amounts),
        )
        for currency, *amounts in totals
    }


# --- JSON ------------------------------------------------------------------------------------------------


def read_rendered_json(document: Any) -> Iterator[ShownInvoice]:
    """What ``render --format json`` prints."""
    for invoice in document["invoices"]:
        body = invoice["body"]
        yield _of_json(invoice, body.get("invoice_options", body), None)


def read_planned_json(document: Any) -> Iterator[ShownInvoice]:
    """What ``plan --format json`` prints."""
    for change in document["changes"]:
        if change["kind"] == "invoice" and change["action"] != "no_op":
            yield _of_json(change, change["after"], change["customer"]["name"])


def read_sums_of_json(document: Any) -> dict[str, ShownSum]:
    """What a plan adds up."""
    return {row["currency"]: ShownSum(_vat(row), _amounts_of(row)) for row in document["money"]["changing"]}


def _of_json(invoice: Any, body: Any, name: str | None) -> ShownInvoice:
    totals = invoice["totals"]
    # The import of an electronic invoice leaves lines and dates to its file.
    contents = body.get("invoice_lines") or [{}] * len(totals["lines"])
    lines = zip(contents, totals["lines"], strict=True)
    return ShownInvoice(
        invoice["external_reference"],
        body["customer_id"]["lookup"]["external_reference"],
        name,
        *(date.fromisoformat(body[name]) if name in body else None for name in ("date", "deadline")),
        totals["currency"],
        _discount(body.get("discount")),
        tuple(_line(line | {"discount": _discount(content.get("discount"))}) for content, line in lines),
        _amounts_of(totals),
        _vat(totals),
    )


# --- the page --------------------------------------------------------------------------------------------


def read_page(page: str) -> Iterator[ShownInvoice]:
    """The invoices on the page of a plan, as its readers see them, in the language of each."""
    for paper in lxml.html.fromstring(page).xpath('//div[@class="paper"]'):
        yield _Paper(paper).read()


class _Paper:
    """An invoice in one language; its labels are in a table, its separators and months in Babel's."""

    def __init__(self, paper: Any) -> None:
        self.paper = paper
        self.words = _LABELS[paper.get("lang")]
        self.locale = "en_GB" if paper.get("lang") == "en" else paper.get("lang")
        title = _words(paper.xpath('.//*[@class="title"]')[0])
        self.sign = {self.words["invoice"]: 1, self.words["credit_note"]: -1}[title]

    def read(self) -> ShownInvoice:
        facts, sums = (
            {
                _words(name): _words(value)
                for name, value in zip(part.xpath("./div/dt"), part.xpath("./div/dd"), strict=True)
            }
            for part in self.paper.xpath(".//dl")
        )
        words = self.words
        due = sums[words["due_amount" if self.sign == 1 else "credited_amount"]]
        discounts = [row for row in sums.items() if row[0].startswith(words["allowance"])]
        vat = {}
        for row in self.paper.xpath('.//table[@class="rows taxes stack"]/tbody/tr'):
            rate, base, tax = row.xpath("./td")
            vat[_words(rate.xpath("./small")[0])] = (self._signed(base), self._signed(tax))
        return ShownInvoice(
            facts[words["reference"]],
            None,
            _words(self.paper.xpath('.//div[@class="parties"]/section[2]//strong')[0]),
            self._day(facts[words["date"]]),
            self._day(facts[words["due"]]) if self.sign == 1 else None,
            next(code for code in _CURRENCIES if get_currency_symbol(code, self.locale) in due),
            self._discount(*discounts[0]) if discounts else "",
            tuple(self._lines()),
            tuple(self._signed(sums[words[name]]) for name in ("before_tax", "tax", "amount")),  # type: ignore[arg-type]
            vat,
        )

    def _lines(self) -> Iterator[ShownLine]:
        for row in self.paper.xpath('.//table[@class="rows lines stack"]/tbody/tr[not(@class="section")]'):
            what, quantity, price, vat, amount = row.xpath("./td")
            number, unit = re.fullmatch(r"(-?[\d.,\u202f]+) ?(.*)", _words(quantity)).groups()  # type: ignore[union-attr]
            details = [_words(detail).partition(self.words["colon"]) for detail in what.xpath("./small")]
            discounts = [row for row in details if row[0].startswith(self.words["discount"])]
            yield ShownLine(
                " ".join(what.xpath("./text()")).strip(),
                self._signed(number),
                unit,
                self._number(_words(price)),
                _words(vat.xpath("./small")[0]),
                self._signed(amount),
                self._discount(discounts[0][0], discounts[0][2]) if discounts else "",
            )

    def _discount(self, name: str, amount: str) -> str:
        if name.endswith(" %"):
            return _discount({"type": "relative", "value": self._number(name)})
        return _discount({"type": "absolute", "value": -self._signed(amount)})

    def _signed(self, text: Any) -> Decimal:
        number = self._number(text if isinstance(text, str) else _words(text))
        return self.sign * number + 0

    def _number(self, text: str) -> Decimal:
        digits = re.sub(rf"[^\d{re.escape(get_decimal_symbol(self.locale))}-]", "", text)
        return Decimal(digits.replace(",", "."))

    def _day(self, text: str) -> date:
        months = {name: number for number, name in get_month_names("wide", locale=self.locale).items()}
        day, *_, year = re.findall(r"\d+", text)
        (month,) = (months[word] for word in text.split() if word in months)
        return date(int(year), month, int(day))


_LABELS = yaml.safe_load(
    (Path(__file__).parents[2] / "templates" / "documents" / "labels.yaml").read_text(encoding="utf-8")
)
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY")


def read_sums_of_page(page: str) -> dict[str, ShownSum]:
    """The tables beside the charts."""
    sums: dict[str, ShownSum] = {}
    for table in lxml.html.fromstring(page).xpath('//section[@class="charts"]//table[caption="By VAT code"]'):
        rows = [[_words(cell) for cell in row] for row in table.xpath("./tbody/tr")]
        in_all, to_pay = ([_words(cell) for cell in row] for row in table.xpath("./tfoot/tr"))
        total, currency = to_pay[1].rsplit(" ", 1)
        vat = {row[0].split(" ")[0]: (_number(row[2]), _number(row[1])) for row in rows}
        sums[currency] = ShownSum(vat, (_number(in_all[2]), _number(in_all[1]), _number(total)))
    return sums


def _words(element: Any) -> str:
    return re.sub("[ \n]+", " ", " ".join(element.itertext())).strip()


# --- the books -------------------------------------------------------------------------------------------


def read_books(
    rows: Iterable[Any], lines: Mapping[int, Any], customers: Mapping[int, Any]
) -> Iterator[ShownInvoice]:
    """What the API says of each invoice, its lines and its customer, by their ids.

    It has no amounts by VAT code: they are those of the lines, unless there is a discount on the whole, or
    the tax is rounded for the whole.
    """
    for row in rows:
        customer = customers[row["customer"]["id"]]
        members = sorted(lines[row["id"]], key=lambda line: line["id"])
        vat: dict[str, tuple[Decimal, Decimal]] = {}
        for line in members:
            base, tax = vat.get(line["vat_rate"], (Decimal(0), Decimal(0)))
            change = Decimal(line["currency_amount_before_tax"]), Decimal(line["currency_tax"])
            vat[line["vat_rate"]] = (base + change[0], tax + change[1])
        discount = _discount(row["discount"])
        yield ShownInvoice(
            row["external_reference"],
            customer["external_reference"],
            customer["name"],
            date.fromisoformat(row["date"]),
            date.fromisoformat(row["deadline"]),
            row["currency"],
            discount,
            tuple(_line(line | {"discount": _discount(line["discount"])}) for line in members),
            _amounts_of(row),
            vat if not discount and sum(tax for _, tax in vat.values()) == _amounts_of(row)[1] else None,
        )


def with_numbers(invoice: ShownInvoice, numbers: Mapping[str, str]) -> ShownInvoice:
    """A planned invoice, with the legal numbers in place of what stands for them until they are known."""

    def numbered(found: re.Match[str]) -> str:
        return numbers[found[1]]

    lines = (replace(line, label=_PLACEHOLDER.sub(numbered, line.label)) for line in invoice.lines)
    return replace(invoice, lines=tuple(lines))


_PLACEHOLDER = re.compile("\u2039number of (\\S+)\u203a")

# --- values ----------------------------------------------------------------------------------------------


def _one(pattern: re.Pattern[str], rows: Iterable[str]) -> tuple[str, ...]:
    (match,) = (found for found in map(pattern.fullmatch, rows) if found)
    return match.groups()


def _number(text: str) -> Decimal:
    """A number on a page: its thousands are apart, and its minus sign is a real one."""
    return Decimal(re.sub(r"\s", "", text).replace("\N{MINUS SIGN}", "-"))


def _amounts(texts: Iterable[str]) -> Amounts:
    base, tax, total = map(Decimal, texts)
    return base, tax, total


def _amounts_of(row: Any) -> Amounts:
    return _amounts(row[name] for name in ("currency_amount_before_tax", "currency_tax", "currency_amount"))


def _vat(row: Any) -> Vat:
    return {vat["vat_rate"]: (Decimal(vat["base"]), Decimal(vat["tax"])) for vat in row["vat"]}


def _line(values: Mapping[str, Any] | re.Match[str]) -> ShownLine:
    if isinstance(values, re.Match):
        amount, price, code = values["amount"], values["price"], values["vat_code"]
        discount = _discount_of(values["discount"] or "")
    else:
        amount, price = values["currency_amount_before_tax"], values["raw_currency_unit_price"]
        code, discount = values["vat_rate"], values["discount"]
    quantity = Decimal(values["quantity"])
    return ShownLine(
        values["label"], quantity, values["unit"] or "", Decimal(price), code, Decimal(amount), discount
    )


def _discount_of(text: str) -> str:
    """``10.00 %``, ``20.00`` or ``20.00 EUR`` in one form; empty when it takes nothing off."""
    value, _, unit = text.partition(" ")
    return _discount({"type": "relative" if unit == "%" else "absolute", "value": _number(value or "0")})


def _discount(value: Any) -> str:
    amount = Decimal(value["value"] if value else 0)
    return f"{value['type']} {amount:.6f}" if amount else ""
