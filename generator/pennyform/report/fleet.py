"""``fleet submit`` and ``fleet status`` as text, as a page that refreshes itself, and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pennyform.report.shared.ansi import Ansi
from pennyform.report.shared.formatting import align_columns, clean, count
from pennyform.results.fleet import FleetStatusDocument, SubmittedDocument

# The width of text; a reason that is longer is cut.
_COLUMNS = 80
_STATUSES = (("todo", "waiting"), ("doing", "running"), ("succeeded", "done"), ("failed", "failed"))
# How often the page asks for itself anew.
REFRESH_SECONDS = 5


def submitted_text(document: SubmittedDocument) -> str:
    """The jobs that were queued, as text."""
    document = clean(document)
    cells = [
        [row.company, str(row.company_id), f"job {row.job}", count(row.files, "file"), f"{row.bytes:,} bytes"]
        for row in document.jobs
        if row.job is not None
    ]
    lines = [f"  {text}" for text in align_columns(cells, right=frozenset({1, 3, 4}))]
    rejected = len(document.jobs) - len(cells)
    head = f"Queued {count(len(cells), 'job')} to {document.verb}"
    return "\n".join([f"{head}; {rejected} rejected:" if rejected else f"{head}:", *lines]) + "\n"


def status_text(document: FleetStatusDocument, ansi: Ansi = Ansi()) -> str:  # noqa: B008 - it is immutable
    """What the fleet is doing, as text of 80 columns."""
    document = clean(document)
    lines = [
        ansi(
            f"{_companies(document.companies)}, {count(document.workers, 'worker')}, {document.at}",
            "bold",
        )
    ]
    if document.paused:
        lines.append(ansi("  ! the whole fleet is paused: no job begins", "yellow"))
    if document.paused_companies:
        lines.append(ansi(_cut(f"  ! paused: {_ids(document.paused_companies)}"), "yellow"))
    lines += [f"  {text}" for text in align_columns(_counts(document), right=frozenset({1}))]
    if document.writes_per_second:
        lines.append(f"  {document.writes_per_second:,} requests a second write")
    for title, ids in (("running", document.running), ("stuck, put back soon", document.stuck)):
        if ids:
            lines.append(_cut(f"  {title}: {_ids(ids)}"))
    lines += [
        f"  issued today: {count(row.invoices, 'invoice')}, {row.currency_amount} {row.currency}"
        for row in document.issued_today
    ]
    if document.plans:
        lines += ["", "Plans that wait for an approval: pennyform fleet approve PLAN"]
        cells = [[row.id[:12], row.company, str(row.company_id), row.submitted_by] for row in document.plans]
        lines += [_cut(f"  {text}") for text in align_columns(cells, right=frozenset({2}))]
    if document.failed:
        lines += ["", "Failed today"]
        for row in document.failed:
            lines.append(
                _cut(f"  {row.at[11:19]} {row.company or row.company_id}: {row.verb}, job {row.job}")
            )
            lines.append(_cut(f"    {row.reason}"))
    return "\n".join(lines) + "\n"


def _counts(document: FleetStatusDocument) -> list[list[str]]:
    rows = [[word, f"{document.queue.get(name, 0):,}", ""] for name, word in _STATUSES]
    if document.oldest_seconds:
        rows[0][2] = f"the oldest since {document.oldest_seconds:,.0f} s"
    return rows


def _companies(number: int) -> str:
    return "1 company" if number == 1 else f"{number:,} companies"


def _ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


def _cut(line: str) -> str:
    return line if len(line) <= _COLUMNS else f"{line[: _COLUMNS - 1]}…"


def status_page(document: FleetStatusDocument, *, refresh: bool = False) -> str:
    """The same as a page; with ``refresh``, one that asks for itself anew every few seconds."""
    from pennyform.report.shared.html import PageHead, page  # Jinja, which the other forms do without

    head = PageHead(
        "Fleet",
        "Fleet",
        f"{_companies(document.companies)}, {count(document.workers, 'worker')}",
        "paused" if document.paused else "at work",
        f"a fleet at {document.at}",
        document.pennyform,
    )
    closing = f"As of {document.at}."
    if document.oldest_seconds:
        closing += f" The oldest job waits for {document.oldest_seconds:,.0f} s."
    if document.writes_per_second:
        closing += f" {document.writes_per_second:,} requests a second write."
    tiles = [(word, str(document.queue.get(name, 0)), "") for name, word in _STATUSES]
    seconds = REFRESH_SECONDS if refresh else 0
    return page("fleet.html", head, fleet=document, closing=closing, tiles=tiles, refresh=seconds)


def prometheus_text(document: FleetStatusDocument) -> str:
    """The same for Prometheus, in its text format (version 0.0.4), with nobody's name in it."""
    return "".join(f"{line}\n" for line in _metrics(document))


def _metrics(document: FleetStatusDocument) -> Iterator[str]:
    def gauge(name: str, text: str, *rows: tuple[str, object]) -> Iterator[str]:
        yield f"# HELP pennyform_fleet_{name} {text}"
        yield f"# TYPE pennyform_fleet_{name} gauge"
        for labels, value in rows:
            yield f"pennyform_fleet_{name}{labels} {value}"

    statuses = {name: 0 for name, _ in _STATUSES} | document.queue
    yield from gauge(
        "jobs",
        "Jobs by status.",
        *((f'{{status="{name}"}}', number) for name, number in sorted(statuses.items())),
    )
    yield from gauge("workers", "Workers that were heard of within the stall time.", ("", document.workers))
    yield from gauge("companies", "Companies that jobs were queued for.", ("", document.companies))
    yield from gauge("stuck_jobs", "Jobs whose worker is gone.", ("", len(document.stuck)))
    yield from gauge("oldest_job_seconds", "How long the oldest job waits.", ("", document.oldest_seconds))
    yield from gauge("paused", "Whether the whole fleet is paused.", ("", int(document.paused)))
    yield from gauge("paused_companies", "Companies that are paused.", ("", len(document.paused_companies)))
    yield from gauge("plans_waiting", "Plans that wait for an approval.", ("", len(document.plans)))
    yield from gauge("failed_today", "Jobs that failed within a day, 50 at most.", ("", len(document.failed)))
    yield from gauge(
        "writes_per_second", "Requests of the last minute that write.", ("", document.writes_per_second)
    )
    rows = document.issued_today
    yield from gauge(
        "issued_invoices",
        "Invoices that became final since midnight in UTC.",
        *((f'{{currency="{row.currency}"}}', row.invoices) for row in rows),
    )
    yield from gauge(
        "issued_amount",
        "What they come to, tax included.",
        *((f'{{currency="{row.currency}"}}', row.currency_amount) for row in rows),
    )
