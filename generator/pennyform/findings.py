"""What is wrong, where, and what to do: the one type that every package reports with.

A finding is a value. Packages return findings; they raise only for what they cannot go on from
(:class:`Failure`), and nothing but the command line turns either into text or an exit code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from pennyform.text import visible_line


class Severity(StrEnum):
    """How much a finding weighs. Only an error stops a command."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


MOST_FINDINGS = 10_000
"""So many findings are reported of one run; one more says how many there are besides."""
LONGEST_TEXT = 4_000
"""So many characters of each text of a finding are reported."""
# Comparing names takes the product of their lengths, for each of them.
_LONGEST_NAME = 100
_MOST_NAMES = 1_000
_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Finding(NamedTuple):
    """One thing that is wrong, its place, and its remedy.

    ``rule`` is a stable kebab-case name; ``file`` is as the user gave it; ``line`` and ``column`` count
    from 1, and 0 means the file as a whole. ``pointer`` is the JSON Pointer (RFC 6901) of the value meant.
    ``summary`` is one sentence without the place; ``detail`` says why it matters; ``fix`` says what to do.
    ``subject`` is what the finding is about where one mistake gives many findings: the row of a data file, or
    the reference of an invoice, as the texts name it.
    """

    rule: str
    severity: Severity
    summary: str
    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""
    detail: str = ""
    fix: str = ""
    subject: str = ""

    @property
    def place(self) -> str:
        """``file:line:column``, shortened to what is known, to be shown: a file may be named in any way."""
        file = visible_line(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file

    @property
    def order(self) -> tuple[object, ...]:
        """What findings are sorted by: their place first."""
        place = (self.file, self.line, self.column)
        return (*place, _WEIGHT[self.severity], self.rule, self.pointer, self.summary)


def closest_name(name: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """The one of ``names`` that ``name`` is probably misspelled from; "" when none is alike enough.

    ``cutoff`` is the ratio of :mod:`difflib`, from 0 to 1: higher where a wrong guess would mislead.
    """
    if len(name) > _LONGEST_NAME:
        return ""
    # Only where something is wrong: no valid definition pays for the import.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(islice(names, _MOST_NAMES)), n=1, cutoff=cutoff)), "")


def first_names(names: Sequence[str], most: int) -> str:
    """At most so many of ``names`` in a sentence, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def tidy(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by place and drop exact repeats, so that two runs report alike whatever order they looked in.

    Each text becomes one line: it may quote what a file says, and a line of its own in the log of a CI job
    could be taken for a command.
    """
    ordered = sorted(dict.fromkeys(map(_on_one_line, findings)), key=lambda finding: finding.order)
    left_out = ordered[MOST_FINDINGS:]
    if len(left_out) <= 1:
        return ordered
    # What says how many there are besides is the first: it has no place, and the weight of the heaviest.
    more = Finding(
        "findings-many",
        min((finding.severity for finding in left_out), key=_WEIGHT.__getitem__),
        f"{len(left_out):,} more findings are not reported: the first {MOST_FINDINGS:,} are",
        detail="What is wrong so often mostly has one cause.",
        fix="mend what is reported, and run the command again",
    )
    return [more, *ordered[:MOST_FINDINGS]]


def _on_one_line(finding: Finding) -> Finding:
    texts = f"{finding.summary}{finding.pointer}{finding.detail}{finding.fix}{finding.subject}"
    # Nearly all is visible and short, and one look at everything together is enough to know.
    if len(texts) <= LONGEST_TEXT and visible_line(texts) == texts:
        return finding
    return finding._replace(
        summary=_line(finding.summary),
        pointer=_line(finding.pointer),
        detail=_line(finding.detail),
        fix=_line(finding.fix),
        subject=_line(finding.subject),
    )


def _line(text: str) -> str:
    return visible_line(text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…")


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that must stop a command."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def defect_place(defect: Exception) -> str:
    """The kind of a defect and where it was raised; its own text stays out, as it may quote what was sent."""
    import traceback  # slow to import, and hardly ever needed

    frame = traceback.extract_tb(defect.__traceback__)[-1]
    return f"{type(defect).__name__} at {frame.filename.rpartition('/')[2]}:{frame.lineno}"


class Rule(NamedTuple):
    """What findings of one name are about.

    ``name`` is stable: scripts and services may rely on it. ``severities`` are those it is reported with.
    ``summary`` is one sentence, ``why`` says why it matters. ``example`` is a line that breaks it, or a
    comment on what does where no single line can; ``fix`` is what to write or do instead.
    """

    name: str
    severities: tuple[Severity, ...]
    summary: str
    why: str
    example: str
    fix: str


class Failure(Exception):  # noqa: N818 - it carries findings; not every one of them is an error of ours
    """A command cannot go on. Carries every finding known by then; ``str()`` is the first summary."""

    def __init__(self, findings: list[Finding] | None = None) -> None:
        super().__init__()
        self.findings: list[Finding] = findings or []

    def __str__(self) -> str:
        return self.findings[0].summary if self.findings else "failed"


def failure(rule: str, summary: str, *, file: str = "", detail: str = "", fix: str = "") -> Failure:
    """A :class:`Failure` that carries a single error."""
    return Failure([Finding(rule, Severity.ERROR, summary, file=file, detail=detail, fix=fix)])
