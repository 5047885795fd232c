"""The table of planted mistakes in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .hunt import Catch

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
HEAD = "| planted | seeds | what is seen |\n|---|---:|---|\n"
_BEGIN, _END = "<!-- planted: contracts -->\n", "<!-- end of planted -->"


def row(catch: Catch) -> str:
    """One line."""
    return f"| {catch.name} | {catch.seeds or '-'} | {catch.seen} |\n"


def write(catches: Iterable[Catch]) -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}{HEAD}{''.join(map(row, catches))}{_END}{after}", encoding="utf-8")


def rows() -> dict[str, str]:
    """The planted mistakes of the page, with the seeds that they took."""
    text = PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]
    cells = [line.split(" | ") for line in text.removeprefix(HEAD).splitlines()]
    return {name.removeprefix("| "): seeds for name, seeds, *_ in cells}
