"""What must hold of operations before anything is emitted from them: names become file names and code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pennyform.findings import Finding, Severity
from pennyform.spec.normaliser.contract import Operation
from pennyform.spec.normaliser.identifiers import snake_case

_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
# No empty segment and none of dots only: with a base URL, both could lead to another host or folder.
_PATH = re.compile(r"(?:/(?!\.+(?:/|$))(?:[A-Za-z0-9_.~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
# What the clients have beside resources.
_CLIENT_METHODS = frozenset({"close"})
_MEDIA_TYPES = ("application/json", "multipart/form-data")


def lint_operations(operations: Sequence[Operation]) -> Iterator[Finding]:
    """Every reason why these operations cannot be emitted together."""
    by_name: dict[str, Operation] = {}
    for operation in operations:
        for rule, problem in _problems(operation):
            yield _finding(rule, problem, operation)
        client_name = f"{operation.resource}.{operation.name}"
        # Files and functions are named after ids: getMe and GetMe would be one.
        for key, name in (
            (snake_case(operation.operation_id), operation.operation_id),
            (client_name, client_name),
        ):
            other = by_name.setdefault(key, operation)
            if other is not operation:
                yield _finding("duplicate-operation", f"{name} is also {_title(other)}", operation)


def _problems(operation: Operation) -> Iterator[tuple[str, str]]:
    """What is wrong with one operation by itself: the rule, and the problem in words."""
    if not _OPERATION_ID.fullmatch(operation.operation_id):
        yield "operation-id", f"the operationId {operation.operation_id!r} is not a name"
    for name in (operation.resource, operation.name):
        if not _NAME.fullmatch(name):
            yield "operation-name", f"{name!r} is not a name for a resource or method"
    if operation.resource in _CLIENT_METHODS:
        yield "operation-name", f"{operation.resource!r} is a method of every client"
    if operation.request and operation.request.media_type not in _MEDIA_TYPES:
        yield "media-type", f"the body is {operation.request.media_type[:80]!r}, which no client sends"
    if not _PATH.fullmatch(operation.path):
        yield "operation-path", f"the path {operation.path!r} has characters no path needs"
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    declared = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    if sorted(in_path) != sorted(declared):
        yield "path-parameters", f"the path has {in_path}, the operation declares {declared}"
    for parameter in operation.parameters:
        if not _PARAMETER.fullmatch(parameter.name):
            yield "parameter-name", f"{parameter.name!r} is not a parameter's name"


def _title(operation: Operation) -> str:
    return f"{operation.method} {ascii(operation.path)[1:-1]}"


def _finding(rule: str, problem: str, operation: Operation) -> Finding:
    fix = "Correct it in the overlay: operationId, x-pennyform-resource, x-pennyform-method, or remove it."
    return Finding(rule, Severity.ERROR, f"{_title(operation)}: {problem}", fix=fix)
