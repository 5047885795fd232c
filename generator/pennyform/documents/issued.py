"""The document that the service issued, compared with what was asked for: to the cent, line by line.

Its XML is checked by the same rules as a preview, and each of its terms is compared. A PDF without XML is
compared by the text that can be read in it, which is less, and said so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pennyform.documents.lines import LinePair, line_differences, pairs_of
from pennyform.documents.parties import buyer_party, scope
from pennyform.documents.rule_sets import check, rule_sets_of_file
from pennyform.invoices import Totals
from pennyform.invoices.model import CustomerBody, Discount, LineBody
from pennyform.invoices.sources import factur_x
from pennyform.invoices.sources.e_invoice_details import Details, read_details
from pennyform.invoices.sources.e_invoice_errors import NoInvoiceError, UnreadableError
from pennyform.invoices.sources.e_invoice_pdf import pdf_text
from pennyform.invoices.sources.e_invoice_syntax import CREDIT_NOTE_TYPES
from pennyform.invoices.sources.factur_x import EInvoice, invoice_xml
from pennyform.results.values import FieldDifference, Json
from pennyform.results.verification import DocumentVerdict

_COMPARED = (
    *("number", "type", "date", "deadline", "currency", "totals", "VAT of each rate", "every line", "buyer"),
)
_UNREADABLE = "a document that can be read"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the document of an invoice has to say.

    ``number`` is the legal number that the account shows. ``lines`` are the lines with what products fill in,
    ``mention`` the special mention, ``buyer`` the card of the customer, None where it is not known which one
    it was issued to. ``has_xml`` tells that the account says so. ``file_sha256`` is that of the file that was
    imported, "" for an invoice that was not.
    """

    number: str
    is_credit_note: bool
    date: dt.date
    deadline: dt.date
    totals: Totals
    lines: Sequence[LineBody]
    discount: Discount | None = None
    mention: str = ""
    buyer: CustomerBody | None = None
    is_franchise: bool = False
    has_xml: bool = False
    file_sha256: str = ""


