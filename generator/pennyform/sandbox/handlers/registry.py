"""Handlers by operation id: each function says of itself which operations it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from pennyform.sandbox.generic.lists import Presenter, list_records
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import RecordBody

_Function = TypeVar("_Function", bound=Callable[..., Any])

HANDLERS: dict[str, Handler] = {}


def handles(operation_id: str, *arguments: Any) -> Callable[[_Function], _Function]:
    """Register a function as the handler of an operation of the contract.

    Args:
        operation_id: as the contract has it.
        arguments: what the function takes before its ``RequestContext``, when it answers several operations.
    """

    def register(function: _Function) -> _Function:
        assert operation_id not in HANDLERS, f"{operation_id} has two handlers"
        HANDLERS[operation_id] = partial(function, *arguments) if arguments else function
        return function

    return register


def register_list(operation_id: str, kind: str | type[RecordBody], present: Presenter) -> None:
    """Register an operation that lists all records of a kind, such as ``GET /products``."""
    handles(operation_id, kind, present)(_list_all)


def register_get(operation_id: str, kind: str | type[RecordBody], present: Presenter) -> None:
    """Register an operation that reads one record, such as ``GET /products/{id}``."""
    handles(operation_id, kind, present)(_get)


def register_child_list(
    operation_id: str, owner: str, kind: str | type[RecordBody], present: Presenter
) -> None:
    """Register an operation that lists the records of a kind below an owner.

    The path names the owner by its kind: ``GET /quotes/{quote_id}/appendices``.
    """
    handles(operation_id, owner, kind, present)(_list_children)


def _list_all(kind: str | type[RecordBody], present: Presenter, context: RequestContext) -> JsonObject:
    return list_records(context, kind, present)


def _get(kind: str | type[RecordBody], present: Presenter, context: RequestContext) -> Json:
    return present(context, context.find_by_path(kind))


def _list_children(
    owner: str, kind: str | type[RecordBody], present: Presenter, context: RequestContext
) -> JsonObject:
    record = context.find_by_path(owner)
    return list_records(context, kind, present, parent=record.id)
