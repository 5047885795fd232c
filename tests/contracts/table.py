"""The tables of the campaign in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .campaign import Campaign
from .hunt import Catch
from .kinds import TABLE
from .report import figures

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
HEAD = "| planted | seeds | what is seen |\n|---|---:|---|\n"
_PLANTED, _FIGURES = "<!-- planted: contracts -->\n", "<!-- figures: contracts -->\n"
_END = "<!-- end of {} -->"


def row(catch: Catch) -> str:
    """One line."""
    return f"| {catch.name} | {catch.seeds or '-'} | {catch.seen} |\n"


def write_planted(catches: Iterable[Catch]) -> None:
    """Put the planted mistakes into the page."""
    _write(_PLANTED, "planted", f"{HEAD}{''.join(map(row, catches))}")


def write_figures(campaign: Campaign) -> None:
    """Put what a campaign came to into the page."""
    _write(_FIGURES, "figures", "".join(f"{line}\n" for line in _kinds(campaign)))


def _kinds(campaign: Campaign) -> Iterator[str]:
    yield from (f"{line}." for line in ["; ".join(figures(campaign))])
    yield ""
    yield "| kind | where | changes | seeds |"
    yield "|---|---|---|---:|"
    for kind in TABLE:
        seeds = [f"{campaign.kinds[change]:,}" for change in kind.changes]
        yield f"| {kind.name} | {kind.direction} | {', '.join(kind.changes)} | {', '.join(seeds)} |"


def _write(begin: str, name: str, table: str) -> None:
    end = _END.format(name)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(f"{before}{begin}{table}{end}{rest.partition(end)[2]}", encoding="utf-8")


def rows() -> dict[str, str]:
    """The planted mistakes of the page, with the seeds that they took."""
    text = PAGE.read_text(encoding="utf-8").partition(_PLANTED)[2].partition(_END.format("planted"))[0]
    cells = [line.split(" | ") for line in text.removeprefix(HEAD).splitlines()]
    return {name.removeprefix("| "): seeds for name, seeds, *_ in cells}
