"""A campaign as text: the figures, the failures with their seeds, and a table of kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .campaign import Campaign, Tally
from .episode import Verdict
from .kinds import KINDS

_MOST = 20
_LONGEST = 110
_BOOKS = "each reference at most once, all as planned"


def render(campaign: Campaign) -> str:
    """The whole campaign, the table last but for the figures."""
    return "\n".join([*_table(campaign), "", *_failures(campaign), *_figures(campaign), ""])


def verdict(one: Verdict) -> str:
    """One seed in a few lines."""
    ends = ", ".join(f"{run.words[0]} → {_exit(run.exit)}" for run in one.runs)
    said = "\n".join(f"  WRONG: {what}" for what in dict.fromkeys(one.wrong)) or "  every oracle is content"
    return f"seed {one.seed}: {', '.join(one.kinds)}\n  {ends}\n{said}"


def _exit(code: int | None) -> str:
    return "killed" if code is None else str(int(code))


def _figures(campaign: Campaign) -> Iterator[str]:
    each = campaign.seconds / max(campaign.verdicts, 1) * 1000
    yield (
        f"{campaign.verdicts:,} seeds, {len(campaign.met)} kinds of faults met, {campaign.runs:,} commands, "
        f"{campaign.requests:,} requests, {campaign.invoices:,} invoices"
    )
    yield f"{campaign.seconds:.0f} s, {each:.0f} ms per seed; all traces together: {campaign.digest}"
    yield f"{len(campaign.failures)} failures" if campaign.failures else "no failure"


def _failures(campaign: Campaign) -> Iterator[str]:
    for one in campaign.failures[:_MOST]:
        yield verdict(one)
        yield f"  again: nox -s simulate -- --seed {one.seed}"
    if more := campaign.failures[_MOST:]:
        yield f"and {len(more)} more: {', '.join(str(one.seed) for one in more)}"
    if campaign.failures:
        yield ""


def _table(campaign: Campaign) -> Iterator[str]:
    yield "| fault | seeds | what the user sees | what is said most often | then | the books |"
    yield "|---|---:|---|---|---|---|"
    for kind in KINDS:
        if kind.name in campaign.kinds:
            tally = campaign.kinds[kind.name]
            cells = (
                kind.name,
                tally.met,
                _endings(tally.endings),
                _said(tally),
                _calm(tally),
                _judged(tally),
            )
            yield f"| {' | '.join(map(str, cells))} |"


def _endings(endings: Counter[str]) -> str:
    total = sum(endings.values())
    shares = (
        (ending, round(100 * count / total)) for ending, count in sorted(endings.items(), key=_frequent)
    )
    return "; ".join(f"{ending} ({share} %)" for ending, share in shares if share) or "never met"


def _said(tally: Tally) -> str:
    """The message that came most often, cut to what fits into a cell."""
    if not tally.messages:
        return ""
    message = min(tally.messages.items(), key=_frequent)[0].replace("|", "/")
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


def _frequent(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _calm(tally: Tally) -> str:
    names = {0: "a person decides", 1: "one apply", 2: "two applies"}
    found = [names.get(number, f"{number} applies") for number in sorted(tally.calm)]
    return ", ".join(found) or "one apply"


def _judged(tally: Tally) -> str:
    return f"WRONG in {tally.wrong}" if tally.wrong else _BOOKS
