"""Which operations a client can express, and why the others are left out."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.normaliser.contract import Operation, Parameter

_FIX = "Correct it in the overlay, or leave the operation out by its reason: x-pennyform-skip."
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_PYTHON_NAME = re.compile(r"[a-z_][a-z0-9_]{0,79}")
# What a segment of a path is made of (RFC 3986, 3.3), and parameters. No empty segment but the last, and none
# of dots only: with a base URL, both could lead to another host or folder.
_SEGMENT = r"(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|\{[^{}/?#%]+\})+"
_PATH = re.compile(rf"(?:/(?!\.+(?:/|$)){_SEGMENT})+/?|/")
_IN_PATH = re.compile(r"\{([^{}]+)\}")
# The name of a header or a cookie (RFC 9110, 5.6.2; RFC 6265, 4.1.1).
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LONGEST_PARAMETER = 200
# What clients have beside resources.
_CLIENT_NAMES = frozenset({"close", "server_date"})


def unsupported(rule: str, summary: str, pointer: str) -> Failure:
    """The failure of one operation that cannot be emitted so that it means the same."""
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=pointer, fix=_FIX)])


def is_name(name: str) -> bool:
    """Whether a method can be called so."""
    return _NAME.fullmatch(name) is not None


def is_resource_name(name: str) -> bool:
    """Whether a resource can be called so."""
    return is_name(name) and name not in _CLIENT_NAMES


def names_in_path(path: str) -> list[str]:
    """The parameters that a path has, in its order."""
    return _IN_PATH.findall(path)


def check_operation(operation: Operation, pointer: str) -> None:
    """Check names and the path of one operation.

    Raises:
        Failure: with every reason why it cannot be emitted.
    """
    findings = [
        Finding(rule, Severity.ERROR, problem, pointer=pointer, fix=_FIX)
        for rule, problem in _problems(operation)
    ]
    if findings:
        raise Failure(findings)


def _problems(operation: Operation) -> Iterator[tuple[str, str]]:
    for name in (operation.resource, operation.name):
        if not is_name(name):
            yield "operation-name", f"{name!r} is not a name for a resource or method"
    if operation.resource in _CLIENT_NAMES:
        yield "operation-name", f"{operation.resource!r} is a method of every client"
    if not _PATH.fullmatch(operation.path):
        yield "operation-path", f"the path {operation.path!r} has characters no path needs"
    in_path = names_in_path(operation.path)
    declared = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    if sorted(in_path) != sorted(declared):
        yield "path-parameters", f"the path has {in_path}, the operation declares {declared}"
    yield from _parameter_problems(operation.parameters)


def _parameter_problems(parameters: Iterable[Parameter]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        token = parameter.location in ("header", "cookie")
        legal = _TOKEN.fullmatch(parameter.name) if token else parameter.name.isprintable()
        if not parameter.name or not legal or len(parameter.name) > _LONGEST_PARAMETER:
            yield "parameter-name", f"{parameter.name!r} is not a parameter's name"
        chosen = parameter.python_name
        if chosen and (not _PYTHON_NAME.fullmatch(chosen) or keyword.iskeyword(chosen)):
            yield "python-name", f"{chosen!r} is not a Python name for the parameter {parameter.name!r}"
