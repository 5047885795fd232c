"""Compare two contracts: what changed, once per cause, and what it means for those who call them.

``schemas`` reads both documents into nodes (:mod:`~pennyform.spec.diff.schemas.node`), ``comparison`` pairs
operations and schemas, ``report`` brings the sites of each cause together, and ``usage`` finds the words of
what changed in files.
"""

from pennyform.spec.diff.compare import Baseline, compare
from pennyform.spec.diff.comparison.kinds import KINDS, Severity
from pennyform.spec.diff.report.changes import Change

__all__ = ["KINDS", "Baseline", "Change", "Severity", "compare"]
