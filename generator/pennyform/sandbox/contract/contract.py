"""The contract as the server needs it: operations, their parameters, and validators of their bodies.

Read from the emitted schemas, not from the vendor's document: the server checks what the client was generated
from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import msgspec
from jsonschema_rs import Draft202012Validator

from pennyform.findings import failure
from pennyform.sandbox.json_types import Json, JsonObject

_METHODS = ("get", "post", "put", "patch", "delete")


class ParameterFacts(msgspec.Struct, frozen=True):
    """What a parameter's schema says to a server, besides what a validator checks."""

    type: str | list[str] = "string"
    default: Json = None
    filters: dict[str, list[str]] = msgspec.field(name="x-pennyform-filters", default_factory=dict)
    sorts: list[str] = msgspec.field(name="x-pennyform-sorts", default_factory=lambda: ["id"])
    includes: list[str] = msgspec.field(name="x-pennyform-includes", default_factory=list)


# Schemas are read, and their validators compiled, when an operation is first called (hence no slots): for all
# operations it takes 80 ms, five times as long as reading the contract.


@dataclass(frozen=True, eq=False)
class Parameter:
    """A path or query parameter. ``location`` is ``path`` or ``query``."""

    name: str
    location: str
    required: bool
    schema: JsonObject
    facts: ParameterFacts

    @property
    def type(self) -> str:
        """The JSON type that its text is read as: ``integer``, ``number``, ``boolean`` or ``string``."""
        types = self.facts.type if isinstance(self.facts.type, list) else [self.facts.type]
        return next((name for name in types if name != "null"), "string")

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Checks its value."""
        return Draft202012Validator(self.schema, validate_formats=True)


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of the contract.

    Attributes:
        operation_id: the contract's name for it.
        method: in capitals.
        path: with ``{names}`` of path parameters.
        parameters: of the path and the query.
        media_types: that a body may have; none for an operation that takes no body.
        body_required: whether there must be one.
        scopes: a token with any one of these may call it.
        status: of a successful response.
        error_statuses: from 400 to 499, that the contract gives it.
        request_schema_file: the schema of the body.
        response_schema_file: the schema of a successful response.
    """

    operation_id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    media_types: tuple[str, ...]
    body_required: bool
    scopes: tuple[str, ...]
    status: int
    error_statuses: frozenset[int]
    request_schema_file: Path
    response_schema_file: Path

    @property
    def filters(self) -> Mapping[str, Sequence[str]]:
        """Fields that a list can be filtered by, with the operators of each."""
        return self._facts_of("filter").filters

    @property
    def sortable_fields(self) -> Sequence[str]:
        """Fields that a list can be sorted by, either way."""
        return self._facts_of("sort").sorts

    @property
    def default_sort(self) -> str:
        """How a list is sorted when the request does not say: newest first, as a rule."""
        return self._facts_of("sort").default or "-id"

    @property
    def includes(self) -> Sequence[str]:
        """What a list can include."""
        return self._facts_of("include").includes

    def _facts_of(self, name: str) -> ParameterFacts:
        facts = (parameter.facts for parameter in self.parameters if parameter.name == name)
        return next(facts, ParameterFacts())

    @cached_property
    def body_schema(self) -> JsonObject:
        """The schema of the body."""
        schema: JsonObject = msgspec.json.decode(self.request_schema_file.read_bytes())
        return schema

    @cached_property
    def response_schema(self) -> JsonObject | None:
        """The schema of a successful response; None for an operation that answers without a body."""
        if not self.response_schema_file.exists():
            return None
        schema: JsonObject = msgspec.json.decode(self.response_schema_file.read_bytes())
        return schema

    @cached_property
    def body_validator(self) -> Draft202012Validator:
        """Checks a body."""
        return Draft202012Validator(self.body_schema, validate_formats=True)


@dataclass(frozen=True, slots=True)
class Contract:
    """All operations of one API, by operation id, and every scope that one of them needs."""

    operations: Mapping[str, Operation]
    scopes: frozenset[str]

    def answer_fields(self, operation_id: str) -> Mapping[str, bool]:
        """The fields of the object that an operation answers with, or of the entries of its list.

        The value says whether a field can be null.
        """
        return _answer_fields(self.operations[operation_id])


