"""Look through files for what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.report.kinds import Severity
from pennyform.spec.diff.usage.words import Words, words_of

DEFINITION: Final = "definition"
CODE: Final = "code"
EMITTED: Final = "emitted"


@dataclass(frozen=True, slots=True)
class Text:
    """One file: its name as the user gave it, and its content."""

    file: str
    content: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """What definitions in YAML become: resources of the API, some fields under a name of their own."""

    resources: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A word that was found. ``what``: in a ``definition``, in ``code``, or ``emitted`` from a contract."""

    file: str
    line: int
    column: int
    what: Literal["definition", "code", "emitted"]
    word: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found.

    ``unread`` are files that could not be looked through, with the reason. ``everywhere`` are fingerprints of
    changes that need no search: they concern every call, whoever makes it.
    """

    uses: list[Use]
    files: int
    unread: dict[str, str]
    everywhere: list[str]

    @property
    def of_yours(self) -> list[Use]:
        """The uses in files that people write."""
        return [use for use in self.uses if use.what != EMITTED]


class UnreadableError(ValueError):
    """A text cannot be taken apart into words; the message says why."""


def search(changes: Sequence[Change], texts: Iterable[Text], definitions: Definitions) -> Searched:
    """Find the words of changes in files.

    Args:
        changes: what changed.
        texts: YAML (``.yaml``, ``.yml``) and Python (``.py``, ``.pyi``); every other name is skipped.
        definitions: what YAML means here.

    Returns:
        The uses, sorted.
    """
    words = [word for change in changes for word in words_of(change)]
    uses: set[Use] = set()
    unread: dict[str, str] = {}
    files = 0
    for text in texts:
        look = _reader(text.file)
        if look is None:
            continue
        files += 1
        try:
            uses.update(look(text, words, definitions))
        except UnreadableError as problem:
            unread[text.file] = str(problem)
    everywhere = [change.fingerprint for change in changes if _concerns_every_call(change)]
    return Searched(sorted(uses), files, unread, everywhere)


def _concerns_every_call(change: Change) -> bool:
    return not change.operations and change.severity is not Severity.ADDITIVE


Look = Callable[[Text, Sequence[Words], Definitions], Iterator[Use]]


def _reader(file: str) -> Look | None:
    """What takes a file of this name apart."""
    if file.endswith((".yaml", ".yml")):
        from pennyform.spec.diff.usage.in_yaml import in_yaml

        return in_yaml
    if file.endswith((".py", ".pyi")):
        from pennyform.spec.diff.usage.in_python import in_python

        return in_python
    return None
