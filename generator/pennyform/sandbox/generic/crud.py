"""What each operation on a resource without rules of its own does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.generic import synthesis
from pennyform.sandbox.generic.naming import Place, collection_of, kind_of, place_of
from pennyform.sandbox.generic.schema_forms import answer_of
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection


class Resources:
    """Behaviours of a contract's operations, worked out from their paths and schemas.

    Args:
        operations: of the whole contract. They say which kinds there are, and what is kept below what.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        places = [place_of(operation) for operation in operations]
        self._kinds = frozenset(place.kind for place in places)
        # Lists below a record: what a request gives as an array there is kept as records of its own.
        self._below = frozenset(
            (place.owner, collection_of(place.kind))
            for place in places
            if place.verb == "list" and place.owner
        )

    def behaviour(self, operation: Operation) -> Handler:
        """What the operation does."""
        place = place_of(operation)
        carried_out = {
            "list": self._list,
            "get": self._get,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "change": self._change,
        }
        return partial(carried_out[place.verb], place)

    def _list(self, place: Place, context: RequestContext) -> dict[str, Any]:
        owner = context.find(place.owner, context.parameters[place.parameter]).id if place.owner else None
        return listed(context, place.kind, show_item, parent=owner)

    def _get(self, place: Place, context: RequestContext) -> Any:
        return show(context, context.find(place.kind, context.parameters["id"]))

    def _create(self, place: Place, context: RequestContext) -> Any:
        owner = context.find(place.owner, context.parameters[place.parameter]).id if place.owner else None
        return show(context, self.create(context, place.kind, context.body or {}, parent=owner))

    def create(
        self, context: RequestContext, kind: str, given: Mapping[str, Any], *, parent: int | None = None
    ) -> JsonRecord:
        """Keep a new record.

        Args:
            context: its operation's answer says what is known of the record besides what was given.
            kind: of the record.
            given: as in the request.
            parent: the record's owner.

        Raises:
            ApiError: 404 for an id that leads nowhere.
            TakenError: when the reference is in use.
        """
        self._check_references(context, given)
        kept = {**_defaults(context.operation), **given}
        reference = kept.pop("external_reference", None) or context.records.generate_reference(kind)
        children = {name: kept.pop(name) for name in list(kept) if (kind, name) in self._below}
        record = context.records.insert(kind, kept, parent=parent, reference=reference)
        for name, bodies in children.items():
            for body in bodies:
                context.records.insert(kind_of(name), body, parent=record.id)
        # Lists are filtered by what records keep: what the answer says first is kept from now on.
        record.body = {**_plain(show(context, record)), **kept}
        context.records.update_silently(record)
        return record

    def _update(self, place: Place, context: RequestContext) -> Any:
        record = context.find(place.kind, context.parameters["id"])
        self.update(context, record, context.body or {})
        return show(context, record)

    def _change(self, place: Place, context: RequestContext) -> Any:
        record = context.find(place.owner, context.parameters[place.parameter])
        self.update(context, record, context.body or {})
        return show(context, record)

    def update(self, context: RequestContext, record: JsonRecord, given: Mapping[str, Any]) -> None:
        """Change a record in part; what is kept below it by ``create``, ``update`` and ``delete``.

        Raises:
            ApiError: 404 for an id that leads nowhere.
            TakenError: when the reference is in use.
        """
        self._check_references(context, given)
        kept = dict(given)
        record.reference = kept.pop("external_reference", None) or record.reference
        for name in list(kept):
            if (record.kind, name) in self._below:
                change_below(context, record, kind_of(name), kept.pop(name))
        stale = {name.removeprefix("currency_") for name in kept if name.startswith("currency_")}
        record.body = {name: value for name, value in record.body.items() if name not in stale} | kept
        context.records.update(record)

    def _delete(self, place: Place, context: RequestContext) -> None:
        context.records.delete([context.find(place.kind, context.parameters["id"])], free_reference=True)

    def _check_references(self, context: RequestContext, given: Any) -> None:
        for name, identifier in _references(given):
            if name in self._kinds:
                context.find(name, identifier, name)


def _defaults(operation: Operation) -> dict[str, Any]:
    """What a request that leaves it out means by the contract."""
    if not operation.media_types:
        return {}
    described = resolve_reference(operation.body_schema, operation.body_schema).get("properties", {})
    return {name: one["default"] for name, one in described.items() if "default" in one}


def show(context: RequestContext, record: JsonRecord, **known: Any) -> Any:
    """A record as the call's answer has it; None when the operation answers without a body.

    Args:
        context: its operation says how the answer looks.
        record: any record.
        known: fields that are not kept, or kept otherwise.
    """
    form = answer_of(context.operation)
    return None if form is None else synthesis.show(context, form, record, **known)


def show_item(context: RequestContext, record: JsonRecord, **known: Any) -> dict[str, Any]:
    """A record as an item of the call's list; ``known`` as in :func:`show`."""
    answer = answer_of(context.operation)
    assert answer is not None, "a list has an answer"
    (items,) = (answer.properties or {})["items"]
    shown: dict[str, Any] = synthesis.show(context, items.item[0], record, **known)
    return shown


def _references(given: Any) -> Iterator[tuple[str, int | Decimal]]:
    """Names and ids of everything that a request refers to."""
    if isinstance(given, list):
        for one in given:
            yield from _references(one)
    elif isinstance(given, dict):
        for name, value in given.items():
            if name.endswith("_id") and isinstance(value, (int, Decimal)):
                yield name.removesuffix("_id"), value
            else:
                yield from _references(value)


def _plain(shown: Any) -> dict[str, Any]:
    if not isinstance(shown, dict):
        return {}
    stamps = {"id", "created_at", "updated_at", "external_reference"}
    return {
        name: value
        for name, value in shown.items()
        if isinstance(value, (str, int)) and name not in stamps and not name.endswith("url")
    }


def change_below(context: RequestContext, owner: JsonRecord, kind: str, changes: Mapping[str, Any]) -> None:
    """Carry out ``{create, update, delete}`` on the records of a kind below an owner.

    Raises:
        ApiError: 404 for an id that is not below the owner.
    """
    kept = {one.id: one for one in context.records.select(kind, Selection(), parent=owner.id)}
    for given in (*changes.get("update", ()), *changes.get("delete", ())):
        if given["id"] not in kept:
            raise context.unknown_reference(f"{kind} {given['id']}")
    for given in changes.get("update", ()):
        record = kept[given["id"]]
        record.body.update({name: value for name, value in given.items() if name != "id"})
        context.records.update(record)
    context.records.delete([kept[given["id"]] for given in changes.get("delete", ())])
    for given in changes.get("create", ()):
        context.records.insert(kind, dict(given), parent=owner.id)
