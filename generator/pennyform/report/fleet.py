"""``fleet submit`` and ``fleet status`` as text, as a page that refreshes itself, and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.shared.formatting import LARGEST, clean, count, fitting
from pennyform.report.shared.layout import PLAIN, Layout
from pennyform.results.fleet import FleetStatusDocument, SubmittedDocument, SubmittedJob
from pennyform.results.plan import PlanDocument
from pennyform.text import markdown_text

_STATUSES = (("todo", "waiting"), ("doing", "running"), ("succeeded", "done"), ("failed", "failed"))
# How often the page asks for itself anew.
REFRESH_SECONDS = 5


def submitted_text(document: SubmittedDocument, layout: Layout = PLAIN) -> str:
    """The jobs that were queued, as text."""
    document = clean(document)
    cells = [
        [row.company, str(row.company_id), f"job {row.job}", count(row.files, "file"), f"{row.bytes:,} bytes"]
        for row in document.jobs
        if row.job is not None
    ]
    lines = [line for lines in layout.table(cells, "^><>>", "  ") for line in lines]
    rejected = len(document.jobs) - len(cells)
    head = f"Queued {count(len(cells), 'job')} to {document.verb}"
    lines = [f"{head}; {rejected} rejected:" if rejected else f"{head}:", *lines]
    for row in document.jobs:
        if row.reason:
            lines += [*layout.wrap(f"{row.company}: job {row.job} failed"), *layout.wrap(row.reason, "  ")]
        if row.plan:
            lines.append(f"{row.company}: pennyform fleet approve {row.plan} --digest {row.digest}")
    return "\n".join(lines) + "\n"


def submitted_markdown(document: SubmittedDocument, plans: Mapping[str, PlanDocument]) -> str:
    """How the jobs ended, and the plans that they made, as Markdown of at most 60,000 characters.

    A plan that has no room is not to be approved by whoever reads this.

    Args:
        document: the jobs.
        plans: the plans by their ids.
    """
    rows = [job for job in document.jobs if job.plan in plans]
    states = [f"- {markdown_text(job.company)}: {markdown_text(_state(job))}" for job in document.jobs]
    fitted = fitting(states, LARGEST // 3)
    head = [f"### pennyform fleet: {count(len(rows), 'plan')} to be approved", "", *fitted]
    head += [f"- … and {len(states) - len(fitted)} more"] if len(fitted) < len(states) else []
    lines = [approval_line(job.plan or "", job.digest or "") for job in rows]
    room = LARGEST - sum(len(line) + 3 for line in (*head, *lines)) - 200
    sections = plan_markdown.render_several([(plans[job.plan or ""], "") for job in rows], room)
    more = len(rows) - len(sections)
    rest = [f"\n… and {count(more, 'plan')} more; see `pennyform fleet status`, and approve each by itself."]
    approvable = [f"\n{line}\n{section}" for line, section in zip(lines, sections, strict=False)]
    return "\n".join([*head, *approvable, *(rest if more else [])]) + "\n"


def approval_line(id_: str, digest: str) -> str:
    """The line that tells how to approve a plan: a job of a merged pull request looks for it in comments."""
    return f"Approve exactly this: pennyform fleet approve {id_} --digest {digest}"


def _state(job: SubmittedJob) -> str:
    if job.job is None:
        return f"rejected: {job.problems[0].summary}" if job.problems else "rejected"
    if job.reason or job.plan:
        return job.reason or "to be approved"
    return "there is no plan yet" if job.exit_code is None else "nothing to do"


def status_text(document: FleetStatusDocument, layout: Layout = PLAIN) -> str:
    """What the fleet is doing, as text."""
    document, ansi = clean(document), layout.ansi
    head = f"{_companies(document.companies)}, {count(document.workers, 'worker')}, {document.at}"
    lines = layout.wrap(ansi(head, "bold"))
    if document.paused:
        lines += layout.wrap(ansi("! the whole fleet is paused: no job begins", "yellow"), "  ")
    if document.paused_companies:
        lines += layout.wrap(ansi(f"! paused: {_ids(document.paused_companies)}", "yellow"), "  ")
    lines += [line for texts in layout.table(_counts(document), "<><", "  ") for line in texts]
    if document.writes_per_second:
        lines += layout.wrap(f"{document.writes_per_second:,} requests a second write", "  ")
    for title, ids in (("running", document.running), ("stuck, put back soon", document.stuck)):
        lines += layout.wrap(f"{title}: {_ids(ids)}", "  ") if ids else []
    for issued in document.issued_today:
        text = f"{count(issued.invoices, 'invoice')}, {issued.currency_amount} {issued.currency}"
        lines += layout.wrap(f"issued today: {text}", "  ")
    if document.plans:
        lines += ["", *layout.wrap("Plans that wait for an approval: pennyform fleet approve PLAN")]
        cells = [[row.id[:12], row.company, str(row.company_id), row.submitted_by] for row in document.plans]
        lines += [line for texts in layout.table(cells, "<^><", "  ") for line in texts]
    lines += ["", "Failed today"] if document.failed else []
    for row in document.failed:
        text = f"{row.at[11:19]} {row.company or row.company_id}: {row.verb}, job {row.job}"
        lines += [*layout.wrap(text, "  "), *layout.wrap(row.reason, "    ", "")]
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
