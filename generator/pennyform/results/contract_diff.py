"""What ``spec diff`` reports."""

from __future__ import annotations

from typing import Literal

from pennyform.results.values import Json, Record


class ChangePlace(Record, frozen=True):
    """A path inside requests or answers, and the operations that have it there."""

    direction: str
    path: str
    operations: tuple[str, ...]


class ContractChange(Record, frozen=True):
    """One change of the contract. ``accepted`` is the reason why somebody accepted it, or null."""

    fingerprint: str
    severity: Literal["breaking", "attention", "additive"]
    kind: str
    operations: tuple[str, ...]
    direction: str
    path: str
    old: Json
    new: Json
    places: tuple[ChangePlace, ...]
    accepted: str | None


class ContractDiffSummary(Record, frozen=True):
    """How many changes there are of each severity, and how many of all of them are accepted."""

    breaking: int
    attention: int
    additive: int
    accepted: int


class ChangeUse(Record, frozen=True):
    """A word of a change that was found: in a ``definition``, in ``code``, or ``emitted`` from a contract."""

    file: str
    line: int
    column: int
    what: Literal["definition", "code", "emitted"]
    word: str
    fingerprint: str


class ChangeUses(Record, frozen=True):
    """Where changes are used.

    ``files`` is how many were looked through; ``unread`` are those that could not be, with the reason;
    ``everywhere`` are fingerprints of changes that concern every call.
    """

    files: int
    unread: dict[str, str]
    everywhere: tuple[str, ...]
    uses: tuple[ChangeUse, ...]


class MovedName(Record, frozen=True):
    """A name of the emitted client that does not stand for what it stood for.

    ``name`` is a class (``models.Customer``) or a method (``customers.get``), ``old`` is a place of the
    contract that it stands for. ``new`` is the place that the method stands for now, or the class that stands
    for that place now; null where there is none.
    """

    name: str
    old: str
    new: str | None


class ContractDiffDocument(Record, frozen=True):
    """How two contracts differ for those who call them, the worst first.

    ``unused_accepted`` are accepted fingerprints that no change has. ``names`` are the names of the client
    that move; null where it is not known which names it has.
    """

    format_version: Literal[1]
    old: str
    new: str
    summary: ContractDiffSummary
    changes: tuple[ContractChange, ...]
    unused_accepted: tuple[str, ...]
    names: tuple[MovedName, ...] | None
    against: ChangeUses | None
