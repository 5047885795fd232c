"""A verification as text for the terminal, and as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import (
    IS_ASKED,
    clean,
    companies_text,
    count,
    difference_cells,
    format_pointer,
    format_value,
)
from pennyform.report.shared.layout import PLAIN, Ansi, Layout, unbroken
from pennyform.results.companies import CompaniesVerificationDocument
from pennyform.results.values import FieldDifference
from pennyform.results.verification import DeclaredVerdict, InvoiceVerdict, VerificationDocument
from pennyform.text import one_line

if TYPE_CHECKING:
    from pennyform.report.shared.html import PageOrigin

# By the contract: what is asked for but stands in no answer, or stands there otherwise.
_UNVERIFIABLE = {
    "ledger_account_id": ("ledger account", "no answer of the API shows them"),
    "unit": ("unit", "Pennylane puts those of electronic invoices in words of its own"),
}
_SYMBOLS = {
    "equal": ("=", "green"),
    "as_issued": ("=", "yellow"),
    "differs": ("≠", "red"),
    "missing": ("-", "red"),
    "duplicate": ("x", "red"),
}
_TILES = {
    "equal": "equal",
    "as_issued": "as issued",
    "differs": "differ",
    "missing": "missing",
    "duplicate": "twice",
}
_INDENT = " " * 6
# Colours of the terminal as classes of the page.
_TONES = {"green": "good", "red": "bad", "yellow": "warm"}


def render_text(verification: VerificationDocument, layout: Layout = PLAIN) -> str:
    """The verification as text, with a line feed at its end."""
    verification = clean(verification)
    company, invoices = verification.company, verification.invoices
    title = f"Verification of {company.name} (company {company.id}, {verification.environment})"
    lines = [*layout.wrap(title), "", *_invoices(invoices, layout), ""]
    differing = [verdict for verdict in verification.declared if verdict.status != "equal"]
    for declared in differing:
        text = f"{declared.kind} {unbroken(declared.external_reference)}  {declared_verdict(declared)}"
        lines += layout.wrap(text, _lead(declared.status, layout.ansi))
        lines += layout.compared([*map(difference_cells, declared.differences)], _INDENT, IS_ASKED)
    lines += [""] if differing else []
    for text in unverifiable(invoices):
        lines += [*layout.wrap(f"note: {text}", "  "), ""]
    if verification.orphans.invoices:
        lines += orphans.text_lines(verification.orphans, layout)
    return "\n".join([*lines, *layout.wrap(summary_line(verification, layout.ansi))]) + "\n"


def _invoices(invoices: Sequence[InvoiceVerdict], layout: Layout) -> Iterator[str]:
    """Each invoice as the account has it, above what was asked for where that is something else."""
    rows = [
        [unbroken(invoice.external_reference), remote_status(invoice), verdict(invoice), _in_account(invoice)]
        for invoice in invoices
    ]
    leads = [_lead(invoice.status, layout.ansi) for invoice in invoices]
    for invoice, lines in zip(invoices, layout.table(rows, "^<<.", leads), strict=True):
        yield from lines
        desired, account = f"{invoice.totals.currency_amount} {invoice.totals.currency}", _in_account(invoice)
        differences = [*map(difference_cells, invoice.differences)]
        if not account:
            yield from layout.wrap(f"{IS_ASKED[1]}{desired}", _INDENT)
        elif desired != account:
            differences.insert(0, ("total", account, desired))
        yield from layout.compared(differences, _INDENT, IS_ASKED)
        for text in (*map(format_outdated, invoice.outdated), *(f"note: {note}" for note in invoice.notes)):
            yield from layout.wrap(text, _INDENT)


def _lead(status: str, ansi: Ansi) -> str:
    symbol, colour = _SYMBOLS[status]
    return f"  {ansi(symbol, colour, 'bold')} "


def _in_account(invoice: InvoiceVerdict) -> str:
    """The total in the account, tax included; "" where it is not one invoice."""
    return f"{invoice.account_amount} {invoice.account_currency}".strip()


def remote_status(invoice: InvoiceVerdict) -> str:
    """``draft``, the invoice's number, or nothing where there is no invoice."""
    if invoice.draft is None:
        return ""
    return "draft" if invoice.draft else invoice.invoice_number or "final"


def verdict(invoice: InvoiceVerdict) -> str:
    """The verdict in a few words."""
    match invoice.status:
        case "equal":
            return "equal"
        case "as_issued":
            return "as issued"
        case "missing":
            return "is not in the account"
        case "duplicate":
            return f"{len(invoice.ids)} invoices carry this reference"
    return count(len(invoice.differences), "difference")


def format_outdated(row: FieldDifference) -> str:
    """A value that a final line took from its product, and what it would be today."""
    value, today = format_value(row.before), format_value(row.after)
    return f"{format_pointer(row.pointer)}: issued with {value}, its product says {today} today"


