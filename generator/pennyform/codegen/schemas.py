"""JSON Schemas: of the contract (the normalised document, and one per body), and of what commands report.

JSON Schema 2020-12. A request is closed wherever the contract closes it. An answer accepts fields that the
contract does not know yet: they arrive about weekly. Whatever a schema refers to is inside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pennyform.results.documents import DOCUMENTS, json_schema
from pennyform.spec import Contract, Schema, canonical_json
from pennyform.spec.document.json_types import Json, indented_json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMPONENT = "#/components/schemas/"
_DEFINITION = "#/$defs/"


def emit(contract: Contract) -> dict[str, bytes]:
    """The schemas of one API.

    Args:
        contract: the normalised contract.

    Returns:
        Bytes by path below ``generated/``: ``schemas/<api>/openapi.json`` and, by operation id,
        ``schemas/<api>/requests/*.json`` and ``schemas/<api>/answers/*.json``.
    """
    folder = f"schemas/{contract.api}"
    emitted = {f"{folder}/openapi.json": canonical_json(contract.document)}
    components = _Components(contract.schemas)
    for operation in contract.operations:
        if operation.request is not None:
            emitted[f"{folder}/requests/{operation.operation_id}.json"] = _compact(
                components.with_definitions(operation.request.schema)
            )
        if operation.answer is not None:
            emitted[f"{folder}/answers/{operation.operation_id}.json"] = _compact(
                components.with_definitions(operation.answer)
            )
    return emitted


def self_contained(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """A schema with everything that it refers to.

    Args:
        schema: one that may refer to ``#/components/schemas/``.
        components: what it refers to, by name.

    Returns:
        The same schema with ``$schema`` and, sorted by name, ``$defs``.
    """
    return _Components(components).with_definitions(schema)


class _Components:
    """Components as definitions of other documents: each is looked through once, for all operations."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._known: dict[str, tuple[Schema, tuple[str, ...]]] = {}

    def _definition(self, name: str) -> tuple[Schema, tuple[str, ...]]:
        """A component within a document of its own, and the components that it refers to."""
        if name not in self._known:
            schema = self._schemas[name]
            self._known[name] = (_local(schema), tuple(dict.fromkeys(_references(schema))))
        return self._known[name]

    def with_definitions(self, schema: Schema) -> Schema:
        """See :func:`self_contained`."""
        names: set[str] = set()
        queue = [*_references(schema)]
        while queue:
            name = queue.pop()
            if name not in names:
                names.add(name)
                queue += self._definition(name)[1]
        definitions = {name: self._definition(name)[0] for name in sorted(names)}
        return {"$schema": DIALECT, **_local(schema), **({"$defs": definitions} if definitions else {})}


def _compact(schema: Schema) -> bytes:
    """For machines: what these schemas say can be read, and its changes reviewed, in the document."""
    return (json.dumps(schema, separators=(",", ":"), allow_nan=False) + "\n").encode("ascii")


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_COMPONENT)
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _local(value: Json) -> Json:
    """``value`` with references into ``$defs`` of its own document."""
    if isinstance(value, list):
        return [_local(item) for item in value]
    if not isinstance(value, dict):
        return value
    # Siblings of $ref stay: JSON Schema 2020-12 (8.2.3.1) lets them count.
    local = {key: _local(item) for key, item in value.items()}
    if isinstance(local.get("$ref"), str):
        local["$ref"] = local["$ref"].replace(_COMPONENT, _DEFINITION, 1)
    return local


def emit_result_schemas() -> dict[str, bytes]:
    """The schemas of what commands report, by path: ``schemas/results/<name>.schema.json``."""
    return {f"schemas/results/{name}.schema.json": indented_json(json_schema(name)) for name in DOCUMENTS}
