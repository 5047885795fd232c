"""The table of ``docs/reliability.md``: kind → tried → held, counted from what pytest collects or runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- attacks -->\n", "<!-- /attacks -->\n"


def render(counts: Mapping[str, int]) -> str:
    """The table, with the number of attacks of each kind."""
    lines = ["| kind | tried | attacks | what holds |", "|---|---|---:|---|"]
    lines += [
        f"| {name} | {kind.tried} | {counts.get(name, 0):,} | {kind.gate} |" for name, kind in KINDS.items()
    ]
    return "\n".join([*lines, f"| in all | | {sum(counts.values()):,} | |", ""])


def claimed() -> dict[str, int]:
    """The numbers that the page has, by kind."""
    lines = PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0].splitlines()[2:-1]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {kind: int(number.replace(",", "")) for _, kind, _, number, *_ in cells}


def write(counts: Mapping[str, int]) -> None:
    """Write the page with another table."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(_BEGIN)[0], page.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}{render(counts)}{_END}{after}", encoding="utf-8")
