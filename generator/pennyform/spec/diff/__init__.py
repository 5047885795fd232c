"""Compare two contracts: what changed, once per cause, and what it means for those who call them.

``schemas`` reads both documents into nodes (:mod:`~pennyform.spec.diff.schemas.node`), ``comparison`` pairs
operations and schemas, ``report`` brings the sites of each cause together, and ``usage`` finds the words of
what changed in files.
"""

from __future__ import annotations

from pennyform.spec.diff.comparison.contracts import ContractReader, compare_contracts
from pennyform.spec.diff.comparison.kinds import KINDS, Severity
from pennyform.spec.diff.report.changes import Change, group_changes
from pennyform.spec.diff.schemas.node import SchemaPool
from pennyform.spec.document.json_types import JsonObject

__all__ = ["KINDS", "Baseline", "Change", "Severity", "compare"]


class Baseline:
    """A contract that others are compared with: it is read once, and so is what they share with it."""

    def __init__(self, old: JsonObject) -> None:
        self._pool = SchemaPool()
        self._old = ContractReader(old, self._pool)

    def compare(self, new: JsonObject) -> list[Change]:
        """What has changed in ``new``; see :func:`compare`."""
        sites = compare_contracts(self._old, ContractReader(new, self._pool), self._pool)
        return group_changes(sites, self._pool)


def compare(old: JsonObject, new: JsonObject) -> list[Change]:
    """What differs between two pinned contracts, for those who call them.

    Args:
        old: the contract there was, as :func:`pennyform.spec.document.load.load` accepts it, pinned.
        new: the contract there is.

    Returns:
        One change per cause, the worst first; a function of the arguments alone.

    Raises:
        Failure: one of them refers out of itself or to nothing.
    """
    return Baseline(old).compare(new)
