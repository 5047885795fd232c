"""Results of several companies: a section for each, and what they come to together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pennyform.findings import first_names
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan.text import money, summary_line
from pennyform.report.shared.formatting import LARGEST, clean, companies_text, count
from pennyform.report.shared.layout import PLAIN, Layout
from pennyform.results.companies import CompaniesPlanDocument, CompaniesSummary
from pennyform.results.values import CurrencyTotals
from pennyform.text import markdown_text, one_line

_WORDS = {"no_op": "unchanged"}
# Of companies that failed, in one line.
_MOST_NAMES = 10


def section(name: str, text: str, layout: Layout = PLAIN) -> str:
    """What a company has to say, below its name."""
    body = text.strip("\n") or "No result: see the findings."
    return f"{layout.ansi(f'== {one_line(name)} ==', 'bold')}\n{body}\n\n"


def totals(
    summary: CompaniesSummary, rows: Iterable[CurrencyTotals], title: str, layout: Layout = PLAIN
) -> str:
    """What all companies come to together, as lines of text."""
    lines = [*money(tuple(map(clean, rows)), title, layout), *layout.wrap(summary_text(summary))]
    return "\n".join(lines) + "\n"


def summary_text(summary: CompaniesSummary) -> str:
    """How many companies there are, what became of their invoices, and how many failed, in one line."""
    counts = [
        f"{number} {_WORDS.get(name, name.replace('_', ' '))}"
        for name, number in sorted(summary.counts.items())
        if number
    ]
    parts = [companies_text(summary.companies)]
    if summary.failed:
        names = first_names([one_line(name) for name in summary.failed_companies], _MOST_NAMES)
        parts.append(f"{summary.failed} failed{f' ({names})' if names else ''}")
    return f"{', '.join(parts)}: {', '.join(counts) or 'no invoices'}."


def plans_as_markdown(
    document: CompaniesPlanDocument, problems: Mapping[str, str], findings: Mapping[str, str]
) -> str:
    """The plans of several companies as Markdown of at most 60,000 characters.

    Args:
        document: the plans.
        problems: why a company has none, in a sentence, by its name.
        findings: what was found in the definitions of a company, as Markdown, by its name.
    """
    head = [
        f"### pennyform plan: {companies_text(document.summary.companies)}",
        "",
        markdown_text(summary_text(document.summary)),
        "",
        "| company | what |",
        "|---|---|",
    ]
    for company in document.companies:
        text = summary_line(clean(company.plan)) if company.plan else f"failed: {problems[company.name]}"
        head.append(f"| {markdown_text(company.name)} | {markdown_text(text)} |")
    plans = [
        (row.plan, findings.get(row.name, ""))
        for row in document.companies
        if row.plan and (findings.get(row.name) or any(map(plan_markdown.is_shown, row.plan.changes)))
    ]
    room = LARGEST - sum(len(text) + 1 for text in head) - 200
    sections = plan_markdown.render_several(plans, room)
    more = len(plans) - len(sections)
    rest = f"\n… and {count(more, 'plan')} more; run `pennyform plan` to see all." if more else ""
    return "\n".join([*head, *sections, *([rest] if rest else [])]) + "\n"
