"""The contract as the server needs it: operations, their parameters, and validators of their bodies.

Read from the emitted schemas, not from the vendor's document: what the client was generated from is what
the server checks. Validators are compiled when an operation is first called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator

from pennyform.findings import failure

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, eq=False)
class Parameter:
    """A path or query parameter. ``type`` is the JSON type its text is read as."""

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]

    @property
    def type(self) -> str:
        """``integer``, ``number``, ``boolean`` or ``string``."""
        found = self.schema.get("type", "string")
        names = found if isinstance(found, list) else [found]
        return next((name for name in names if name != "null"), "string")

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Compiled on first use."""
        return Draft202012Validator(dict(self.schema), validate_formats=True)


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: how it is reached, what it takes, which scopes open it (any one of them)."""

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

    @cached_property
    def filters(self) -> Mapping[str, Sequence[str]]:
        """Fields that a list can be filtered by, with the operators of each."""
        found: Mapping[str, Sequence[str]] = self._said_of("filter", "x-pennyform-filters", {})
        return found

    @cached_property
    def sortable_fields(self) -> Sequence[str]:
        """Fields that a list can be sorted by, either way."""
        found: Sequence[str] = self._said_of("sort", "x-pennyform-sorts", ["id"])
        return found

    @cached_property
    def default_sort(self) -> str:
        """How a list is sorted when nobody asks: newest first, as a rule."""
        return str(self._said_of("sort", "default", "-id"))

    @cached_property
    def includes(self) -> Sequence[str]:
        """What a list can bring along."""
        found: Sequence[str] = self._said_of("include", "x-pennyform-includes", [])
        return found

    def _said_of(self, parameter: str, fact: str, otherwise: Any) -> Any:
        schemas = (found.schema for found in self.parameters if found.name == parameter)
        return next(schemas, {}).get(fact, otherwise)

    @cached_property
    def body_schema(self) -> dict[str, Any]:
        """Read on first use from ``requests/<operationId>.json``."""
        found: dict[str, Any] = msgspec.json.decode(self.request_schema_file.read_bytes())
        return found

    @cached_property
    def response_schema(self) -> dict[str, Any] | None:
        """The schema of the answer, read on first use from ``answers/<operationId>.json``.

        None for an operation that answers without a body.
        """
        if not self.response_schema_file.exists():
            return None
        found: dict[str, Any] = msgspec.json.decode(self.response_schema_file.read_bytes())
        return found

    @cached_property
    def body_validator(self) -> Draft202012Validator:
        """Compiled on first use."""
        return Draft202012Validator(self.body_schema, validate_formats=True)


@dataclass(frozen=True)
class Contract:
    """All operations of one API, by operation id."""

    operations: Mapping[str, Operation]

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that some operation asks for."""
        return frozenset(scope for operation in self.operations.values() for scope in operation.scopes)


@cache
def load(folder: Path) -> Contract:
    """Read a folder of emitted schemas.

    Args:
        folder: holds ``openapi.json``, ``requests/<operationId>.json`` and ``answers/<operationId>.json``.

    Raises:
        Failure: when the folder holds no contract.
    """
    try:
        document = msgspec.json.decode((folder / "openapi.json").read_bytes())
    except (OSError, msgspec.DecodeError) as problem:
        raise failure(
            "sandbox-contract",
            f"the sandbox cannot read its contract: {problem}",
            file=str(folder / "openapi.json"),
            fix="run `pennyform generate`, or install pennyform again",
        ) from problem
    found = {
        described["operationId"]: _operation(document, folder, path, method, described)
        for path, item in document["paths"].items()
        for method, described in item.items()
        if method in _METHODS
    }
    return Contract(found)


def _operation(
    document: dict[str, Any], folder: Path, path: str, method: str, described: dict[str, Any]
) -> Operation:
    body = resolve_reference(document, described.get("requestBody", {}))
    identifier = described["operationId"]
    return Operation(
        operation_id=identifier,
        method=method.upper(),
        path=path,
        parameters=tuple(_parameter(document, found) for found in described.get("parameters", ())),
        media_types=tuple(body.get("content", {})),
        body_required=bool(body.get("required")),
        scopes=tuple(scope for need in described.get("security", ()) for scope in need.get("oauth2", ())),
        status=min(int(status) for status in described["responses"] if status.startswith("2")),
        error_statuses=frozenset(int(status) for status in described["responses"] if status.startswith("4")),
        request_schema_file=folder / "requests" / f"{identifier}.json",
        response_schema_file=folder / "answers" / f"{identifier}.json",
    )


def _parameter(document: dict[str, Any], described: dict[str, Any]) -> Parameter:
    found = resolve_reference(document, described)
    return Parameter(
        name=found["name"],
        location=found["in"],
        required=bool(found.get("required")),
        schema=resolve_reference(document, found.get("schema", {})),
    )


def resolve_reference(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Follow a schema's local ``$ref``, when it is one, within its document."""
    reference = value.get("$ref")
    if reference is None:
        return value
    target: Any = document
    for step in reference.removeprefix("#/").split("/"):
        target = target[step.replace("~1", "/").replace("~0", "~")]
    return resolve_reference(document, target)
