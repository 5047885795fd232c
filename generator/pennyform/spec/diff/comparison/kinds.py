"""What can change in a contract, and what each change means for those who call it.

The table is the only place where a kind gets its class; docs/contract-diff.md carries the same table with
the reasons.
"""

from __future__ import annotations

from enum import StrEnum

REQUEST = "request"
ANSWER = "answer"
BOTH = "both"


class Severity(StrEnum):
    """What a change means for a caller.

    ``BREAKING``: calls that worked may fail, or code that read an answer may. ``ATTENTION``: nothing fails,
    but someone should look. ``ADDITIVE``: nothing that exists is affected.
    """

    BREAKING = "breaking"
    ATTENTION = "attention"
    ADDITIVE = "additive"


RANK = {Severity.BREAKING: 0, Severity.ATTENTION: 1, Severity.ADDITIVE: 2}
"""The order of reports: the worst first."""

_B, _T, _A = Severity.BREAKING, Severity.ATTENTION, Severity.ADDITIVE

# Kind -> its class where it concerns what is sent, and where it concerns what comes back. Reading an answer
# survives unknown fields, missing fields and unknown values; the code behind it relies on what was promised.
KINDS: dict[str, tuple[Severity, Severity]] = {
    "operation-added": (_A, _A),
    "operation-removed": (_B, _B),
    "operation-moved": (_B, _B),
    "operation-id-changed": (_T, _T),
    "server-added": (_A, _A),
    "server-removed": (_B, _B),
    "operation-server-changed": (_B, _B),
    "authentication-changed": (_T, _T),
    "security-narrowed": (_B, _B),
    "security-widened": (_A, _A),
    "security-changed": (_B, _B),
    "scope-added": (_A, _A),
    "scope-removed": (_B, _B),
    "scope-required": (_B, _B),
    "scope-dropped": (_A, _A),
    "stability-changed": (_T, _T),
    "deprecated": (_T, _T),
    "undeprecated": (_A, _A),
    "parameter-added": (_A, _A),
    "required-parameter-added": (_B, _B),
    "parameter-removed": (_B, _B),
    "parameter-renamed": (_B, _B),
    "path-parameter-renamed": (_T, _T),
    "parameter-required": (_B, _B),
    "parameter-optional": (_A, _A),
    "parameter-style-changed": (_B, _B),
    "filter-added": (_A, _A),
    "filter-removed": (_B, _B),
    "filter-operators-added": (_A, _A),
    "filter-operators-removed": (_B, _B),
    "sort-added": (_A, _A),
    "sort-removed": (_B, _B),
    "include-added": (_A, _A),
    "include-removed": (_B, _B),
    "page-size-changed": (_T, _T),
    "request-body-added": (_A, _A),
    "required-request-body-added": (_B, _B),
    "request-body-removed": (_B, _B),
    "request-body-required": (_B, _B),
    "request-body-optional": (_A, _A),
    "media-type-added": (_A, _A),
    "media-type-removed": (_B, _B),
    "media-type-changed": (_B, _B),
    "encoding-changed": (_B, _T),
    "encoding-narrowed": (_B, _A),
    "encoding-widened": (_A, _T),
    "success-status-added": (_T, _T),
    "success-status-removed": (_B, _B),
    "success-status-changed": (_T, _T),
    "error-status-added": (_A, _A),
    "error-status-removed": (_A, _A),
    "answer-body-added": (_A, _A),
    "answer-body-removed": (_B, _B),
    "header-added": (_A, _A),
    "header-removed": (_B, _B),
    "field-added": (_A, _A),
    "required-field-added": (_B, _B),
    "field-removed": (_B, _B),
    "field-renamed": (_B, _B),
    "field-moved": (_B, _B),
    "field-required": (_B, _A),
    "field-optional": (_A, _B),
    "object-closed": (_B, _A),
    "object-opened": (_A, _A),
    "type-changed": (_B, _B),
    "type-widened": (_A, _B),
    "type-narrowed": (_B, _T),
    "nullable-added": (_A, _B),
    "nullable-removed": (_B, _A),
    "enum-values-added": (_A, _T),
    "enum-values-removed": (_B, _T),
    "enum-values-replaced": (_B, _T),
    "enum-introduced": (_B, _A),
    "enum-lifted": (_A, _T),
    "limit-narrowed": (_B, _A),
    "limit-widened": (_A, _T),
    "limit-changed": (_B, _T),
    "format-added": (_B, _T),
    "format-removed": (_A, _T),
    "format-changed": (_B, _B),
    "format-narrowed": (_B, _A),
    "format-widened": (_A, _T),
    "type-format-added": (_B, _B),
    "type-format-removed": (_T, _B),
    "default-changed": (_T, _A),
    "variant-added": (_A, _T),
    "variant-removed": (_B, _A),
    "constraint-changed": (_B, _T),
    "unknown-keyword-changed": (_B, _B),
    "webhook-added": (_A, _A),
    "webhook-removed": (_B, _B),
}


# One cause can look different from its two sides: a field that must be sent is also just new in an answer.
_SEEN_AS = {"required-field-added": "field-added"}


def family(kind: str) -> str:
    """The kind under which changes with the same cause are brought together."""
    return _SEEN_AS.get(kind, kind)


def severity(kind: str, direction: str) -> Severity:
    """The class of a kind in one direction; what concerns both has the same class in either.

    Args:
        kind: a key of :data:`KINDS`.
        direction: ``request``, ``answer`` or ``both``.
    """
    request, answer = KINDS[kind]
    return answer if direction == ANSWER else request
