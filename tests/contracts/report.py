"""A campaign as text: the figures, the failures with their seeds, and how often each kind was met."""

from __future__ import annotations

from collections.abc import Iterator

from .campaign import Campaign
from .episode import Verdict

_MOST = 20
_MOST_OF_ONE = 5


def render(campaign: Campaign) -> str:
    """The whole campaign."""
    return "\n".join([*_table(campaign), "", *_failures(campaign), *figures(campaign), ""])


def verdict(verdict: Verdict) -> str:
    """One seed in a few lines."""
    kinds = ", ".join(dict.fromkeys(verdict.kinds))
    counts = f"{verdict.operations} operations, {verdict.skipped} left out, {verdict.calls} calls"
    wrong = [f"  WRONG: {what}" for what in verdict.wrong[:_MOST_OF_ONE]]
    wrong = wrong or ["  all arrived as it was meant"]
    more = len(verdict.wrong) - _MOST_OF_ONE
    wrong += [f"  and {more} more"] if more > 0 else []
    return "\n".join([f"seed {verdict.seed}: {kinds}", f"  {counts}", *wrong])


def figures(campaign: Campaign) -> Iterator[str]:
    """What the campaign came to."""
    each = campaign.processor / max(campaign.seeds, 1) * 1000
    changes = f"{campaign.seeds:,} seeds, {len(campaign.kinds)} kinds of changes"
    operations = f"{campaign.operations:,} operations, {campaign.skipped:,} left out with a reason"
    yield f"{changes}, {operations}, {campaign.calls:,} calls"
    yield f"{campaign.seconds:.0f} s, {each:.0f} ms of one core per seed"
    yield f"{len(campaign.failures)} failures" if campaign.failures else "no failure"


def _failures(campaign: Campaign) -> Iterator[str]:
    for failed in campaign.failures[:_MOST]:
        yield verdict(failed)
        yield f"  again: nox -s contracts -- --seed {failed.seed}"
    if more := campaign.failures[_MOST:]:
        yield f"and {len(more)} more: {', '.join(str(failed.seed) for failed in more)}"
    if campaign.failures:
        yield ""


def _table(campaign: Campaign) -> Iterator[str]:
    yield "| change | seeds |"
    yield "|---|---:|"
    for kind, count in sorted(campaign.kinds.items()):
        yield f"| {kind} | {count} |"
