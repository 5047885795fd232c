"""The budget of a run: how much it may read and make in all. Whatever makes more of something draws on it.

A bound of one file or one expression does not bound a run: two thousand lines for each of twenty thousand
rows are forty million. What is used up ends the run with a finding that says so, at the place where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pennyform.findings import Failure, Finding, Severity
from pennyform.invoices.model import Place

FILES = 200_000
BYTES = 1024 * 1024 * 1024
ROWS = 500_000
ENTRIES = 1_000_000
EXPRESSIONS = 5_000_000
CHARACTERS = 256 * 1024 * 1024
FINDINGS = 200_000
# Of one definition: what it makes is in memory at once.
ENTRIES_OF_ONE = 100_000
CHARACTERS_OF_ONE = 16 * 1024 * 1024

_RUN = {
    "files": FILES,
    "bytes": BYTES,
    "rows": ROWS,
    "entries": ENTRIES,
    "expressions": EXPRESSIONS,
    "characters": CHARACTERS,
    "findings": FINDINGS,
}
_ONE = {"entries": ENTRIES_OF_ONE, "characters": CHARACTERS_OF_ONE}
_WORDS = {
    "files": "files that are read",
    "bytes": "bytes that are read",
    "rows": "rows of data files",
    "entries": "entries that expressions make or leave out",
    "expressions": "expressions that are evaluated",
    "characters": "characters that expressions give",
    "findings": "findings",
}


class OverBudgetError(Failure):
    """Something is used up; it carries the finding that says what, and where."""


class Budget:
    """What a run has used, by what it is. One object for everything that is read and made in the run."""

    def __init__(self) -> None:
        self.used = dict.fromkeys(_RUN, 0)
        self._of_one = dict.fromkeys(_ONE, 0)
        self.is_used_up = False

    def begin(self) -> None:
        """The next definition begins."""
        self._of_one = dict.fromkeys(_ONE, 0)

    def draw(self, what: str, amount: int, place: Callable[[], Place]) -> None:
        """Use some of the budget.

        Args:
            what: one of its parts.
            amount: how much of it.
            place: gives the place that it is used for; only asked when it is used up.

        Raises:
            OverBudgetError: there is not so much left of it.
        """
        used = self.used[what] = self.used[what] + amount
        if used > _RUN[what]:
            self.is_used_up = True
            raise _over(what, f"a run has at most {_RUN[what]:,}", place(), "give the command fewer files")
        if what in _ONE:
            used = self._of_one[what] = self._of_one[what] + amount
            if used > _ONE[what]:
                self.is_used_up = True
                raise _over(what, f"one definition has at most {_ONE[what]:,}", place(), "")

    def has_room_for(self, used: Mapping[str, int]) -> bool:
        """Whether what a part of the run used elsewhere is left here."""
        return all(self.used[what] + amount <= _RUN[what] for what, amount in used.items())

    def add(self, used: Mapping[str, int]) -> None:
        """Count what a part of the run used elsewhere."""
        for what, amount in used.items():
            self.used[what] += amount


def _over(what: str, bound: str, place: Place, fix: str) -> OverBudgetError:
    summary = f"too many {_WORDS[what]}: {bound}"
    return OverBudgetError([Finding("over-budget", Severity.ERROR, summary, *place, fix=fix)])
