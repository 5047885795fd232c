"""What an apply did, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.report.plan.text import money
from pennyform.report.shared.formatting import IS_ASKED, clean, count, difference_cells, format_task
from pennyform.report.shared.layout import PLAIN, Ansi, Layout, unbroken
from pennyform.results.apply import AppliedChange, ApplyDocument, FinalTotal, Status

# Red is what somebody has to look at, yellow what another apply finishes.
_SYMBOLS = {
    "done": ("✓", "green"),
    "unchanged": ("=", "dim"),
    "failed": ("x", "red"),
    "differs": ("x", "red"),
    "conflict": ("x", "red"),
    "unknown": ("?", "red"),
    "partial": ("-", "yellow"),
    "not_started": ("-", "yellow"),
    "waiting": ("-", "yellow"),
}
_DONE = {
    "create": "created as a draft, verified",
    "update": "updated, verified",
    "recreate": "replaced by a new draft, verified",
    "delete": "deleted",
}
_DONE_PREREQUISITE = {"create": "created", "update": "updated, verified"}
_NOT_DONE = {
    "failed": "failed",
    "differs": "differs from its definition; it was not taken further",
    "conflict": "left alone",
    "unknown": "outcome unknown",
    "partial": "stopped before it was finished",
    "not_started": "not started",
    "waiting": "waiting for its PDF",
}
_INDENT = " " * 6
_MAIL = "send_by_email"
# What says itself all that there is to say.
_NO_DETAIL = frozenset({Status.WAITING})
_STEPS = {
    "create": "create",
    "update": "update",
    "create_draft": "create the draft",
    "update_draft": "update the draft",
    "set_aside_draft": "set the old draft aside",
    "delete_draft_set_aside": "delete the old draft",
    "upload_file": "upload its file",
    "import": "import it",
    "delete_draft": "delete the draft",
    "finalize": "finalize",
    "set_after_finalizing": "set what a draft cannot carry",
}


def render(report: ApplyDocument, layout: Layout = PLAIN) -> str:
    """The report as text, with a line feed at its end."""
    report = clean(report)
    lines, results = [], [result for result in report.results if result.status is not Status.UNCHANGED]
    rows = [(unbroken(f"{row.kind} {row.external_reference}"), _outcome(row)) for row in results]
    leads = [_lead(result, layout.ansi) for result in results]
    for result, row in zip(results, layout.table(rows, "^w", leads), strict=True):
        lines += row
        if result.became_final and result.status is not Status.DONE:
            lines += layout.wrap(_not_done(result), _INDENT)
        if result.detail and result.detail != report.stopped and result.status not in _NO_DETAIL:
            lines += layout.wrap(result.detail, _INDENT)
        lines += layout.compared([*map(difference_cells, result.differences)], _INDENT, IS_ASKED)
    lines += ["", *money(report.money, "Money of what was done and verified", layout)]
    if report.final:
        lines += layout.wrap(final_text(report.final))
    if report.stopped:
        lines += layout.wrap(layout.ansi(f"Stopped: {report.stopped}", "yellow"))
    return "\n".join([*lines, *layout.wrap(_summary_line(report, layout.ansi))]) + "\n"


def final_text(rows: Iterable[FinalTotal]) -> str:
    """What became final, in a sentence."""
    texts = (f"{count(row.invoices, 'invoice')}, {row.currency_amount} {row.currency}" for row in rows)
    return f"Became final: {'; '.join(texts)}."


def _lead(result: AppliedChange, ansi: Ansi) -> str:
    symbol, colour = _SYMBOLS[result.status]
    return f"  {ansi(symbol, colour, 'bold')} "


def _outcome(result: AppliedChange) -> str:
    id_ = f" {unbroken(f'(id {result.id})')}" if result.id else ""
    if result.became_final:
        number = (
            f"final as {result.invoice_number}" if result.invoice_number else "final, its number was not read"
        )
        verified = ", verified" if result.status is Status.DONE else ""
        return f"{number}, {result.currency_amount} {result.currency}{verified}{id_}"
    if result.status is not Status.DONE:
        number = f"final as {result.invoice_number}{_amount(result)}; " if _has_number(result) else ""
        return f"{number}{_not_done(result, id_)}"
    if result.kind != "invoice":
        return f"{_DONE_PREREQUISITE[result.action]}{id_}"
    if not result.draft and result.invoice_number:
        return f"final as {result.invoice_number}{_amount(result)}, verified{id_}"
    return _DONE.get(result.action.removesuffix("_and_finalize"), "verified") + id_


def _not_done(result: AppliedChange, id_: str = "") -> str:
    steps = ", ".join(_STEPS.get(step) or format_task(step) for step in result.remaining_steps)
    # Whatever is wrong with what is final: it keeps its number, and is taken no further.
    is_final = result.became_final or _has_number(result)
    outcome = "differs" if result.status is Status.DIFFERS and is_final else _NOT_DONE[result.status]
    return f"{outcome}{id_}" + (f"; left: {steps}" if steps else "")


def _amount(result: AppliedChange) -> str:
    return f", {result.currency_amount} {result.currency}" if result.currency_amount else ""


def _has_number(result: AppliedChange) -> bool:
    return result.draft is False and bool(result.invoice_number)


def _unknown_advice(report: ApplyDocument) -> str:
    """What to do about unknown outcomes: another apply looks them up, except mails, which no answer shows."""
    # Every step was taken and the outcome is unknown, or a mail is what comes next: nothing shows a mail.
    # A draft is never mailed: it could not be read back, and the next apply reads it.
    unknown = [result for result in report.results if result.status is Status.UNKNOWN]
    final = [result for result in unknown if result.became_final or result.draft is False]
    mails = [result for result in final if (*result.remaining_steps, _MAIL)[0] == _MAIL]
    look_up = "Run 'pennyform apply' again: it finds out what became of the unknown."
    if not mails:
        return look_up
    options = "'--mailed REFERENCE' or '--not-mailed REFERENCE'"
    say = f"Look whether the mail was sent, and run 'pennyform apply' with {options}."
    return say if len(mails) == len(unknown) else f"{look_up} {say}"


def _summary_line(report: ApplyDocument, ansi: Ansi) -> str:
    """The counts in one line, and what to do when not everything was done."""
    summary = report.summary
    names = (
        "done",
        "unchanged",
        "failed",
        "differs",
        "conflict",
        "unknown",
        "partial",
        "waiting",
        "not_started",
    )
    counts = ", ".join(f"{summary[name]} {name.replace('_', ' ')}" for name in names if summary.get(name))
    text = f"Apply: {counts or count(0, 'change')}."
    if summary.get("unknown"):
        return ansi(f"{text} {_unknown_advice(report)}", "red")
    if summary.get("waiting"):
        return ansi(f"{text} Run 'pennyform apply' again in a few minutes for what waits.", "yellow")
    if summary.get("partial") or summary.get("not_started"):
        return ansi(f"{text} Run 'pennyform apply' again for what is left.", "yellow")
    return text
