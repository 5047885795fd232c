"""Handlers by operation id: each function says of itself which operations it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from pennyform.sandbox.request_context import Handler

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
