"""Invoices that name one another: deposits, credited invoices, numbers in texts; and circles among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import PendingText, Place
from pennyform.invoices.yaml.document import pointer, value_at
from pennyform.text import difference, fold

CREDITS = "credits"
DEDUCTS = "takes off"
NAMES = "names the number of"


class Link(NamedTuple):
    """The invoice ``reference`` needs the invoice ``to`` before it can become final.

    ``how`` is in words what it does with it; ``place`` and ``pointer`` are where it says so.
    """

    reference: str
    how: str
    to: str
    place: Place
    pointer: str


def links_of(resolved: ResolvedInvoice) -> Iterator[Link]:
    """The invoices that ``resolved`` names by their references, in whatever way."""
    invoice, document = resolved.invoice, resolved.document
    reference, credited = invoice.external_reference, invoice.credit_note_of
    if credited is not None and credited.field == "external_reference":
        yield Link(reference, CREDITS, str(credited.value), credited.place, "/credit_note_of")
    for index, deduction in enumerate(invoice.deductions):
        key = deduction.deposit
        if key.field == "external_reference":
            yield Link(reference, DEDUCTS, str(key.value), key.place, f"/deduct/{index}")
    for path in resolved.origins:
        text = value_at(document.value, path)
        # The label of a deduction names its deposit anyway.
        if isinstance(text, PendingText):
            for named in text.references:
                yield Link(reference, NAMES, named, document.place(path), pointer(path))


def circles(links: Sequence[Link]) -> Iterator[Finding]:
    """Invoices each of which needs another one of them first: one finding for each such circle."""
    by_reference: dict[str, list[Link]] = {}
    for link in sorted(links, key=lambda link: (link.place, link.to)):
        by_reference.setdefault(link.reference, []).append(link)
    done: set[str] = set()
    for start in by_reference:
        if start not in done:
            yield from _circles_from(start, by_reference, done)


def _circles_from(
    start: str, by_reference: Mapping[str, Sequence[Link]], done: set[str]
) -> Iterator[Finding]:
    """The circles that can be reached from ``start`` and were not seen before; adds to ``done``."""
    # Without recursion: a chain of invoices may be longer than the interpreter's limit.
    trail: list[Link] = []
    pending = [iter(by_reference[start])]
    while pending:
        link = next(pending[-1], None)
        if link is None:
            pending.pop()
            done.add(trail.pop().to if trail else start)
            continue
        names = [start, *(step.to for step in trail)]
        if link.to in names:
            # A credit note of itself has a finding of its own.
            if not (link.how == CREDITS and link.to == link.reference):
                yield _circle([*trail, link][names.index(link.to) :])
        elif link.to not in done and link.to in by_reference:
            trail.append(link)
            pending.append(iter(by_reference[link.to]))


def _circle(steps: Sequence[Link]) -> Finding:
    explanation = "; ".join(f"`{link.reference}` {link.how} `{link.to}`" for link in steps)
    summary = f"`{steps[0].reference}` needs itself first"
    if len(steps) > 1:
        summary = f"`{steps[0].reference}` and `{steps[0].to}` need each other first"
    return Finding(
        "reference-circle",
        Severity.ERROR,
        summary,
        *steps[0].place,
        pointer=steps[0].pointer,
        detail=f"{explanation}. A number exists once its invoice is final.",
        fix="" if len(steps) > 1 else "name another invoice, or leave the number out",
    )


def misspelled(links: Iterable[Link], references: Iterable[str]) -> Iterator[Finding]:
    """Links to a reference that only looks like one of ``references``, those of the invoices here."""
    known = {fold(reference): reference for reference in references}
    exact = set(known.values())
    for link in links:
        alike = known.get(fold(link.to))
        if alike is not None and link.to not in exact:
            yield Finding(
                "lookalike-reference",
                Severity.ERROR,
                f"`{link.to}` looks like the invoice `{alike}`, and is not the same",
                *link.place,
                pointer=link.pointer,
                detail=f"In the text, {difference(link.to, alike)}.",
                fix=f"write `{alike}`",
            )
