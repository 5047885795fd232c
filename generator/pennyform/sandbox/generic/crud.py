"""Create, read, update, delete: what operations on a resource without rules of its own do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial

from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.generic.lists import list_records
from pennyform.sandbox.generic.synthesis import (
    ResourceAction,
    collection_of,
    kind_of,
    parse_operation,
    record_variant,
    synthesize,
)
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import AnyRecord, Selection


class CrudHandlers:
    """Handlers of a contract's operations, derived from their paths and schemas.

    All operations together say which kinds there are, and which are lists below others.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        actions = [parse_operation(operation) for operation in operations]
        self._kinds = frozenset(action.kind for action in actions)
        # Lists below a record: what a request gives as an array there is stored as records of its own.
        self._child_lists = frozenset(
            (action.owner, collection_of(action.kind))
            for action in actions
            if action.action == "list" and action.owner
        )

    def handler_for(self, operation: Operation) -> Handler:
        """The handler of an operation."""
        action = parse_operation(operation)
        handlers = {
            "list": self._list,
            "get": self._get,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }
        return partial(handlers[action.action], action)

    def _list(self, action: ResourceAction, context: RequestContext) -> JsonObject:
        return list_records(context, action.kind, present_by_schema, parent=_owner_id(action, context))

    def _get(self, action: ResourceAction, context: RequestContext) -> Json:
        return present_by_schema(context, context.find(action.kind, context.parameters["id"]))

    def _create(self, action: ResourceAction, context: RequestContext) -> Json:
        owner, kind, request = _owner_id(action, context), action.kind, context.body or {}
        self._check_references(context, request)
        fields = {**_contract_defaults(context.operation), **request}
        reference = fields.pop("external_reference", None) or context.records.generate_reference(kind)
        children = {name: fields.pop(name) for name in list(fields) if (kind, name) in self._child_lists}
        record = context.records.insert(kind, fields, parent=owner, reference=reference)
        for name, bodies in children.items():
            for body in bodies:
                context.records.insert(kind_of(name), body, parent=record.id)
        # Lists are filtered by what is stored, so what the first answer says is stored from now on.
        record.body = {**_storable(present_by_schema(context, record)), **fields}
        context.records.update_silently(record)
        return present_by_schema(context, record)

    def _update(self, action: ResourceAction, context: RequestContext) -> Json:
        """Change a record in part; records below it by ``create``, ``update`` and ``delete``."""
        record = context.find(action.kind, context.parameters[action.parameter or "id"])
        fields = dict(context.body or {})
        self._check_references(context, fields)
        record.reference = fields.pop("external_reference", None) or record.reference
        for name in list(fields):
            if (record.kind, name) in self._child_lists:
                change_children(context, record, kind_of(name), fields.pop(name))
        # Euros that were stored with the first answer follow the currency's amounts anew.
        stale = {name.removeprefix("currency_") for name in fields if name.startswith("currency_")}
        record.body = {name: value for name, value in record.body.items() if name not in stale} | fields
        context.records.update(record)
        return present_by_schema(context, record)

    def _delete(self, action: ResourceAction, context: RequestContext) -> None:
        record = context.find(action.kind, context.parameters["id"])
        context.records.delete([record], free_reference=True)

    def _check_references(self, context: RequestContext, request: Json) -> None:
        for kind, identifier in _references(request):
            if kind in self._kinds:
                context.find(kind, identifier, kind)


def _owner_id(action: ResourceAction, context: RequestContext) -> int | None:
    return context.find(action.owner, context.parameters[action.parameter]).id if action.owner else None


def _references(value: Json) -> Iterator[tuple[str, int | Decimal]]:
    """The kind and the id of everything that a request refers to, by names that end in ``_id``."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name.endswith("_id") and isinstance(inner, (int, Decimal)):
                yield name.removesuffix("_id"), inner
            else:
                yield from _references(inner)


def _contract_defaults(operation: Operation) -> JsonObject:
    """What a request that leaves it out means by the contract."""
    if not operation.media_types:
        return {}
    properties = resolve_reference(operation.body_schema, operation.body_schema).get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _storable(answer: Json) -> JsonObject:
    """Plain values of an answer; links are built anew each time, and stamps are columns of the record."""
    if not isinstance(answer, dict):
        return {}
    stamps = {"id", "created_at", "updated_at", "external_reference"}
    return {
        name: value
        for name, value in answer.items()
        if isinstance(value, (str, int)) and name not in stamps and not name.endswith("url")
    }


def present_by_schema(context: RequestContext, record: AnyRecord, **computed: Json) -> Json:
    """A record as the schema of the operation's answer has it; None when that has no body.

    Args:
        context: its operation says how the answer, or an item of the list that it is, looks.
        record: any record.
        computed: fields that are not stored, or stored otherwise.
    """
    variant = record_variant(context.operation)
    return None if variant is None else synthesize(context, variant, record, computed)


def change_children(context: RequestContext, owner: AnyRecord, kind: str, changes: JsonObject) -> None:
    """Carry out ``{create, update, delete}`` on the records of a kind below an owner.

    Raises:
        ApiError: 404 for an id that is not below the owner.
    """
    children = {child.id: child for child in context.records.select(kind, Selection(), parent=owner.id)}
    for change in (*changes.get("update", ()), *changes.get("delete", ())):
        if change["id"] not in children:
            raise context.unknown_reference(f"{kind} {change['id']}")
    for update in changes.get("update", ()):
        child = children[update["id"]]
        child.body.update({name: value for name, value in update.items() if name != "id"})
        context.records.update(child)
    context.records.delete([children[deletion["id"]] for deletion in changes.get("delete", ())])
    for creation in changes.get("create", ()):
        context.records.insert(kind, dict(creation), parent=owner.id)
