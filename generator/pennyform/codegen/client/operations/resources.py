"""Operations of the contract → the methods of a resource, for threads and for tasks from the same facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import Brackets, Code, joined, literal
from pennyform.codegen.client.naming import answer_name, base_path, resource_class
from pennyform.codegen.client.operations.calls import FIRST_PAGE_ONLY, Argument, Call, call_of
from pennyform.codegen.client.operations.docstrings import method_words, page_words, resource_words
from pennyform.codegen.client.operations.variants import FLAVOURS, Flavour
from pennyform.codegen.client.parsing import Parsed, identifier
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import Contract, Operation

_INDENT = 4


@dataclass(frozen=True)
class Function:
    """One method: its ``def`` line or lines, its docstring, its body."""

    head: Code
    docstring: Code
    body: Code


@dataclass(frozen=True)
class Resource:
    """One resource: constants for its operations, and a class of each flavour over them.

    ``imports`` are what its annotations need: a block of the standard library's, and one of our own.
    ``lists`` is whether all of its objects can be listed without naming another object first; ``numbered``
    is whether the pages of one of its lists are asked for by number.
    """

    module: Code
    title: Code
    docstring: Code
    imports: tuple[tuple[Code, ...], ...]
    constants: tuple[Code, ...]
    classes: dict[str, ClassName]
    functions: dict[str, tuple[Function, ...]]
    lists: bool
    numbered: bool


def resource(name: str, contract: Contract, parsed: Parsed, modules: dict[str, str]) -> Resource:
    """The classes of one resource.

    Args:
        name: the resource's name in the contract.
        contract: the normalised contract.
        parsed: the same, as openapi-python-client understood it.
        modules: which module of models holds each component.
    """
    operations = sorted((each for each in contract.operations if each.resource == name), key=_reading_order)
    calls = [call_of(each, contract, parsed.endpoints[identifier(each.operation_id)]) for each in operations]
    _refuse_twins(calls)
    constants = tuple(_constant(call, modules, base_path(contract)) for call in calls)
    functions = {flavour.key: tuple(_functions(calls, flavour)) for flavour in FLAVOURS}
    heads = [function.head for each in functions.values() for function in each]
    return Resource(
        Code(identifier(name)),
        resource_words(name, indent=4),
        resource_words(name, indent=0, what=": what can be done with them"),
        _imports([*heads, *constants]),
        constants,
        {flavour.key: resource_class(name, flavour) for flavour in FLAVOURS},
        functions,
        any(call.items and call.name == "list" and not call.path for call in calls),
        any(call.numbered for call in calls),
    )


def _imports(annotations: Iterable[Code]) -> tuple[tuple[Code, ...], ...]:
    words = set(re.findall(r"\w+", " ".join(annotations)))
    abstract = [Code(name) for name in ("AsyncIterator", "Iterator", "Sequence") if name in words]
    own = [Code(name) for name in ("filters", "models", "types") if name in words]
    standard = [Code("import datetime as dt")] if "dt" in words else []
    if abstract:
        standard.append(Code(f"from collections.abc import {joined(abstract, ', ')}"))
    if "Literal" in words:
        standard.append(Code("from typing import Literal"))
    ours = [Code(f"from .. import {joined(own, ', ')}")] if own else []
    return tuple(tuple(block) for block in (standard, ours) if block)


_ORDER = {"list": 0, "get": 1, "create": 2, "update": 3, "delete": 4}


def _reading_order(operation: Operation) -> tuple[int, str]:
    return _ORDER.get(operation.name, 9), operation.name


def _constant(call: Call, modules: dict[str, str], base: str) -> Code:
    operation = call.operation
    path = operation.path.removeprefix(base)
    parts = [literal(operation.operation_id), literal(operation.method.upper()), literal(path)]
    if operation.answer is not None:
        name = answer_name(operation)
        parts.append(literal(f"{modules[name]}.{name}"))
    return Brackets(f"{call.constant}: Operation[{call.answer}] = Operation(", parts, ")").laid_out()


def _functions(calls: Iterable[Call], flavour: Flavour) -> Iterable[Function]:
    for call in calls:
        if call.items is None:
            yield _plain(call, flavour)
        else:
            yield _list(call, flavour)
            yield _page(call, flavour)


def _plain(call: Call, flavour: Flavour) -> Function:
    head = _head(f"{flavour.async_}def {call.name}", call, call.query, call.answer)
    body = _core_call(f"return {flavour.await_}self._core.call", call, call.query, once=())
    return Function(head, method_words(call.operation, call.described), body)


def _list(call: Call, flavour: Flavour) -> Function:
    returns = Code(f"{flavour.iterator}[{call.items}]")
    head = _head(f"def {call.name}", call, call.query, returns)
    once = [each for each in call.query if each.name in FIRST_PAGE_ONLY and not call.numbered]
    items = "numbered_items" if call.numbered else "items"
    body = _core_call(f"return self._core.{items}", call, call.query, once=once)
    return Function(head, method_words(call.operation, call.described), body)


def _page(call: Call, flavour: Flavour) -> Function:
    query = (*call.query, call.place) if call.place else call.query
    head = _head(f"{flavour.async_}def {call.name}_page", call, query, call.answer)
    body = _core_call(f"return {flavour.await_}self._core.call", call, query, once=())
    return Function(head, page_words(call.operation, numbered=call.numbered), body)


def _head(start: str, call: Call, query: Sequence[Argument], returns: Code) -> Code:
    arguments = [Code("self"), *(each.declaration for each in call.path)]
    if call.body:
        arguments.append(call.body)
    if query:
        arguments += [Code("*"), *(each.declaration for each in query)]
    return Brackets(f"{start}(", arguments, f") -> {returns}:").laid_out(_INDENT)


def _core_call(start: str, call: Call, query: Sequence[Argument], *, once: Sequence[Argument]) -> Code:
    arguments: list[Code | Brackets] = [call.constant]
    always = [each for each in query if each not in once]
    for name, values in (("path", call.path), ("query", always), ("first", once)):
        if values:
            arguments.append(Brackets(f"{name}={{", [each.item for each in values], "}"))
    if call.body:
        arguments.append(Code("body=body"))
    return Brackets(f"{start}(", arguments, ")").laid_out(_INDENT * 2)


def _refuse_twins(calls: Iterable[Call]) -> None:
    seen: dict[str, Operation] = {}
    for call in calls:
        for name in [call.operation.name, *([f"{call.operation.name}_page"] if call.items else [])]:
            if name in seen:
                raise failure(
                    "name-collision",
                    f"{call.operation.resource}.{name} would be two operations",
                    detail=f"{seen[name].operation_id} and {call.operation.operation_id}",
                    fix="Name one of them with x-pennyform-method in the overlay.",
                )
            seen[name] = call.operation
