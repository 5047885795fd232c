"""OpenAPI 3 documents as records; schemas in them stay JSON, see ``document.json_types``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

import msgspec

from pennyform.findings import failure
from pennyform.spec.document.extensions import FILE_SIZE, METHOD, NAME, RESOURCE, SKIP, STABILITY, UNKNOWN
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.references import follow

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The operations a path item may have, in OpenAPI's order."""
_LONGEST_CHAIN = 16

Security = list[dict[str, list[str]]]


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    """One kind of object; keywords that nobody here reads are left out."""


class _Referable(_Object, frozen=True):
    """An object in whose place a reference may stand: ``ref`` is then all it has."""

    ref: str = msgspec.field(name="$ref", default="")


class MediaTypeObject(_Object, frozen=True):
    """A body in one media type; ``schema`` is None where there is none."""

    # No schema is null: null can stand for its absence.
    schema: Json = None
    encoding: JsonObject = {}


class ParameterObject(_Referable, frozen=True):
    """A parameter; ``location`` is ``path``, ``query``, ``header`` or ``cookie``.

    It has a ``schema`` and is written by its ``style``, or has ``content`` in one media type.
    """

    name: str = ""
    location: str = msgspec.field(name="in", default="")
    required: bool = False
    deprecated: bool = False
    description: str = ""
    style: str | None = None
    explode: bool | None = None
    allow_reserved: bool = False
    schema: Json = {}
    content: dict[str, MediaTypeObject] = {}
    python_name: str = msgspec.field(name=NAME, default="")


class RequestBodyObject(_Referable, frozen=True):
    """What an operation takes, by media type."""

    required: bool = False
    content: dict[str, MediaTypeObject] = {}


class HeaderObject(_Referable, frozen=True):
    """A header of a response."""

    schema: Json = {}


class ResponseObject(_Referable, frozen=True):
    """What an operation answers with one status: bodies by media type, headers by name."""

    content: dict[str, MediaTypeObject] = {}
    headers: dict[str, HeaderObject] = {}


class ServerObject(_Object, frozen=True):
    """An address of the API."""

    url: str = ""


class OperationObject(_Object, frozen=True):
    """One operation, with what pinning and overlays say about it.

    ``security`` is None where the document's counts. ``callbacks``: by name and address, path items.
    """

    responses: dict[str, ResponseObject] = {}
    # Pinning gives each operation one; see ``identifiers.derived_id``.
    operation_id: str = ""
    parameters: list[ParameterObject] = []
    request_body: RequestBodyObject | None = None
    deprecated: bool = False
    security: Security | None = None
    servers: list[ServerObject] = []
    callbacks: dict[str, dict[str, Json]] = {}
    summary: str = ""
    description: str = ""
    stability: str = msgspec.field(name=STABILITY, default="")
    file_megabytes: int | float | None = msgspec.field(name=FILE_SIZE, default=None)
    resource: str = msgspec.field(name=RESOURCE, default="")
    method_name: str = msgspec.field(name=METHOD, default="")
    unknown: dict[str, str] = msgspec.field(name=UNKNOWN, default={})
    skip: str = msgspec.field(name=SKIP, default="")

    @property
    def scopes(self) -> set[str]:
        """The scopes it names, see :func:`scopes_of`."""
        return scopes_of(self.security or ())


class PathItemObject(_Object, frozen=True):
    """The operations of one path, and the parameters that all of them take."""

    parameters: list[ParameterObject] = []
    servers: list[ServerObject] = []
    get: OperationObject | None = None
    put: OperationObject | None = None
    post: OperationObject | None = None
    delete: OperationObject | None = None
    options: OperationObject | None = None
    head: OperationObject | None = None
    patch: OperationObject | None = None
    trace: OperationObject | None = None

    def operations(self) -> Iterator[tuple[str, OperationObject]]:
        """Its operations by method, in OpenAPI's order."""
        for method in METHODS:
            operation = getattr(self, method)
            if operation is not None:
                yield method, operation

    def parameters_of(self, operation: OperationObject) -> Iterator[ParameterObject]:
        """Its parameters, then the operation's, which replace those of the same name and location."""
        yield from self.parameters
        yield from operation.parameters


_T = TypeVar("_T", bound=_Referable)


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its paths as records, in their order, and the JSON that references are followed in.

    Each operation has the security and the servers that count for it, also those of its path and of the
    document. ``webhooks`` are the requests that come to the caller, callbacks among them.
    """

    json: JsonObject
    paths: Mapping[str, PathItemObject]
    webhooks: Mapping[str, PathItemObject]
    # What was resolved before: thousands of operations may refer to one response.
    _resolved: dict[tuple[str, type], _Referable] = field(default_factory=dict)

    @classmethod
    def read(cls, json: JsonObject) -> Document:
        """Read a document that :func:`pennyform.spec.document.load.load` accepts.

        Raises:
            Failure: an overlay or a hand has put something else in its place.
        """
        try:
            paths, webhooks = (
                msgspec.convert(json.get(keyword, {}), dict[str, PathItemObject])
                for keyword in ("paths", "webhooks")
            )
            security = msgspec.convert(json.get("security", []), Security)
            paths = {path: _complete(item, security) for path, item in sorted(paths.items())}
            callbacks = {
                f"{operation.operation_id} {name} {url}": msgspec.convert(item, PathItemObject)
                for path_item in paths.values()
                for _, operation in path_item.operations()
                for name, urls in operation.callbacks.items()
                for url, item in urls.items()
            }
            return cls(json, paths, dict(sorted((webhooks | callbacks).items())))
        except msgspec.ValidationError as error:
            fix = "Look for the overlay that changes it, or fetch the contract again."
            raise failure("not-a-contract", f"the paths are not OpenAPI's: {error}", fix=fix) from None

    @property
    def schemas(self) -> dict[str, Json]:
        """The named schemas."""
        schemas: dict[str, Json] = self.json.get("components", {}).get("schemas", {})
        return schemas

    def resolve(self, item: _T, pointer: str) -> _T:
        """What ``item`` refers to, or itself.

        Args:
            item: an object, or a reference in its place.
            pointer: where it stands, for findings.

        Raises:
            Failure: a reference leads out of the document, to nothing, on and on, or to something else.
        """
        reference, kind = item.ref, type(item)
        if (reference, kind) in self._resolved:
            return cast("_T", self._resolved[reference, kind])
        for _ in range(_LONGEST_CHAIN):
            if not item.ref:
                if reference:
                    self._resolved[reference, kind] = item
                return item
            try:
                item = msgspec.convert(follow(item.ref, self.json, pointer)[1], type(item))
            except msgspec.ValidationError as error:
                fix = "Correct it in the overlay of this contract."
                problem = f"the reference {item.ref!r} leads to something else: {error}"
                raise failure("reference", problem, fix=fix) from None
        fix = "Refer to the component itself."
        raise failure("reference", f"the reference {reference!r} leads on and on", fix=fix)


def _complete(item: PathItemObject, security: Security) -> PathItemObject:
    """A path item whose operations have what counts for them although it stands further out."""
    operations = {
        method: msgspec.structs.replace(
            operation,
            security=security if operation.security is None else operation.security,
            servers=operation.servers or item.servers,
        )
        for method, operation in item.operations()
    }
    return msgspec.structs.replace(item, **operations)


def scopes_of(security: Iterable[Mapping[str, Iterable[str]]]) -> set[str]:
    """The scopes that an operation's requirements name.

    Any one of them is enough: the contract's lists mean *one of*, whatever OpenAPI says about lists.
    """
    return {scope for requirement in security for scopes in requirement.values() for scope in scopes}
