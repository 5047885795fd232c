"""Pinning: a vendor's contract, reduced to its facts.

What stays: structure, names, types, limits, enums, patterns, formats, defaults, scopes, tags, deprecations.
What goes: every sentence, example and address of a person. The result is still a valid OpenAPI document.
Facts that stood only in sentences become structure, see ``spec.description_facts``; copies of named schemas
become references, see :mod:`pennyform.spec.document.references`.

Only what is listed here passes: a keyword nobody thought of is left out and reported, never let through.
"""

from pennyform.spec.pin.left_out import fingerprint
from pennyform.spec.pin.reduce import Reduced, pin, reduce

__all__ = ["Reduced", "fingerprint", "pin", "reduce"]
