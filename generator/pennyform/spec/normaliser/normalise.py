"""From a pinned contract to what code is emitted from: every operation and component once, with a name."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.document.budget import OVER_BUDGET, Budget
from pennyform.spec.document.extensions import API, DECLARED
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.openapi import Document
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.document.structure import check_structure
from pennyform.spec.normaliser.component_names import Naming, name_records, vendor_name
from pennyform.spec.normaliser.components import (
    Component,
    ComponentCollector,
    Place,
    contradictory_descriptions,
)
from pennyform.spec.normaliser.contract import (
    ANSWER,
    REQUEST,
    ComponentName,
    Contract,
    Schema,
    SkippedOperation,
)
from pennyform.spec.normaliser.flatten import Flattener, equal, variants_of
from pennyform.spec.normaliser.identifiers import derived_id, snake_case
from pennyform.spec.normaliser.operations import OperationDraft, OperationReader
from pennyform.spec.normaliser.render import render_document

ERROR_BODY = "ErrorBody"
"""The one component that every error answer refers to."""


def normalise(
    pinned: JsonObject,
    overlays: Sequence[JsonObject] = (),
    *,
    names: Mapping[str, ComponentName] | None = None,
    unmatched: list[Finding] | None = None,
) -> Contract:
    """Normalise a contract.

    Args:
        pinned: an OpenAPI 3 document without prose, see :func:`pennyform.spec.pin.pin`.
        overlays: corrections and descriptions, applied in order.
        names: the component names given before, which stay. Without them all names are made anew.
        unmatched: gets a warning for each overlay action that matches nothing, and for each name and text
            that cannot be as overlays say; without it that is an error.

    Returns:
        The contract: a function of the arguments alone, the same to the byte every time.

    Raises:
        Failure: an overlay action matches nothing, or overlays contradict each other; findings of one kind
            come together. What cannot be emitted of one operation leaves that one out, see ``skipped``.
    """
    corrected = apply_overlays(pinned, overlays, unmatched=unmatched)
    if overlays:
        check_structure(corrected, "", "Look for the overlay that changes this place.")
    document = Document.read(corrected)
    # What follows references may do more than the document's size says: all of it draws on one budget.
    budget = Budget(document.json)
    flattener, collector = Flattener(document.json, budget), ComponentCollector(budget)
    drafts, skipped = _read_operations(document, flattener, collector)
    operations = [draft.operation for draft in drafts]
    error = _error_body(drafts, collector, budget)
    components = collector.components
    contradictions = tidy(contradictory_descriptions(components.values()))
    if contradictions and unmatched is None:
        raise Failure(contradictions)
    if unmatched is not None:
        unmatched += [finding._replace(severity=Severity.WARNING) for finding in contradictions]
    naming = Naming(
        components=components,
        operations={(operation.method, operation.path): operation for operation in operations},
        vendor_names=_vendor_names(document, flattener, components, budget),
        budget=budget,
        known=names or {},
        warnings=unmatched,
    )
    assigned = naming.assign()
    rendered, named_operations = render_document(document.json, operations, components, assigned, error)
    return Contract(
        api=str(document.json["info"].get(API, "")),
        document=rendered,
        operations=named_operations,
        names=name_records(assigned, components),
        places={name: components[key].places for key, name in assigned.items()},
        skipped=tuple(skipped),
    )


def _read_operations(
    document: Document, flattener: Flattener, collector: ComponentCollector
) -> tuple[list[OperationDraft], list[SkippedOperation]]:
    """Every operation, its components collected, and those that cannot be emitted, with their reasons."""
    reader = OperationReader(document, flattener, collector)
    drafts: list[OperationDraft] = []
    skipped: list[SkippedOperation] = []
    for path, item in document.paths.items():
        for method, raw in item.operations():
            try:
                drafts.append(reader.read(path, method, item, raw))
            except Failure as problem:
                if any(finding.rule == OVER_BUDGET for finding in problem.findings):
                    raise
                skipped.append(reader.skip(path, method, raw, problem))
    chosen = {
        (method.upper(), path)
        for path, item in document.paths.items()
        for method, raw in item.operations()
        if raw.method_name
    }
    named = _with_distinct_names(drafts, chosen)
    return named, _beside(named, skipped)


def _with_distinct_names(
    drafts: Sequence[OperationDraft], chosen: Collection[tuple[str, str]]
) -> list[OperationDraft]:
    """No two operations with one id or one method: the later one is named after its path, or after its id.

    What an overlay names keeps its name, then what has the shorter path does.
    """

    def precedence(draft: OperationDraft) -> tuple[bool, int, str, str]:
        path, method = draft.operation.path, draft.operation.method
        return (method, path) not in chosen, path.count("/"), path, method

    ids: set[str] = set()
    methods: set[str] = set()
    renamed: dict[int, OperationDraft] = {}
    for draft in sorted(drafts, key=precedence):
        operation = draft.operation
        # Files and functions are named after ids: getMe and GetMe would be one.
        names = [operation.operation_id, derived_id(operation.method, operation.path)]
        operation_id = _first_free(names, ids)
        ids.add(snake_case(operation_id))
        resource = operation.resource
        taken = {name.partition(".")[2] for name in methods if name.partition(".")[0] == resource}
        name = _first_free([operation.name, snake_case(operation_id)], taken)
        methods.add(f"{resource}.{name}")
        renamed[id(draft)] = replace(
            draft, operation=replace(operation, operation_id=operation_id, name=name)
        )
    return [renamed[id(draft)] for draft in drafts]


def _beside(drafts: Sequence[OperationDraft], skipped: Sequence[SkippedOperation]) -> list[SkippedOperation]:
    """Operations that are left out, each with a name of its own: its method says so."""
    methods = {(draft.operation.resource, draft.operation.name) for draft in drafts}
    renamed = []
    for operation in skipped:
        taken = {name for resource, name in methods if resource == operation.resource}
        name = operation.name
        if operation.resource:
            name = _first_free([name, snake_case(operation.operation_id)], taken)
            methods.add((operation.resource, name))
        renamed.append(replace(operation, name=name))
    return renamed


def _first_free(names: Sequence[str], taken: Collection[str]) -> str:
    """The first of ``names`` that is not taken, else the last one with the first number that makes it so."""
    numbered = (f"{names[-1]}{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain(names, numbered) if snake_case(name) not in taken)


def _error_body(
    drafts: Sequence[OperationDraft], collector: ComponentCollector, budget: Budget
) -> Schema | None:
    """One open object that every declared error body fits: all their properties, none of them required."""
    properties: dict[str, list[Schema]] = {}
    for draft in drafts:
        for body in draft.error_bodies:
            for variant in variants_of(body):
                for name, schema in variant.get("properties", {}).items():
                    schemas = properties.setdefault(name, [])
                    if not any(equal(schema, other, name, budget) for other in schemas):
                        schemas.append(schema)
    if not properties:
        return None
    merged: Schema = {
        "type": "object",
        "properties": {
            name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
            for name, schemas in properties.items()
        },
        DECLARED: {"name": ERROR_BODY},
    }
    return collector.extract(merged, ANSWER, Place("", "", "error"))


def _vendor_names(
    document: Document, flattener: Flattener, components: Mapping[str, Component], budget: Budget
) -> dict[str, str]:
    """The vendor's name for each component that equals one of its own; the shortest where several do."""
    names: dict[str, str] = {}
    # A collector of its own for each: a vendor's component that no operation uses is not emitted.
    for name in sorted(document.schemas, key=lambda name: (len(name), name)):
        try:
            schema = flattener.flatten(document.schemas[name], child("/components/schemas", name))
        except Failure as problem:
            if any(finding.rule == OVER_BUDGET for finding in problem.findings):
                raise
            # The operations that need it are left out, with the reason; the others do not need it.
            continue
        for direction in (REQUEST, ANSWER):
            place = Place("", "", name)
            extracted = ComponentCollector(budget).extract({**schema, "nullable": False}, direction, place)
            key = extracted.get("$ref", "")
            if key in components and vendor_name(name):
                names.setdefault(key, vendor_name(name))
    return names
