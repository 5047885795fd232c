"""What must hold of operations before anything is emitted from them: names become file names and code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from pennyform.findings import Finding, Severity
from pennyform.spec.document.json_types import child
from pennyform.spec.normaliser.contract import Operation
from pennyform.spec.normaliser.identifiers import snake_case

_UNSAFE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_PATH = re.compile(r"(?:/(?!\.+(?:/|$))(?:[A-Za-z0-9_.~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
# What the clients have beside resources.
_TAKEN = frozenset({"close"})
_MEDIA_TYPES = ("application/json", "multipart/form-data")


def unsound_operations(operations: Sequence[Operation]) -> Iterator[Finding]:
    """Every reason why these operations cannot be emitted together."""
    seen: dict[str, Operation] = {}
    for operation in operations:
        yield from _malformed(operation)
        for name in (operation.operation_id, f"{operation.resource}.{operation.name}"):
            # Files and functions are named after ids: getMe and GetMe would be one.
            other = seen.setdefault(snake_case(name) if name == operation.operation_id else name, operation)
            if other is not operation:
                yield _finding("duplicate-operation", f"{name} is also {_place(other)}", operation)


def unsafe_text(value: Any, file: str, pointer: str = "") -> Iterator[Finding]:
    """Every text that shows as something else than it is: control, bidirectional and private characters."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from unsafe_text(key, file, pointer)
            yield from unsafe_text(item, file, child(pointer, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from unsafe_text(item, file, child(pointer, position))
    elif isinstance(value, str) and _is_unsafe(value):
        detail = "It could hide what a name or a value really is, in code and in reviews alike."
        fix = "Ask the vendor, or take the text out before pinning."
        summary = f"control or invisible characters in {ascii(value)[:120]}"
        where = ascii(pointer)[1:-1]
        yield Finding("unsafe-text", Severity.ERROR, summary, file, pointer=where, detail=detail, fix=fix)


def _is_unsafe(text: str) -> bool:
    # What is printable is safe, and nearly everything is printable.
    return not text.isprintable() and any(unicodedata.category(each) in _UNSAFE for each in text)


def _malformed(operation: Operation) -> Iterator[Finding]:
    if not _OPERATION_ID.fullmatch(operation.operation_id):
        yield _finding("operation-id", f"the operationId {operation.operation_id!r} is not a name", operation)
    for name in (operation.resource, operation.name):
        if not _NAME.fullmatch(name):
            yield _finding("operation-name", f"{name!r} is not a name for a resource or method", operation)
    if operation.resource in _TAKEN:
        yield _finding("operation-name", f"{operation.resource!r} is a method of every client", operation)
    if operation.request and operation.request.media_type not in _MEDIA_TYPES:
        what = f"the body is {operation.request.media_type[:80]!r}, which no client sends"
        yield _finding("media-type", what, operation)
    if not _PATH.fullmatch(operation.path):
        yield _finding(
            "operation-path", f"the path {operation.path!r} has characters no path needs", operation
        )
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    declared = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    if sorted(in_path) != sorted(declared):
        yield _finding(
            "path-parameters", f"the path has {in_path}, the operation declares {declared}", operation
        )
    for parameter in operation.parameters:
        if not _PARAMETER.fullmatch(parameter.name):
            yield _finding("parameter-name", f"{parameter.name!r} is not a parameter's name", operation)


def _place(operation: Operation) -> str:
    return f"{operation.method} {ascii(operation.path)[1:-1]}"


def _finding(rule: str, summary: str, operation: Operation) -> Finding:
    fix = "Correct it in the overlay: operationId, x-pennyform-resource, x-pennyform-method, or remove it."
    return Finding(rule, Severity.ERROR, f"{_place(operation)}: {summary}", fix=fix)
