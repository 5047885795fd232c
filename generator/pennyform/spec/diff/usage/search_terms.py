"""The words by which the use of a change can be recognised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pennyform.spec.diff.comparison.differences import is_part
from pennyform.spec.diff.comparison.kinds import ANSWER, Severity, severity
from pennyform.spec.diff.comparison.operations import Site
from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.schemas.operations import Operation


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


class UnreadableError(ValueError):
    """A text cannot be taken apart into words; the message says why."""


# Kinds about a field that was there before, so that its name can be in use.
_FIELD_KINDS = (
    *(
        "constraint-",
        "default-",
        "deprecated",
        "enum-",
        "field-",
        "filter-",
        "format-",
        "header-",
        "include-",
    ),
    *("limit-", "nullable-", "object-", "page-size-", "parameter-", "sort-", "type-", "variant-"),
)
# Kinds about a field that was not there: what it belongs to can be in use.
_NEW_FIELD_KINDS = ("required-field-added", "required-parameter-added")


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """What to look for on behalf of one site of a change.

    Attributes:
        resource: the resource of the site's operation.
        symbol: what the emitted client calls the operation.
        sent: whether it concerns what is sent.
        in_body: whether it concerns a body, rather than parameters, headers or an error.
        harmless: whether it is additive there.
        changed: the name of what changed.
        field: the name to look for: the same where it was there before, what a new field belongs to, or empty
            where the whole operation is concerned.
        above: the fields around it, the outermost first.
        values: the values that are gone; empty when any value counts.
        objects: the fields of the object it belongs to, as they were and as they are.
        body: the fields of the operation's request, of all its variants.
        choices: the values of the enum that changed.
    """

    fingerprint: str
    resource: str
    symbol: str
    operation_id: str
    sent: bool
    in_body: bool
    harmless: bool
    changed: str = ""
    field: str = ""
    above: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    objects: tuple[frozenset[str], ...] = ()
    body: frozenset[str] = frozenset()
    choices: frozenset[str] = frozenset()


def search_terms(change: Change) -> list[SearchTerm]:
    """What to look for, without repeats, in the order of the sites."""
    terms = (_term(change, site, site.operation) for site in change.sites if site.operation)
    return list(dict.fromkeys(terms))


def _term(change: Change, site: Site, operation: Operation) -> SearchTerm:
    difference, names = site.difference, site.difference.names
    if site.kind in _NEW_FIELD_KINDS:
        field, above = names[-2] if len(names) > 1 else "", names[:-2]
    else:
        field, above = names[-1] if names and site.kind.startswith(_FIELD_KINDS) else "", names[:-1]
    values_gone = difference.kind in ("enum-values-removed", "enum-values-replaced")
    choices = difference.schemas[0].values if "enum" in difference.kind else None
    body = [content.schema for content in (operation.body or {}).values()]
    body += [variant for schema in body for union in schema.unions for variant in union]
    return SearchTerm(
        fingerprint=change.fingerprint,
        resource=operation.resource,
        symbol=operation.symbol,
        operation_id=operation.operation_id,
        sent=site.direction != ANSWER,
        in_body=not any(map(is_part, difference.steps)),
        harmless=severity(site.kind, site.direction) is Severity.ADDITIVE,
        changed=names[-1] if names else "",
        field=field,
        above=above,
        values=tuple(map(_as_written, difference.old or ())) if values_gone else (),
        objects=tuple(frozenset(owner.fields) for owner in difference.owners or ()),
        body=frozenset(name for schema in body for name in schema.fields),
        choices=frozenset(_as_written(json.loads(value)) for value in choices or ()),
    )


def _as_written(value: object) -> str:
    """A value of an enum as people write it."""
    return value if isinstance(value, str) else json.dumps(value)
