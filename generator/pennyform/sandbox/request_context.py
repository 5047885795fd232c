"""What a handler gets: one valid request, and the records it may read and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from urllib.parse import quote

from pennyform.sandbox import auth
from pennyform.sandbox.api_errors import ApiError, not_found, unprocessable
from pennyform.sandbox.auth import Access
from pennyform.sandbox.contract.contract import Contract, Operation
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.messages import BASE_PATH
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import (
    AnyRecord,
    Body,
    JsonRecord,
    Record,
    RecordBody,
    Records,
    TypedBody,
    kind_name,
)

# The contract says so of documents and exports; of files that were sent it says nothing.
_DOCUMENT_MINUTES = 30


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request that is authenticated, authorised and valid.

    ``parameters`` holds path and query values by name; ``body`` is the decoded body or None.
    """

    operation: Operation
    parameters: Mapping[str, Any]
    body: Any
    records: Records
    access: Access
    origin: str
    rules: Rules
    contract: Contract

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.records.now

    def url(self, *segments: object) -> str:
        """An absolute link below the API's base, at the address that the client used."""
        path = "/".join([str(segment) for segment in segments])
        return f"{self.origin}{BASE_PATH}/{path}"

    def link(self, collection: str, identifier: int | None) -> JsonObject | None:
        """The id of a record and the link to it, as answers refer to one; None without an id."""
        return {"id": identifier, "url": self.url(collection, identifier)} if identifier else None

    def public_url(
        self, kind: str, identifier: int, filename: str, *, minutes: float = _DOCUMENT_MINUTES
    ) -> str:
        """A link to a file that opens without a token, for so many minutes."""
        until = int(self.now.timestamp() + 60 * minutes)
        target = auth.sign_link(self.records.link_key, self.access.company.id, kind, identifier, until)
        return f"{self.origin}{auth.LINK_PREFIX}{target}/{quote(filename)}"

    @overload
    def find(self, kind: str, identifier: Any, name: str = "") -> JsonRecord: ...
    @overload
    def find(self, kind: type[TypedBody], identifier: Any, name: str = "") -> Record[TypedBody]: ...
    def find(self, kind: str | type[RecordBody], identifier: Any, name: str = "") -> AnyRecord:
        """A record of this company.

        Args:
            kind: the name of its kind, or the type that its body is read as.
            identifier: its id; text is accepted, as some paths declare ids as text.
            name: what to call it in the message, for an id that stood in a body.

        Raises:
            ApiError: 404, or as ``Rules.unknown_reference`` says for an id that stood in a body.
        """
        text = str(identifier)
        is_id = text.isascii() and text.isdigit()
        record: AnyRecord | None = self.records.get(kind, int(text)) if is_id else None
        if record is None:
            raise self.unknown_reference(f"{name} {identifier}") if name else not_found()
        return record

    @overload
    def find_by_path(self, kind: str) -> JsonRecord: ...
    @overload
    def find_by_path(self, kind: type[TypedBody]) -> Record[TypedBody]: ...
    def find_by_path(self, kind: str | type[RecordBody]) -> AnyRecord:
        """The record that the request's path leads to, by ``{kind}_id`` or else by ``id``; 404 for none."""
        name = f"{kind_name(kind)}_id"
        return self.find(kind, self.parameters[name if name in self.parameters else "id"])

    def find_among(self, records: Mapping[int, Record[Body]], change: JsonObject, name: str) -> Record[Body]:
        """The record that an update or a deletion means by its ``id``; 404 when it is none of these."""
        record = records.get(change["id"])
        if record is None:
            raise self.unknown_reference(f"{name} {change['id']}")
        return record

    def save_attached(self, record: AnyRecord) -> None:
        """Write back a record after something was attached to it or detached from it."""
        update = self.records.update if self.rules.attached_is_change else self.records.update_silently
        update(record)

    def unknown_reference(self, name: str) -> ApiError:
        """The error for an id in a body that leads nowhere; ``name`` is what to call the record."""
        if self.rules.unknown_reference == 404:
            return not_found(name)
        return unprocessable(f"{name} was not found")


Handler = Callable[[RequestContext], Any]
