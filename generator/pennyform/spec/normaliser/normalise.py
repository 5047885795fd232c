"""From a pinned contract to what code is emitted from: every operation and component once, with a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pennyform.findings import Failure, Finding, tidy
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.extensions import API, DECLARED
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.openapi import Document
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.normaliser.component_names import Naming, name_records, vendor_name
from pennyform.spec.normaliser.components import (
    Component,
    ComponentCollector,
    Place,
    contradictory_descriptions,
)
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, ComponentName, Contract, Schema
from pennyform.spec.normaliser.flatten import Flattener, equal, variants_of
from pennyform.spec.normaliser.operations import OperationDraft, OperationReader, lint_operations
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
        unmatched: gets a warning for each overlay action that matches nothing; without it that is an error.

    Returns:
        The contract: a function of the arguments alone, the same to the byte every time.

    Raises:
        Failure: an overlay action matches nothing; a schema is contradictory, cyclic or refers outside; an
            operation's name, path or id cannot be emitted; names collide. Findings of one kind come together.
    """
    document = Document.read(apply_overlays(pinned, overlays, unmatched=unmatched))
    # What follows references may do more than the document's size says: all of it draws on one budget.
    budget = Budget(document.json)
    flattener, collector = Flattener(document.json, budget), ComponentCollector(budget)
    drafts = _read_operations(document, flattener, collector)
    operations = [draft.operation for draft in drafts]
    error = _error_body(drafts, collector, budget)
    components = collector.components
    _raise_findings(contradictory_descriptions(components.values()))
    naming = Naming(
        components=components,
        operations={(operation.method, operation.path): operation for operation in operations},
        vendor_names=_vendor_names(document, flattener, components, budget),
        budget=budget,
        known=names or {},
    )
    assigned = naming.assign()
    rendered, named_operations = render_document(document.json, operations, components, assigned, error)
    return Contract(
        api=str(document.json["info"].get(API, "")),
        document=rendered,
        operations=named_operations,
        names=name_records(assigned, components),
    )


def _read_operations(
    document: Document, flattener: Flattener, collector: ComponentCollector
) -> list[OperationDraft]:
    """Every operation, its components collected, or the findings of all operations together."""
    reader = OperationReader(document, flattener, collector)
    drafts: list[OperationDraft] = []
    findings: list[Finding] = []
    for path, item in document.paths.items():
        for method, operation in item.operations():
            try:
                drafts.append(reader.read(path, method, item, operation))
            except Failure as error:
                findings.extend(error.findings)
    _raise_findings([*findings, *lint_operations([draft.operation for draft in drafts])])
    return drafts


def _raise_findings(findings: Iterable[Finding]) -> None:
    tidied = tidy(findings)
    if tidied:
        raise Failure(tidied)


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
        schema = flattener.flatten(document.schemas[name], child("/components/schemas", name))
        for direction in (REQUEST, ANSWER):
            place = Place("", "", name)
            extracted = ComponentCollector(budget).extract({**schema, "nullable": False}, direction, place)
            key = extracted.get("$ref", "")
            if key in components and vendor_name(name):
                names.setdefault(key, vendor_name(name))
    return names
