"""What an apply did, for the terminal, rendered from the report's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.report.plan.text import money
from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import cleaned, count, difference, task

Data = Mapping[str, Any]

_LOOKS = {
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
}
_ENDED = {
    "failed": "failed",
    "differs": "differs from its definition; it was not taken further",
    "conflict": "left alone",
    "unknown": "outcome unknown",
    "partial": "stopped before it was finished",
    "not_started": "not started",
    "waiting": "waiting for its PDF",
}
_STEPS = {
    "create": "create",
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


def render(report: Data, paint: Paint | None = None) -> str:
    """The report as text, with a line feed at its end."""
    return "\n".join(_lines(cleaned(report), paint or Paint())) + "\n"


def _lines(report: Data, paint: Paint) -> Iterator[str]:
    for result in report["results"]:
        if result["status"] != "unchanged":
            yield from _result(result, paint)
    yield ""
    yield from money(report["money"], "Money of what was done and verified")
    if report["stopped"]:
        yield paint(f"Stopped: {report['stopped']}", "yellow")
    yield closing(report, paint)


def _result(result: Data, paint: Paint) -> Iterator[str]:
    symbol, colour = _LOOKS[result["status"]]
    said = _done(result) if result["status"] == "done" else _ended(result)
    yield f"  {paint(symbol, colour, 'bold')} {result['kind']} {result['external_reference']}  {said}"
    if result["status"] in {"failed", "conflict", "unknown"} and result["detail"]:
        yield f"      {result['detail']}"
    for row in result["differences"]:
        yield f"      {difference(row)}"


def _done(result: Data) -> str:
    if result["kind"] != "invoice":
        return f"created (id {result['id']})"
    if not result["draft"] and result["invoice_number"]:
        return f"final as {result['invoice_number']}, verified (id {result['id']})"
    if result["action"] == "delete":
        return f"deleted (id {result['id']})"
    said = _DONE.get(result["action"].removesuffix("_and_finalize"), "verified")
    return f"{said} (id {result['id']})"


def _ended(result: Data) -> str:
    left = ", ".join(_STEPS.get(step) or task(step) for step in result["left"])
    known = f" (id {result['id']})" if result["id"] else ""
    return f"{_ENDED[result['status']]}{known}" + (f"; left: {left}" if left else "")


def closing(report: Data, paint: Paint) -> str:
    """The counts in one line, and what to do when not everything was done."""
    summary = report["summary"]
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
    said = ", ".join(f"{summary[name]} {name.replace('_', ' ')}" for name in names if summary.get(name))
    text = f"Apply: {said or count(0, 'change')}."
    if summary.get("unknown"):
        return paint(f"{text} Run 'pennyform apply' again: it finds out what became of the unknown.", "red")
    if summary.get("waiting"):
        return paint(f"{text} Run 'pennyform apply' again in a few minutes for what waits.", "yellow")
    if summary.get("partial") or summary.get("not_started"):
        return paint(f"{text} Run 'pennyform apply' again for what is left.", "yellow")
    return text
