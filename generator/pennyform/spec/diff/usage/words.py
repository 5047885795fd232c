"""The words by which the use of a change can be recognised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pennyform.spec.diff.comparison.differences import Difference, is_part
from pennyform.spec.diff.comparison.sites import Site
from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.report.kinds import ANSWER, Severity, severity
from pennyform.spec.diff.schemas.operations import Operation

# What is about a field that was there before, so that its name can be in use.
_NAMED = (
    "constraint-",
    "default-",
    "deprecated",
    "enum-",
    "field-",
    "filter-",
    "format-",
    "header-",
    "include-",
    "limit-",
    "nullable-",
    "object-",
    "page-size-",
    "parameter-",
    "sort-",
    "type-",
    "variant-",
)
_NEW = ("required-field-added", "required-parameter-added")


@dataclass(frozen=True, slots=True)
class Words:
    """What to look for on behalf of one site of a change.

    ``changed`` is the name of what changed. ``field`` is the one to look for: the same where it was there
    before, what a new field belongs to, or empty where the whole operation is concerned; ``above`` are the
    fields around it, the outermost first. ``values`` are the values that are gone; empty when any value
    counts. ``objects`` are the fields of the object it belongs to, as they were and as they are; ``body``
    those of the operation's request. ``choices`` are the values of the enum that changed.
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


def words_of(change: Change) -> list[Words]:
    """What to look for, without repeats, in the order of the sites."""
    found = (_words(change, site) for site in change.sites if site.operation)
    return list(dict.fromkeys(found))


def _words(change: Change, site: Site) -> Words:
    operation, found = site.operation, site.difference
    assert operation, "what concerns all operations has no words"
    parts = [step for step in found.steps if is_part(step)]
    return Words(
        fingerprint=change.fingerprint,
        resource=operation.resource,
        symbol=operation.symbol,
        operation_id=operation.operation_id,
        sent=site.direction != ANSWER,
        in_body=not parts,
        harmless=severity(site.kind, site.direction) is Severity.ADDITIVE,
        changed=found.names[-1] if found.names else "",
        field=_field(site),
        above=_above(site),
        values=tuple(_values(found)),
        objects=tuple(frozenset(owner.fields) for owner in found.owners or ()),
        body=frozenset(_body(operation)),
        choices=frozenset(map(_plain, found.shapes[0].values or ())) if "enum" in found.kind else frozenset(),
    )


def _field(site: Site) -> str:
    """The name that is in use where the change matters.

    For a new field that must be sent it is the name of what it belongs to.
    """
    names = site.difference.names
    if site.kind in _NEW:
        return names[-2] if len(names) > 1 else ""
    return names[-1] if names and site.kind.startswith(_NAMED) else ""


def _above(site: Site) -> tuple[str, ...]:
    names = site.difference.names
    return names[: -2 if site.kind in _NEW else -1]


def _values(found: Difference) -> Iterator[str]:
    """The values nobody may send any more."""
    if found.kind in ("enum-values-removed", "enum-values-replaced"):
        yield from (value if isinstance(value, str) else json.dumps(value) for value in found.old or ())


def _body(operation: Operation) -> Iterator[str]:
    """The fields of the request's body, of all its variants."""
    for content in (operation.body or {}).values():
        yield from content.shape.fields
        for union in content.shape.unions:
            for variant in union:
                yield from variant.fields


def _plain(value: str) -> str:
    """The text of a string as people write it."""
    read = json.loads(value)
    return read if isinstance(read, str) else value
