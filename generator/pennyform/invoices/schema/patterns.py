"""What definitions have in common that differ in nothing but the values of their expressions.

The rows of a data file become thousands of such definitions. What follows from the rest of them is worked out
once: which checks a row can change, and what has been checked for equal values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.yaml.document import Mark, Path, YamlValue, value_at

# How many values of one check are remembered: more are not likely to come again.
_MOST_REMEMBERED = 5_000
# And how many patterns: where nearly each definition has one of its own, nothing is to be won.
_MOST_PATTERNS = 500


Shape = tuple[tuple[Path, Path | None], ...]
"""Which entries and fields an evaluation left out or repeated: where each came to stand, and from where."""


class Check(NamedTuple):
    """A check of one definition, and the fields that decide whether it finds something.

    ``run`` gives the findings. ``reads`` are names of fields, wherever they stand; what stands within one of
    them counts as well. None: it may read anything. Of ``whether`` only matters if there is a value. Which
    fields there are is the same in a pattern, and need not be declared.
    """

    run: Callable[..., Iterable[Finding]]
    reads: frozenset[str] | None
    whether: frozenset[str] = frozenset()


class Pattern:
    """What is known of the definitions of one pattern: one document, evaluated in one shape.

    ``paths`` lead to the values that expressions gave, which are all that such definitions differ in.
    ``marks`` are the places of what is in all of them. ``joined`` are the patterns that templates make of it.
    ``invoice`` is for who resolves them, ``marks_of_values`` for who applies a template, by its name.
    """

    __slots__ = ("_open", "invoice", "joined", "marks", "marks_of_values", "paths")

    def __init__(self, value: YamlValue, computed: Iterable[Path], marks: Mapping[Path, Mark]) -> None:
        """The pattern of a definition.

        Args:
            value: what it says.
            computed: the paths of what expressions gave.
            marks: the places of all.
        """
        self.paths = tuple(path for path in computed if value_at(value, path) is not None)
        self.marks = marks
        self.marks_of_values: dict[str, Mapping[str, Mark]] = {}
        self.invoice: Any = None
        self.joined = Patterns()
        self._open: dict[int, list[_OpenCheck]] = {}

    def findings(self, checks: Sequence[Check], value: YamlValue, *about: object) -> list[Finding]:
        """What ``checks`` find in a definition of this pattern.

        A check that found nothing is not made again for the same values of what it reads.

        Args:
            checks: the same object each time.
            value: what the definition says.
            about: what the checks take.
        """
        open_checks = self._open.get(id(checks))
        if open_checks is None:
            open_checks = [_OpenCheck(check, self.paths) for check in checks]
        findings: list[Finding] = []
        still_open = []
        # 1, 1.0 and true are three values.
        values = [
            member if type(member := reduce(getitem, path, value)) is str else (type(member), str(member))
            for path in self.paths
        ]
        for check in open_checks:
            problems = check.findings(values, about)
            findings += problems
            # What no expression can change is checked once, unless it is to be said of each.
            if problems or not check.is_settled:
                still_open.append(check)
        self._open[id(checks)] = still_open
        return findings


class Patterns:
    """The patterns of the definitions that one is made into, by the shapes that it is evaluated in."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Pattern] = {}

    def find(self, shape: Shape | None, template: str = "") -> Pattern | None:
        """The pattern of an earlier definition that was evaluated in the same shape, if there is one."""
        return self._known.get((template, shape))

    def add(
        self,
        shape: Shape | None,
        value: YamlValue,
        computed: Iterable[Path],
        marks: Mapping[Path, Mark],
        template: str = "",
    ) -> Pattern | None:
        """The pattern of the first definition of a shape; None where others can differ in more.

        Args:
            shape: that in which it was evaluated.
            value: what it says.
            computed: the paths of what expressions gave.
            marks: the places of all.
            template: what was applied to it.
        """
        if shape is None or len(self._known) == _MOST_PATTERNS:
            return None
        pattern = Pattern(value, computed, marks)
        # What kind of definition it is decides about the rest.
        if ("kind",) in pattern.paths:
            return None
        self._known[template, shape] = pattern
        return pattern


class _OpenCheck:
    """A check, and which values of a pattern it reads, or looks only whether there are any.

    ``clean`` are those for which it found nothing; None for a check that is always made.
    """

    __slots__ = ("_reads", "_run", "_whether", "clean")

    def __init__(self, check: Check, paths: Sequence[Path]) -> None:
        reads = check.reads or frozenset()
        self._run = check.run
        self.clean: set[Hashable] | None = None if check.reads is None else set()
        self._reads = [index for index, path in enumerate(paths) if not reads.isdisjoint(path)]
        whether = (index for index, path in enumerate(paths) if not check.whether.isdisjoint(path))
        self._whether = [index for index in whether if index not in self._reads]

    @property
    def is_settled(self) -> bool:
        """Whether it need not be made again: no expression can change what it reads."""
        return bool(self.clean) and not self._reads and not self._whether

    def findings(self, values: Sequence[Hashable], about: Iterable[object]) -> list[Finding]:
        if self.clean is None:
            return list(self._run(*about))
        key = (*[values[index] for index in self._reads], *[bool(values[index]) for index in self._whether])
        if key in self.clean:
            return []
        problems = list(self._run(*about))
        if not problems and len(self.clean) < _MOST_REMEMBERED:
            self.clean.add(key)
        return problems