def declared_verdict(declared: DeclaredVerdict) -> str:
    """The verdict on a customer or product in a few words."""
    match declared.status:
        case "equal":
            return "as declared"
        case "missing":
            return "is not in the account"
    return count(len(declared.differences), "difference")


def unverifiable(invoices: Sequence[InvoiceVerdict]) -> list[str]:
    """What nobody can verify, in sentences without their full stop."""
    fields = Counter(pointer.rpartition("/")[2] for invoice in invoices for pointer in invoice.unverifiable)
    newer = sorted(fields.keys() - _UNVERIFIABLE.keys())
    return [
        f"{count(fields[name], noun)} on lines cannot be verified: {why}"
        for name, (noun, why) in _UNVERIFIABLE.items()
        if fields[name]
    ] + [f"{name} cannot be verified: no answer of the API shows it" for name in newer]


def summary_line(verification: VerificationDocument, ansi: Ansi = Ansi()) -> str:  # noqa: B008
    """The counts in one line."""
    summary, declared = verification.summary, verification.declared
    equal, issued = summary.get("equal", 0), summary.get("as_issued", 0)
    equal_ones = [verdict for verdict in declared if verdict.status == "equal"]
    numbers = [
        (sum(verdict.kind == kind for verdict in equal_ones), kind) for kind in ("customer", "product")
    ]
    in_step = ", ".join(count(number, kind) for number, kind in numbers if number)
    if equal + issued == len(verification.invoices) and len(equal_ones) == len(declared):
        text = f"{count(equal, 'invoice')}{', all equal, to the cent' if equal else ''}"
        if issued:
            text = f"{count(equal, 'invoice')} equal, to the cent; {issued} as issued, with values that "
            text += "their products do not have any more"
        text += f"; {in_step} as declared" if in_step else ""
        return ansi(f"Verified: {text}.", "yellow" if issued else "green")
    names = ("equal", "as_issued", "differs", "missing", "duplicate")
    verbs = {"as_issued": "as issued", "differs": "differs" if summary.get("differs") == 1 else "differ"}
    counts = [f"{summary[name]} {verbs.get(name, name)}" for name in names if summary.get(name)]
    differing = Counter(verdict.kind for verdict in declared if verdict.status != "equal")
    counts += [f"{count(number, kind)} not as declared" for kind, number in sorted(differing.items())]
    return ansi(f"Drift: {', '.join(counts)}.", "red")


# --- pages --------------------------------------------------------------------------------------------


def render_html(verification: VerificationDocument, origin: PageOrigin | None = None) -> str:
    """The verification as an HTML document that needs nothing else, to look at, to print and to send."""
    company = verification.company
    head = (
        f"Verification of {company.name}",
        company.name,
        f"company {company.id}",
        verification.environment,
    )
    return _page(head, verification.pennyform, origin, [_view(verification, "", "")])


def render_companies_html(
    document: CompaniesVerificationDocument,
    closing: str,
    problems: Mapping[str, str],
    origin: PageOrigin | None = None,
) -> str:
    """The verdicts on several companies as one HTML document.

    Args:
        document: the verdicts.
        closing: what they come to, in a sentence.
        problems: why a company has none, in a sentence, by its name.
        origin: of the page.
    """
    views = [
        _view(row.verification, row.name, f"-{number}")
        for number, row in enumerate(document.companies, start=1)
        if row.verification
    ]
    whose = companies_text(document.summary.companies)
    head = (f"Verification of {whose}", whose, "", "")
    return _page(head, document.pennyform, origin, views, closing=closing, problems=problems)


def _page(
    head: tuple[str, str, str, str],
    version: str,
    origin: PageOrigin | None,
    views: list[dict[str, Any]],
    **several: Any,
) -> str:
    from pennyform.report.shared.html import PageHead, PageOrigin, page  # Jinja, which terminals do without

    made = PageHead(*head, "a verification", version, origin or PageOrigin())
    return page("verification.html", made, views=views, several=several)


def _view(verification: VerificationDocument, name: str, suffix: str) -> dict[str, Any]:
    """What the page has of one verification."""
    rows = [
        (
            f"invoice{suffix}-{number}",
            invoice,
            one_line(remote_status(invoice)),
            verdict(invoice),
            _TONES[_SYMBOLS[invoice.status][1]],
        )
        for number, invoice in enumerate(verification.invoices, start=1)
    ]
    declared = [
        (
            f"{declared.kind}{suffix}-{number}",
            declared,
            declared_verdict(declared),
            _TONES[_SYMBOLS[declared.status][1]],
        )
        for number, declared in enumerate(verification.declared, start=1)
    ]
    summary = verification.summary
    tiles = [(_TILES[status], str(summary.get(status, 0)), _TONES[_SYMBOLS[status][1]]) for status in _TILES]
    return {
        "name": name,
        "verification": verification,
        "closing": summary_line(verification),
        "tiles": tiles,
        "rows": rows,
        "declared": declared,
        "unverifiable": unverifiable(verification.invoices),
        "orphans": orphans.table(verification.orphans),
    }
