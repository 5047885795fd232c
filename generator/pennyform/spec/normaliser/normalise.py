"""From a pinned contract to what code is emitted from: every operation and every shape once, with a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pennyform.findings import Failure, Finding, tidy
from pennyform.spec.document.extensions import API, DECLARED
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.document.structure import METHODS
from pennyform.spec.normaliser.component_names import Naming, remember, vendor_name
from pennyform.spec.normaliser.components import Factory, Place, Shape, contradictory_descriptions
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, ComponentName, Contract, Schema
from pennyform.spec.normaliser.flatten import Plain, variants_of
from pennyform.spec.normaliser.lint import unsound_operations
from pennyform.spec.normaliser.operations import Draft, OperationReader
from pennyform.spec.normaliser.rendering import render_document

ERROR_BODY = "ErrorBody"
"""The one component that every error answer refers to."""


def normalise(
    pinned: JsonObject,
    overlays: Sequence[JsonObject] = (),
    *,
    names: Mapping[str, ComponentName] | None = None,
) -> Contract:
    """Normalise a contract.

    Args:
        pinned: an OpenAPI 3 document without prose, see :func:`pennyform.spec.pin.pin`.
        overlays: corrections and descriptions, applied in order.
        names: the component names given before, which stay. Without them all names are made anew.

    Returns:
        The contract: a function of the arguments alone, the same to the byte every time.

    Raises:
        Failure: an overlay action matches nothing; a schema is contradictory, cyclic or refers outside; an
            operation's name, path or id cannot be emitted; names collide. Findings of one kind come together.
    """
    document = apply_overlays(pinned, overlays)
    plain, factory = Plain(document), Factory()
    drafts = _drafts(document, plain, factory)
    error = _error_body(drafts, factory)
    _refuse(contradictory_descriptions(factory.shapes.values()))
    naming = Naming(
        shapes=factory.shapes,
        operations={(draft.operation.method, draft.operation.path): draft.operation for draft in drafts},
        vendor=_vendor_names(document, plain, factory.shapes),
        known=names or {},
    )
    given = naming.assign()
    rendered, operations = render_document(document, drafts, factory.shapes, given, error)
    return Contract(
        api=str(document["info"].get(API, "")),
        document=rendered,
        operations=operations,
        names=remember(given, factory.shapes),
    )


def _drafts(document: JsonObject, plain: Plain, factory: Factory) -> list[Draft]:
    """Every operation, its schemas factored, or the findings of all operations together."""
    reader = OperationReader(document, plain, factory)
    drafts: list[Draft] = []
    findings: list[Finding] = []
    for path, item in sorted(document["paths"].items()):
        for method in METHODS:
            if method in item:
                try:
                    drafts.append(reader.read(path, method, item))
                except Failure as problem:
                    findings.extend(problem.findings)
    _refuse([*findings, *unsound_operations([draft.operation for draft in drafts])])
    return drafts


def _refuse(findings: Iterable[Finding]) -> None:
    found = tidy(findings)
    if found:
        raise Failure(found)


def _error_body(drafts: Sequence[Draft], factory: Factory) -> Schema | None:
    """One open shape that every declared error body fits: all their properties, none of them required."""
    properties: dict[str, list[Schema]] = {}
    bodies = [body for draft in drafts for body in draft.error_bodies]
    variants = [variant for body in bodies for variant in variants_of(body)]
    for name, schema in [item for variant in variants for item in variant.get("properties", {}).items()]:
        known = properties.setdefault(name, [])
        if schema not in known:
            known.append(schema)
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
    return factory.factor(merged, ANSWER, Place("", "", "error"))


def _vendor_names(document: JsonObject, plain: Plain, shapes: Mapping[str, Shape]) -> dict[str, str]:
    """The vendor's name for each shape that equals one of its components; the shortest where several do."""
    vendor: dict[str, str] = {}
    schemas = document.get("components", {}).get("schemas", {})
    for name in sorted(schemas, key=lambda name: (len(name), name)):
        schema = plain(schemas[name], child("/components/schemas", name))
        for direction in (REQUEST, ANSWER):
            factored = Factory().factor({**schema, "nullable": False}, direction, Place("", "", name))
            key = factored.get("$ref", "")
            if key in shapes and vendor_name(name):
                vendor.setdefault(key, vendor_name(name))
    return vendor
