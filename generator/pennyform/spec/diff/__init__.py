"""Compare two contracts: what changed, once per cause, and what it means for those who call them.

``compare`` reads both documents into shapes (:mod:`~pennyform.spec.diff.schemas.nodes`), pairs operations and
schemas, and brings the sites of each cause together (:mod:`~pennyform.spec.diff.report.changes`).
"""

from pennyform.spec.diff.comparison.contracts import compare
from pennyform.spec.diff.report.changes import Change, Place
from pennyform.spec.diff.report.kinds import KINDS, Severity

__all__ = ["KINDS", "Change", "Place", "Severity", "compare"]
