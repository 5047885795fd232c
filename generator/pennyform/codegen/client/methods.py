"""Operations of the contract → methods of a resource with their docstrings, for both variants of the client.

Docstrings are made from names, paths, scopes and statuses, unless an overlay has a summary or a
description.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pennyform.codegen.client.calls import FIRST_PAGE_ONLY, Argument, Call, call_of
from pennyform.codegen.client.code import Code, docstring, join_code, literal
from pennyform.codegen.client.names import (
    VARIANTS,
    Variant,
    answer_name,
    base_path,
    body_name,
    identifier,
    resource_class,
    short_path,
)
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import Answer, Contract, Operation, SkippedOperation
from pennyform.spec.normaliser.identifiers import singular
from pennyform.text import visible_line

_INDENT = 8
# Method name → sentence, for what is done with an object as a whole.
_WHOLE = {
    "list": "List the {things}.",
    "get": "Get {a_thing}.",
    "create": "Create {a_thing}.",
    "update": "Change {a_thing}. What is left unset stays as it is; null clears a field.",
    "delete": "Delete {a_thing}.",
}
# First word of a method's name → sentence, for what is done with a part of an object.
_PART = {
    "create": "Add {rest} to {a_thing}.",
    "delete": "Remove the {rest} of {a_thing}.",
    "get": "Get the {rest} of {a_thing}.",
    "import": "Import {a_rest} as {a_thing}.",
    "link": "Link {a_rest} to {a_thing}.",
    "list": "List the {rest} of {a_thing}.",
    "match": "Match {a_thing} with {a_rest}.",
    "replace": "Replace all {rest} of {a_thing}; what is not in the body is gone.",
    "unmatch": "Undo the match of {a_thing} with {a_rest}.",
    "update": "Change the {rest} of {a_thing}.",
    "validate": "Validate the {rest} of {a_thing}.",
}
# Error statuses of any operation; the client's docstring names them once.
_COMMON = {400, 401, 403, 404}
# What a method's name goes on with when it says how, not what: `send_by_email`, `mark_as_paid`.
_HOW = {"as", "by", "from", "to"}
_SPELLING = {"e": "e-", "fec": "FEC", "pa": "PA"}


def resource_docstring(name: str, *, indent: int, what: str = "") -> Code:
    """``customer_invoices`` → "Customer invoices"."""
    title = _spell(name)
    return docstring([f"{title[:1].upper()}{title[1:]}{what}."], indent=indent)


def method_docstring(operation: Operation) -> Code:
    """What a method does, then its path, its scopes and its error statuses."""
    paragraphs = [
        operation.summary or _summary(operation),
        operation.description,
        "Deprecated by the service." if operation.deprecated else "",
        _facts(operation),
    ]
    return docstring(paragraphs, indent=_INDENT)


def _summary(operation: Operation) -> str:
    noun = _spell(singular(operation.resource))
    words = {"things": _spell(operation.resource), "a_thing": f"{_article(noun)} {noun}"}
    if operation.name in _WHOLE:
        return _WHOLE[operation.name].format(**words)
    verb, _, rest = operation.name.strip("_").partition("_")
    if not rest or rest.partition("_")[0] in _HOW:
        return f"{' '.join([verb.capitalize(), words['a_thing'], _spell(rest)]).strip()}."
    phrase = _PART.get(verb, f"{verb.capitalize()} {{a_rest}}, for {{a_thing}}.")
    part = _spell(rest)
    return phrase.format(rest=part, a_rest=f"{_article(part)} {part}", **words)


def _spell(name: str) -> str:
    words = " ".join(_SPELLING.get(word, word) for word in name.split("_"))
    return words.replace("- ", "-")


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeio" else "a"


def _facts(operation: Operation) -> str:
    facts = [f"``{operation.method.upper()} {short_path(operation.path)}``"]
    if operation.scopes:
        # ``a:all`` or ``:readonly``: the part before the colon is not repeated.
        first, *further = operation.scopes
        subject = f"{first.partition(':')[0]}:"
        scopes = [
            first,
            *(f":{scope.removeprefix(subject)}" if scope.startswith(subject) else scope for scope in further),
        ]
        facts.append(f"scope {' or '.join(f'``{scope}``' for scope in scopes)}")
    else:
        facts.append("no scope needed")
    statuses = [str(status) for status in operation.errors if status not in _COMMON]
    if statuses:
        facts.append(f"may be refused with {' or '.join(statuses)}")
    return f"{'; '.join(facts)}."


_READING_ORDER = {"list": 0, "get": 1, "create": 2, "update": 3, "delete": 4}


@dataclass(frozen=True, slots=True)
class Function:
    """One method: its ``def`` line, its docstring, its body, and its overloads' ``def`` lines."""

    head: Code
    docstring: Code
    body: Code
    overloads: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: constants for its operations, and a class of each variant over them.

    ``imports`` are what its annotations need. ``lists`` is whether all of its objects can be listed without
    naming another object first; ``overloads`` whether a body can be keyword arguments. ``names`` are those
    of the methods that are not left out.
    """

    module: Code
    title: Code
    docstring: Code
    imports: tuple[Code, ...]
    constants: tuple[Code, ...]
    classes: dict[str, Code]
    functions: dict[str, tuple[Function, ...]]
    names: tuple[Code, ...]
    overloads: bool
    lists: bool
    has_stubs: bool


def resource(name: str, contract: Contract, modules: Mapping[str, str]) -> Resource:
    """The classes of one resource.

    Args:
        name: the resource's name in the contract.
        contract: the normalised contract.
        modules: which module of models holds each component.

    Raises:
        Failure: two operations would be one method.
    """
    operations = [operation for operation in contract.operations if operation.resource == name]
    skipped = [operation for operation in contract.skipped if operation.resource == name]
    operations.sort(key=lambda operation: (_READING_ORDER.get(operation.name, 9), operation.name))
    calls = [call_of(operation, contract) for operation in operations]
    _reject_equal_names(calls)
    constants, base = [], base_path(contract)
    for call in calls:
        operation = call.operation
        path = operation.path.removeprefix(base)
        parts = [literal(operation.operation_id), literal(operation.method.upper()), literal(path)]
        answer, *further = operation.answers
        if answer.media_type:
            parts.append(_model(operation, answer, modules))
        if further:
            models = (Code(f"{int(other.status)}: {_model(operation, other, modules)}") for other in further)
            parts.append(Code(f"further={{{join_code(models)}}}"))
        parts += call.settings
        constants.append(Code(f"{call.constant}: Operation[{call.answer}] = Operation({join_code(parts)})"))
    taken = {call.operation.name for call in calls}
    stubs = [_stub(operation) for operation in skipped if operation.name not in taken]
    words = [method_docstring(call.operation) for call in calls]
    functions = {variant.key: (*_functions(calls, words, variant, modules), *stubs) for variant in VARIANTS}
    heads = [
        head
        for methods in functions.values()
        for method in methods
        for head in (method.head, *method.overloads)
    ]
    return Resource(
        Code(identifier(name)),
        resource_docstring(name, indent=4),
        resource_docstring(name, indent=0, what=": what can be done with them"),
        tuple(_imports([*heads, *constants, Code("raw_method async_raw_method")])),
        tuple(constants),
        {variant.key: resource_class(name, variant) for variant in VARIANTS},
        functions,
        tuple(call.name for call in calls),
        any(call.variants for call in calls),
        any(call.items and call.name == "list" and not call.at("path") for call in calls),
        bool(stubs),
    )


def _model(operation: Operation, answer: Answer, modules: Mapping[str, str]) -> Code:
    """An answer by module and name: the model is imported when the operation is first called."""
    if answer.schema is None:
        return literal("bytes" if answer.media_type else None)
    model = answer_name(operation, answer)
    return literal(f"{modules[model]}.{model}")


def _stub(operation: SkippedOperation) -> Function:
    """A method that says why there is none."""
    title = visible_line(f"{operation.method} {operation.path}")
    words = docstring([f"Left out of this client: ``{title}``."], indent=_INDENT)
    name = f"{operation.name}_" if keyword.iskeyword(operation.name) else operation.name
    head = Code(f"def {name}(self, *_: object, **__: object) -> NoReturn:")
    body = Code(f"left_out({literal(operation.operation_id)}, {literal(operation.reason)})")
    return Function(head, words, body)


def _imports(annotations: Iterable[Code]) -> Iterator[Code]:
    # Not what stands behind a dot: a model may be called like one of these.
    words = set(re.findall(r"(?<![\w.])\w+", " ".join(annotations)))
    if "dt" in words:
        yield Code("import datetime as dt")
    ours = False
    for module, names in (
        ("collections.abc", ("Mapping", "Sequence")),
        ("decimal", ("Decimal",)),
        ("typing", ("Any", "Literal", "NoReturn", "Unpack")),
        ("..", ("filters", "models", "params", "types")),
        (".._pages", ("AsyncPages", "Page")),
        (".._raw", ("async_raw_method", "raw_method")),
    ):
        used = [Code(name) for name in names if name in words]
        if used and module[0] == "." and not ours:
            yield Code("")  # import sorters keep our own imports apart
            ours = True
        if used:
            yield Code(f"from {module} import {join_code(used)}")


def _functions(
    calls: Iterable[Call], docstrings: Iterable[Code], variant: Variant, modules: Mapping[str, str]
) -> Iterator[Function]:
    """The methods of a resource."""
    for call, words in zip(calls, docstrings, strict=True):
        if call.items is None:
            start = f"{variant.async_}def {call.name}"
            head = _head(start, call, call.arguments, call.answer, keywords=Code("object"))
            body = _core_call(f"return {variant.await_}self._core.call", call, modules)
            yield Function(head, words, body, tuple(_overloads(start, call)))
            continue
        arguments = (*call.arguments, call.page) if call.page else call.arguments
        head = _head(f"def {call.name}", call, arguments, Code(f"{variant.page}[{call.items}]"))
        core = "numbered_page" if call.numbered else "page"
        yield Function(head, words, _core_call(f"return self._core.{core}", call, modules))


def _overloads(start: str, call: Call) -> Iterator[Code]:
    """A method with a body takes a model, or the keys of one of its variants."""
    if call.variants:
        yield _head(start, call, call.arguments, call.answer)
        for variant in call.variants:
            fields = Code(f"Unpack[{variant}]")
            yield _head(start, replace(call, body=None), call.arguments, call.answer, keywords=fields)


def _head(
    start: str, call: Call, arguments: Sequence[Argument], returns: Code, *, keywords: Code | None = None
) -> Code:
    """A ``def`` line; ``keywords`` is the type of the keyword arguments that a body can be made of."""
    parts = [Code("self"), *(argument.declaration for argument in arguments if argument.location == "path")]
    if call.body:
        optional = keywords and call.variants and not call.body.endswith("= None")
        parts.append(Code(f"{call.body} | None = None") if optional else call.body)
    keyword_only = [argument.declaration for argument in arguments if argument.location != "path"]
    if keyword_only:
        parts += [Code("*"), *keyword_only]
    if keywords and call.variants:
        parts.append(Code(f"**fields: {keywords}"))
    return Code(f"{start}({join_code(parts)}) -> {returns}:")


def _core_call(start: str, call: Call, modules: Mapping[str, str]) -> Code:
    """The call of the client's core."""
    parts = [call.constant]
    is_list = call.items is not None and not call.numbered
    once = [argument for argument in call.at("query") if is_list and argument.name in FIRST_PAGE_ONLY]
    for name, location in (
        ("path", "path"),
        ("query", "query"),
        ("headers", "header"),
        ("cookies", "cookie"),
    ):
        values = [argument for argument in call.at(location) if argument not in once]
        if values:
            parts.append(Code(f"{name}={{{join_code(argument.item for argument in values)}}}"))
        if name == "query" and once:
            parts.append(Code(f"first={{{join_code(argument.item for argument in once)}}}"))
    if call.page:
        parts.append(Code(f"{'number' if call.numbered else 'cursor'}={call.page.variable}"))
    request = call.operation.request
    if call.variants and request:
        name = body_name(call.operation)
        model, required = literal(f"{modules[name]}.{name}"), bool(request.required)
        parts.append(Code(f"body=body_of({model}, body, fields, required={literal(required)})"))
    elif call.body:
        parts.append(Code("body=body"))
    return Code(f"{start}({join_code(parts)})")


def _reject_equal_names(calls: Iterable[Call]) -> None:
    owners: dict[str, Operation] = {}
    for call in calls:
        operation = call.operation
        if operation.name in owners:
            raise failure(
                "name-collision",
                f"{operation.resource}.{operation.name} would be two operations",
                detail=f"{owners[operation.name].operation_id} and {operation.operation_id}",
                fix="Name one of them with x-pennyform-method in the overlay.",
            )
        owners[operation.name] = operation
