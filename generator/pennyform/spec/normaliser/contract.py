"""A contract as the code generators read it: normalised, with a name for every operation and component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """One parameter of an operation; ``location`` is OpenAPI's ``in``: path, query, header or cookie.

    ``style`` and ``explode`` are OpenAPI's, with its defaults; the style ``json`` stands for ``content`` in
    JSON. ``python_name`` is what an overlay calls it, or "".
    """

    name: str
    location: str
    schema: Schema
    required: bool
    style: str = "form"
    explode: bool = True
    allow_reserved: bool = False
    python_name: str = ""


@dataclass(frozen=True)
class Body:
    """What an operation sends, in one media type.

    ``encoding`` is that of a form's parts, as OpenAPI has it.
    """

    media_type: str
    schema: Schema
    required: bool
    encoding: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One success of an operation: ``status`` as the contract has it (``200``, ``2XX`` or ``default``).

    ``media_type`` is "" and ``schema`` None where there is no body; a body that is not JSON has no schema.
    """

    status: str
    media_type: str
    schema: Schema | None


@dataclass(frozen=True)
class Operation:
    """One operation, called as ``client.<resource>.<name>(…)``.

    Attributes:
        path: the contract's, from the origin on.
        answers: what it answers when it succeeds, by status; the first one stands for all where one must.
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
    answers: tuple[Answer, ...]
    errors: tuple[int, ...]
    scopes: tuple[str, ...]
    deprecated: bool = False
    security_schemes: tuple[str, ...] = ()
    summary: str = ""
    description: str = ""
    stability: str = ""
    file_megabytes: float | None = None

    @property
    def status(self) -> int:
        """The success status; 200 where the contract names a range."""
        status = self.answers[0].status
        return int(status) if status.isdecimal() else 200

    @property
    def answer(self) -> Schema | None:
        """The schema of its JSON answer, None when it has another body or none."""
        return self.answers[0].schema


@dataclass(frozen=True)
class SkippedOperation:
    """An operation that is left out of the client, and why.

    ``resource`` and ``name`` are where it would be, "" where that cannot be said. ``declared`` is whether an
    overlay leaves it out.
    """

    operation_id: str
    method: str
    path: str
    resource: str
    name: str
    reason: str
    declared: bool = False


@dataclass(frozen=True)
class Contract:
    """A normalised contract.

    ``document`` is OpenAPI 3.1. Each of its ``components.schemas`` serves one direction
    (``x-pennyform-direction``: ``request`` or ``answer``). ``operations`` are sorted by resource, path and
    method, ``skipped`` are those that are not in it. ``names`` remembers which place of the contract each
    component got its name from, see :mod:`pennyform.spec.normaliser.component_names`; ``places`` are all
    places of each.
    """

    api: str
    document: JsonObject
    operations: tuple[Operation, ...]
    names: Mapping[str, ComponentName] = field(default_factory=dict)
    skipped: tuple[SkippedOperation, ...] = ()
    places: Mapping[str, Sequence[object]] = field(default_factory=dict)

    @property
    def schemas(self) -> dict[str, Schema]:
        """The components by their names."""
        schemas: dict[str, Schema] = self.document["components"]["schemas"]
        return schemas