@dataclass(slots=True)
class Checked:
    """What came of one document: what was read and compared, what differs, and notes about it."""

    verdict: DocumentVerdict
    differences: list[FieldDifference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_issued(content: bytes, expected: Expected) -> Checked:
    """Compare the document that was issued with what was asked for.

    Args:
        content: the file, as the service gave it.
        expected: what it has to say.

    Raises:
        Failure: ``missing-extra``.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        xml, syntax = invoice_xml(content)
        e_invoice, details = factur_x.read(xml), read_details(xml)
    except NoInvoiceError:
        return _without_xml(content, sha256, expected)
    except UnreadableError as error:
        if sha256 == expected.file_sha256:
            return _same_file(sha256)
        verdict = DocumentVerdict("nothing", sha256, (), ())
        return Checked(verdict, [_different("", f"unreadable: {error}"[:300], _UNREADABLE)])
    names = rule_sets_of_file(xml, syntax, is_french=_is_french(expected.buyer, details))
    differences = [*_header(e_invoice, details, expected), *_taxes(details, expected)]
    differences += _lines(e_invoice, expected)
    try:
        for violation in check(xml, syntax, names):
            if violation.is_error:
                text = f"broken: {violation.text}"[:300]
                differences.append(_different(f"rules/{violation.rule}", text, "kept"))
    except UnreadableError as error:
        differences.append(_different("rules", f"not to be checked: {error}"[:300], "kept"))
    note = f"the XML of its document was compared ({', '.join(_COMPARED)}) and checked by {', '.join(names)}"
    return Checked(DocumentVerdict("xml", sha256, _COMPARED, names), differences, [note])


def _different(at: str, have: Json, want: Json) -> FieldDifference:
    return FieldDifference(f"/document/{at}" if at else "/document", have, want)


def _is_french(buyer: CustomerBody | None, details: Details) -> bool:
    """Whether the rules of France hold: the buyer is a company there."""
    if buyer is not None:
        return scope(buyer_party(buyer)) == "B2B"
    return bool(re.fullmatch(r"\d{9}", details.buyer.legal_id))


def _same_file(sha256: str) -> Checked:
    return Checked(
        DocumentVerdict("file", sha256, ("every byte",), ()),
        [],
        ["its document is the file that was imported"],
    )


def _header(e_invoice: EInvoice, details: Details, expected: Expected) -> Iterator[FieldDifference]:
    is_credit_note = e_invoice.type_code in CREDIT_NOTE_TYPES
    kinds = {True: "credit note", False: "invoice"}
    totals = expected.totals
    pairs: list[tuple[str, str | Decimal, str | Decimal]] = [
        ("number", e_invoice.number, expected.number),
        ("type", kinds[is_credit_note], kinds[expected.is_credit_note]),
        ("date", e_invoice.date, expected.date.isoformat()),
        ("currency", e_invoice.currency, totals.currency),
        ("currency_amount_before_tax", e_invoice.before_tax, totals.before_tax),
        ("currency_tax", e_invoice.tax, totals.tax),
        ("currency_amount", e_invoice.amount, totals.amount),
    ]
    if e_invoice.deadline:
        pairs.append(("deadline", e_invoice.deadline, expected.deadline.isoformat()))
    if expected.buyer is not None:
        party, buyer = buyer_party(expected.buyer), details.buyer
        pairs.append(("buyer/name", _plain(buyer.name), _plain(party.name)))
        # What the document does not say is for the rules to miss.
        if buyer.legal_id and party.legal_id:
            pairs.append(("buyer/reg_no", _digits(buyer.legal_id)[:9], _digits(party.legal_id)[:9]))
        if buyer.vat_number and party.vat_number:
            pairs.append(("buyer/vat_number", _plain(buyer.vat_number), _plain(party.vat_number)))
    for name, have, want in pairs:
        if have != want:
            yield _different(name, _text(have), _text(want))


def _taxes(details: Details, expected: Expected) -> Iterator[FieldDifference]:
    """VAT codes of one rate are one on the document, whatever their categories."""
    have: dict[Decimal, tuple[Decimal, Decimal]] = {}
    want: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for tax in details.taxes:
        base, amount = have.get(tax.percent, (Decimal(0), Decimal(0)))
        have[tax.percent] = base + tax.base, amount + tax.tax
    for vat in expected.totals.vat:
        base, amount = want.get(vat.percent, (Decimal(0), Decimal(0)))
        want[vat.percent] = base + vat.base, amount + vat.tax
    for percent in sorted({*have, *want}, reverse=True):
        for index, name in enumerate(("base", "tax")):
            has, wants = have.get(percent), want.get(percent)
            if has is None or wants is None or has[index] != wants[index]:
                yield _different(
                    f"vat/{_text(percent)}/{name}",
                    _text(has[index]) if has else None,
                    _text(wants[index]) if wants else None,
                )


def _lines(e_invoice: EInvoice, expected: Expected) -> Iterator[FieldDifference]:
    for pair in pairs_of(e_invoice.lines, expected.lines, expected.totals, expected.discount):
        if pair.have is None and pair.want is not None:
            yield _different(f"invoice_lines/{pair.index}", None, _line_text(pair))
        elif pair.want is None and pair.have is not None:
            yield _different(f"invoice_lines/{pair.index}", _line_text(pair), None)
        else:
            is_taken_off = bool(e_invoice.charges)
            for name, have, want in line_differences(
                pair, expected.mention, is_franchise=expected.is_franchise, is_taken_off=is_taken_off
            ):
                yield _different(f"invoice_lines/{pair.index}/{name}", _text(have), _text(want))


def _line_text(pair: LinePair) -> Json:
    if pair.have:
        return f"{_plain(pair.have.label)}, {_text(pair.have.before_tax)}"
    return f"{_plain(str(pair.want.label))}, {_text(pair.want.before_tax)}" if pair.want else None


def _plain(text: str) -> str:
    return " ".join(text.split())


def _digits(text: str) -> str:
    return re.sub(r"\s", "", text)


def _text(value: str | Decimal) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else value


# --- a PDF without XML --------------------------------------------------------------------------------------


def _without_xml(content: bytes, sha256: str, expected: Expected) -> Checked:
    if sha256 == expected.file_sha256:
        return _same_file(sha256)
    differences = []
    if expected.has_xml:
        differences.append(_different("xml", None, "the XML of an electronic invoice, as the account says"))
    try:
        text = pdf_text(content)
    except UnreadableError as error:
        differences.append(_different("", f"unreadable: {error}"[:300], _UNREADABLE))
        return Checked(DocumentVerdict("nothing", sha256, (), ()), differences)
    if not any(map(str.isalnum, text)):
        note = "its PDF has no XML and no text: nothing of it could be compared"
        return Checked(DocumentVerdict("nothing", sha256, (), ()), differences, [note])
    missing = [name for name, is_there in _in_text(text, expected).items() if not is_there]
    values = {"number": expected.number, "currency_amount": _text(expected.totals.amount)}
    differences += [_different(name, None, values[name]) for name in missing]
    compared = tuple(values)
    note = (
        "its PDF has no XML: only whether its number and its total stand in the text could be compared, "
        "no line and no VAT"
    )
    return Checked(DocumentVerdict("text", sha256, compared, ()), differences, [note])


def _in_text(text: str, expected: Expected) -> dict[str, bool]:
    """Whether number and total stand in the text of a page, however numbers are grouped there."""
    compact = re.sub(r"\s", "", text)
    amount = abs(expected.totals.amount)
    units, _, fraction = f"{amount:f}".partition(".")
    digits = r"[.,'\u2019]?".join(re.escape(digit) for digit in units)
    pattern = rf"(?<![\d]){digits}" + (rf"[.,]{fraction}(?!\d)" if fraction else r"(?!\d)")
    # A number that ends where another begins is one in text without its spaces; with them, it is two.
    spaced = re.sub(r"(?<=\d)[\s\u202f\u00a0](?=\d)", "", text)
    return {
        "number": re.sub(r"\s", "", expected.number) in compact,
        "currency_amount": bool(re.search(pattern, spaced) or re.search(pattern, text)),
    }
