"""A contract as the code generators read it: normalised, with a name for every operation and component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from pennyform.spec.document.json_types import JsonObject

Schema = JsonObject
"""A JSON Schema: keywords are merged, dropped and compared by name, so that it stays a JSON object."""

REQUEST = "request"
ANSWER = "answer"


class ComponentName(msgspec.Struct, frozen=True):
    """Why a component bears its name, as ``names.json`` has it.

    ``direction`` and ``place`` are where it was named, ``shape`` is the fingerprint of its content.
    """

    direction: str
    place: str
    shape: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation; ``location`` is OpenAPI's ``in``: path, query or header."""

    name: str
    location: str
    schema: Schema
    required: bool


@dataclass(frozen=True)
class Body:
    """What an operation sends: ``application/json`` or ``multipart/form-data``.

    ``encoding`` is that of a form's parts, as OpenAPI has it.
    """

    media_type: str
    schema: Schema
    required: bool
    encoding: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation, called as ``client.<resource>.<name>(…)``.

    Attributes:
        path: the contract's, from the origin on.
        status: the success status; ``answer`` is its schema, None when there is no body.
        errors: the declared error statuses.
        scopes: one of them is enough; empty means that any token will do.
        security_schemes: names of the schemes that the token may be for.
        summary: what we say about it in one line, ``description`` in more; empty where an overlay has
        nothing.
        stability: ``beta`` or ``experimental``, empty where nothing is said about it.
        file_megabytes: the largest upload, in units of 1,000,000 bytes.
    """

    operation_id: str
    method: str
    path: str
    resource: str
    name: str
    parameters: tuple[Parameter, ...]
    request: Body | None
    status: int
    answer: Schema | None
    errors: tuple[int, ...]
    scopes: tuple[str, ...]
    deprecated: bool = False
    security_schemes: tuple[str, ...] = ()
    summary: str = ""
    description: str = ""
    stability: str = ""
    file_megabytes: float | None = None


@dataclass(frozen=True)
class Contract:
    """A normalised contract.

    ``document`` is OpenAPI 3.1. Each of its ``components.schemas`` serves one direction
    (``x-pennyform-direction``: ``request`` or ``answer``). ``operations`` are sorted by resource, path and
    method. ``names`` remembers which place of the contract each component got its name from, see
    :mod:`pennyform.spec.normaliser.component_names`.
    """

    api: str
    document: JsonObject
    operations: tuple[Operation, ...]
    names: Mapping[str, ComponentName] = field(default_factory=dict)

    @property
    def schemas(self) -> dict[str, Schema]:
        """The components by their names."""
        schemas: dict[str, Schema] = self.document["components"]["schemas"]
        return schemas
