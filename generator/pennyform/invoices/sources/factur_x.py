"""Reading electronic invoices: Factur-X inside a PDF, or the XML of either syntax of EN 16931 (CII, UBL)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pennyform.invoices.sources.e_invoice_errors import AmbiguousError, UnreadableError
from pennyform.invoices.sources.e_invoice_pdf import LARGEST_XML, embedded_invoices
from pennyform.invoices.sources.e_invoice_syntax import (
    CREDIT_NOTE_TYPES,
    SYNTAXES,
    ChargePaths,
    Syntax,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# All lexical forms of xs:decimal (XML Schema 1.0, 3.2.3): `4.`, `.5`, `+4`, `007`; no exponent.
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_LONGEST_NUMBER = 40
_LARGEST = Decimal(10) ** 15
# xs:date may carry a time zone; CII writes `20251001` (format 102 of UNTDID 2379).
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?|([0-9]{8})", re.ASCII)
_WHITE_SPACE = " \t\r\n"  # of XML; Python strips more
# Lines of Factur-X EXTENDED that only group lines, or only inform: their amounts are in no total.
_NOT_COUNTED = frozenset({"GROUP", "INFORMATION"})
_INDICATORS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Line:
    """One line (BG-25).

    ``id`` is the file's own name for it. ``price`` is that of ``base_quantity`` units, ``charges`` are the
    charges of the line less its allowances. ``category`` (of UNTDID 5305) and ``percent`` are of its VAT.
    """

    id: str
    label: str
    quantity: Decimal
    price: Decimal
    base_quantity: Decimal
    charges: Decimal
    before_tax: Decimal
    category: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge on the document, before tax; an allowance is negative. ``percent`` is that of its VAT."""

    amount: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An electronic invoice; what a credit note takes back is negative. Dates are ISO 8601.

    ``deadline`` is the last, where the file asks for payment in parts, and "" where it says none.
    """

    number: str
    type_code: str
    date: str
    deadline: str
    currency: str
    before_tax: Decimal
    tax: Decimal
    amount: Decimal
    charges: tuple[Charge, ...]
    lines: tuple[Line, ...]


def read(content: bytes) -> EInvoice:
    """What the bytes of a PDF or of an XML file say.

    Raises:
        UnreadableError: they are no electronic invoice, or one without what every invoice has.
        AmbiguousError: they can be read in two ways.
    """
    root = _root(content)
    return _Reader(root, SYNTAXES[root.tag]).read()


def invoice_xml(content: bytes) -> tuple[bytes, str]:
    """The XML of the invoice in the bytes of a PDF or of an XML file, and its syntax: ``cii`` or ``ubl``.

    What was not read is not in it: no document type, no comment, no instruction to a program.

    Raises:
        UnreadableError, AmbiguousError: see :func:`read`.
    """
    from lxml import etree

    root = _root(content)
    return etree.tostring(root, encoding="utf-8"), "cii" if "CrossIndustryInvoice" in str(root.tag) else "ubl"


def _root(content: bytes) -> Element:
    # A PDF may have up to 1024 bytes before its header (ISO 32000-1, annex H).
    is_pdf = b"%PDF-" in content[:1024] and not content.lstrip().startswith(b"<")
    if is_pdf:
        # An invoice of EN 16931 comes before one of ZUGFeRD 1.0: hybrid files carry both.
        roots = [(parse(xml), name) for xml, name in embedded_invoices(content).items()]
        current = [(root, name) for root, name in roots if root.tag in SYNTAXES]
        if len(current) > 1:
            names = " and ".join(sorted(f"`{name[:100]}`" for _, name in current))
            raise AmbiguousError(f"the PDF carries {len(current)} invoices that differ: {names}")
        root = (current or roots)[0][0]
    else:
        root = parse(content)
    if root.tag not in SYNTAXES:
        name = root.tag.rpartition("}")[2]
        older = "; ZUGFeRD 1.0 is older than EN 16931" if name == "CrossIndustryDocument" else ""
        raise UnreadableError(f"its XML is {name[:40]}, not an invoice{older}")
    return root


class _Reader:
    """Reads one file and keeps all that is wrong with it, so that it is reported at once."""

    def __init__(self, root: Element, syntax: Syntax) -> None:
        self._root = root
        self._syntax = syntax
        self._problems: list[str] = []

    def read(self) -> EInvoice:
        header = Fields(self._root, self._syntax.header, self._problems)
        code = header.text("type") or self._syntax.default_type or header.required("type")
        if code and code not in self._syntax.types:
            self._problems.append(f"{header.place('type')} is {code[:20]}, no type of invoice in EN 16931")
        currency = header.required("currency")
        sign = -1 if code in CREDIT_NOTE_TYPES else 1
        before_tax = header.amount("before_tax", currency)
        amount = header.amount("amount", currency)
        # Missing where nothing is taxed, or in another currency only (BT-111): BT-112 = BT-109 + BT-110.
        tax = header.amount("tax", currency, default=amount - before_tax)
        e_invoice = EInvoice(
            number=header.required("number"),
            type_code=code,
            date=header.day("date"),
            deadline=max(header.days("deadline"), default=""),
            currency=currency,
            before_tax=sign * before_tax,
            tax=sign * tax,
            amount=sign * amount,
            charges=tuple(
                Charge(sign * amount, percent)
                for amount, percent in _charges(self._root, self._syntax.charges, self._problems)
            ),
            lines=self._lines(sign),
        )
        if self._problems:
            raise UnreadableError(*self._problems)
        if sign < 0 and amount < 0:
            raise AmbiguousError(
                f"it is a credit note (type {code}) whose total is {amount:f}, which can be read "
                f"in two ways: {-amount:f} is charged, as a credit note takes back what is in it, or "
                f"{-amount:f} is taken back, as the sign says"
            )
        return e_invoice

    def _lines(self, sign: int) -> tuple[Line, ...]:
        lines = []
        for element in self._root.iterfind(any_namespace(self._syntax.lines)):
            fields = Fields(element, self._syntax.line, self._problems)
            if fields.text("status") not in _NOT_COUNTED:
                lines.append(self._line(element, fields, sign))
        if not lines:
            self._problems.append("it has no lines (nor have the profiles MINIMUM and BASIC WL of Factur-X)")
        return tuple(lines)

    def _line(self, element: Element, fields: Fields, sign: int) -> Line:
        base_quantity = fields.number("base_quantity", default=Decimal(1))
        if base_quantity <= 0:
            self._problems.append(f"{fields.place('base_quantity')} is not above zero")
        charges = _charges(element, self._syntax.line_charges, self._problems)
        return Line(
            id=fields.required("id"),
            label=fields.required("label"),
            quantity=sign * fields.number("quantity"),
            price=fields.number("price"),
            base_quantity=base_quantity,
            charges=sign * sum((amount for amount, _ in charges), Decimal(0)),
            before_tax=sign * fields.number("before_tax"),
            category=fields.required("category"),
            # What is outside the scope of VAT has no rate.
            percent=fields.number("percent", default=Decimal(0)),
        )


def _charges(
    parent: Element, places: tuple[ChargePaths, ...], problems: list[str]
) -> list[tuple[Decimal, Decimal]]:
    """Amount (negative for an allowance) and VAT percentage of each charge and allowance below ``parent``."""
    charges = []
    for paths in places:
        names = {"is_charge": paths.is_charge, "amount": paths.amount, "percent": paths.percent}
        fields_of = {name: (path,) if path else () for name, path in names.items()}
        for element in parent.iterfind(any_namespace(paths.element)):
            fields = Fields(element, fields_of, problems)
            is_charge = not paths.is_charge or _INDICATORS.get(fields.required("is_charge"))
            if is_charge is None:
                problems.append(f"{fields.place('is_charge')} is neither true nor false")
            amount = fields.number("amount")
            percent = fields.number("percent", default=Decimal(0))
            charges.append((amount if is_charge else -amount, percent))
    return charges


class Fields:
    """The values below one element, by our own names; what is wrong with them goes to ``problems``."""

    def __init__(self, element: Element, paths: Mapping[str, tuple[str, ...]], problems: list[str]) -> None:
        self._element = element
        self._paths = paths
        self._problems = problems

    def elements(self, name: str) -> list[Element]:
        """All elements with text at the first of the paths where there are any."""
        for path in self._paths[name]:
            elements = self._element.findall(any_namespace(path))
            if filled := [element for element in elements if _text(element) or len(element)]:
                return filled
        return []

    def texts(self, name: str) -> list[str]:
        """The texts at the first of the paths where there are any."""
        return list(map(_text, self.elements(name)))

    def text(self, name: str) -> str:
        """The first text; "" where there is none."""
        return next(iter(self.texts(name)), "")

    def place(self, name: str) -> str:
        """The line in the file, and the path within it."""
        element = next(iter(self.elements(name)), self._element)
        return f"line {element.sourceline}: {self._paths[name][0]}"

    def required(self, name: str) -> str:
        """The text, which has to be there."""
        text = self.text(name)
        if not text:
            self._problems.append(f"{self.place(name)} is missing")
        return text

    def number(self, name: str, *, default: Decimal | None = None) -> Decimal:
        """The number, or ``default`` where there is none."""
        if default is not None and not self.elements(name):
            return default
        text = self.required(name)
        return self._decimal(text, self.place(name)) if text else Decimal(0)

    def amount(self, name: str, currency: str, *, default: Decimal | None = None) -> Decimal:
        """The amount in ``currency``, wherever it stands among those in others.

        One that names no currency is in that of the document.
        """
        elements = self.elements(name)
        in_currency = [element for element in elements if element.get("currencyID") == currency]
        in_currency = in_currency or [element for element in elements if not element.get("currencyID")]
        if not in_currency and default is not None:
            return default
        if not in_currency:
            self._problems.append(f"{self.place(name)} is missing in {currency[:10]}")
            return Decimal(0)
        amounts = {self._decimal(_text(element), self.place(name)) for element in in_currency}
        if len(amounts) > 1:
            both = " and ".join(f"{amount:f}" for amount in sorted(amounts))
            self._problems.append(f"{self.place(name)} is there several times: {both}")
        return amounts.pop()

    def day(self, name: str) -> str:
        """The first day, in ISO 8601."""
        return next(iter(self.days(name)), "") if self.required(name) else ""

    def days(self, name: str) -> list[str]:
        """The days at ``name`` in ISO 8601."""
        days = []
        for element in self.elements(name):
            match = _DATE.fullmatch(_text(element))
            try:
                days.append(date.fromisoformat(match[1] or match[3] if match else "").isoformat())
            except ValueError:
                self._problems.append(f"{self.place(name)} is no date: `{_text(element)[:40]}`")
        return days

    def _decimal(self, text: str, place: str) -> Decimal:
        if len(text) <= _LONGEST_NUMBER and _DECIMAL.fullmatch(text):
            number = Decimal(text)
            if abs(number) < _LARGEST:
                return number + 0  # no -0
        self._problems.append(f"{place} is no number that can be read: `{text[:_LONGEST_NUMBER]}`")
        return Decimal(0)


def _text(element: Element) -> str:
    # What is around another element is not the whole text.
    return (element.text or "").strip(_WHITE_SPACE) if not len(element) else ""


def any_namespace(path: str) -> str:
    """A path of local names as one that fits any namespace."""
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def parse(content: bytes) -> Element:
    """The root of an XML document of a stranger: nothing in it is expanded or fetched.

    Raises:
        UnreadableError: it is none, or too large.
    """
    from lxml import etree  # takes as long to load as all of validate for one definition

    if len(content) > LARGEST_XML:
        raise UnreadableError("its XML is larger than 10 MB")
    try:
        content.decode("utf-8-sig")
        # Nothing is expanded and nothing fetched; without huge_tree, at most 256 levels. Comments would cut a
        # text in two.
        parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(content.strip(), parser)
    except UnicodeDecodeError as error:
        raise UnreadableError("it is neither a PDF nor XML in UTF-8") from error
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = (error.msg or "it ends too early").partition(", line ")[0][:200]
        raise UnreadableError(
            f"it is neither a PDF nor XML in UTF-8: line {line}, column {column}: {reason}"
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("its XML has a document type, which an invoice has no use for")
    return root