@cache
def _answer_fields(operation: Operation) -> Mapping[str, bool]:
    document = operation.response_schema or {}
    schema = resolve_reference(document, document)
    items = resolve_reference(document, schema.get("properties", {}).get("items", {}))
    if "items" in items:
        schema = resolve_reference(document, items["items"])
    return {name: _takes_null(document, field) for name, field in schema.get("properties", {}).items()}


def _takes_null(document: JsonObject, schema: JsonObject) -> bool:
    schema = resolve_reference(document, schema)
    types, variants = schema.get("type", []), [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return "null" in types or any(_takes_null(document, variant) for variant in variants)


class _ParameterObject(msgspec.Struct):
    name: str
    location: str = msgspec.field(name="in")
    schema: JsonObject
    required: bool = False


class _RequestBodyObject(msgspec.Struct):
    content: dict[str, msgspec.Raw] = {}
    required: bool = False


class _OperationObject(msgspec.Struct, rename="camel"):
    operation_id: str
    responses: dict[str, msgspec.Raw]
    parameters: list[_ParameterObject] = []
    request_body: _RequestBodyObject = msgspec.field(default_factory=_RequestBodyObject)
    security: list[dict[str, list[str]]] = []


class _Document(msgspec.Struct):
    """The parts of an OpenAPI 3.1 document that are read here, as ``generate`` writes it."""

    paths: dict[str, dict[str, _OperationObject]]
    components: JsonObject


@cache
def load(folder: Path) -> Contract:
    """Read a folder of emitted schemas.

    Args:
        folder: holds ``openapi.json``, ``requests/<operationId>.json`` and ``answers/<operationId>.json``.

    Raises:
        Failure: when the folder holds no contract.
    """
    try:
        document = msgspec.json.decode((folder / "openapi.json").read_bytes(), type=_Document)
    except (OSError, msgspec.DecodeError) as error:
        raise failure(
            "sandbox-contract",
            f"the sandbox cannot read its contract: {error}",
            file=str(folder / "openapi.json"),
            fix="run `pennyform generate`, or install pennyform again",
        ) from error
    operations = {
        operation.operation_id: _operation(document, folder, path, method, operation)
        for path, item in document.paths.items()
        for method, operation in item.items()
        if method in _METHODS
    }
    return Contract(
        operations, frozenset(scope for operation in operations.values() for scope in operation.scopes)
    )


def _operation(
    document: _Document, folder: Path, path: str, method: str, operation: _OperationObject
) -> Operation:
    components = {"components": document.components}
    parameters = []
    for parameter in operation.parameters:
        schema = resolve_reference(components, parameter.schema)
        facts = msgspec.convert(schema, ParameterFacts)
        parameters.append(Parameter(parameter.name, parameter.location, parameter.required, schema, facts))
    statuses = [int(status) for status in operation.responses]
    return Operation(
        operation_id=operation.operation_id,
        method=method.upper(),
        path=path,
        parameters=tuple(parameters),
        media_types=tuple(operation.request_body.content),
        body_required=operation.request_body.required,
        scopes=tuple(scope for option in operation.security for scope in option.get("oauth2", ())),
        status=min(status for status in statuses if 200 <= status < 300),
        error_statuses=frozenset(status for status in statuses if 400 <= status < 500),
        request_schema_file=folder / "requests" / f"{operation.operation_id}.json",
        response_schema_file=folder / "answers" / f"{operation.operation_id}.json",
    )


def resolve_reference(document: JsonObject, schema: JsonObject) -> JsonObject:
    """Follow a schema's local ``$ref``, when it is one, within its document."""
    while "$ref" in schema:
        target: Json = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]  # RFC 6901, section 3
        schema = target
    return schema


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """A tree of path segments. A fixed segment wins over a parameter: ``/customer_invoices/import``."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node, names = self._root, []
            for segment in operation.path.split("/")[1:]:
                if segment.startswith("{"):
                    names.append(segment.strip("{}"))
                    node.variable = node.variable or _Node()
                    node = node.variable
                else:
                    node = node.fixed.setdefault(segment, _Node())
            node.operations[operation.method] = (operation, tuple(names))

    def match(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation at a path, and its path parameters as text; None when there is none."""
        node, values = self._root, []
        for segment in path.split("/")[1:]:
            following = node.fixed.get(segment)
            if following is None:
                following = node.variable if segment else None
                values.append(segment)
            if following is None:
                return None
            node = following
        if method not in node.operations:
            return None
        operation, names = node.operations[method]
        return operation, dict(zip(names, values, strict=True))
