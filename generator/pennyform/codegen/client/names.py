"""Python names for what the contract names, by openapi-python-client's rules, and the names that we add."""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from openapi_python_client.strings import ClassName, PythonIdentifier

from pennyform.codegen.client.code import Code
from pennyform.spec.normaliser.contract import Contract, Operation, Schema
from pennyform.spec.normaliser.identifiers import pascal_case


@dataclass(frozen=True, slots=True)
class Variant:
    """The words that differ between the synchronous and the asynchronous client."""

    key: str
    name: Code
    verb: Code
    generator: Code
    prefix: Code
    client: Code
    core: Code
    adverb: Code
    async_: Code
    await_: Code
    with_: Code
    enter: Code
    exit: Code
    iterator: Code
    httpx_client: Code
    base_transport: Code
    close: Code
    iter_raw: Code
    sleep: Code


# What each of them has where the templates differ: synchronous, asynchronous.
_WORDS = {
    "name": ("sync", "async"),
    "verb": ("", "a"),
    "generator": (
        "Generator[httpx.Request, httpx.Response, None]",
        "AsyncGenerator[httpx.Request, httpx.Response]",
    ),
    "prefix": ("", "Async"),
    "client": ("Client", "AsyncClient"),
    "core": ("Core", "AsyncCore"),
    "adverb": ("blocking the thread", "as asyncio tasks"),
    "async_": ("", "async "),
    "await_": ("", "await "),
    "with_": ("", "async "),
    "enter": ("__enter__", "__aenter__"),
    "exit": ("__exit__", "__aexit__"),
    "iterator": ("Iterator", "AsyncIterator"),
    "httpx_client": ("Client", "AsyncClient"),
    "base_transport": ("BaseTransport", "AsyncBaseTransport"),
    "close": ("close", "aclose"),
    "iter_raw": ("iter_raw", "aiter_raw"),
    "sleep": ("sleep", "async_sleep"),
}
VARIANTS = tuple(
    Variant(key, **{field: Code(words[index]) for field, words in _WORDS.items()})
    for index, key in enumerate(("sync", "async"))
)


FIELD_PREFIX = "field_"
COMPONENTS = "#/components/schemas/"
# What every path starts with, up to the version: "/api/external/v2".
_BASE = re.compile(r"(/[A-Za-z0-9_.~-]+)*?/v\d+(?=/)")
# Names that annotations in the same class body use: a field of that name would hide them from type checkers.
_USED_BY_ANNOTATIONS = {"bool", "dict", "dt", "int", "list", "str"}

# The function that says a field's name in JSON: a field of that name would take its place in the class body.
_USED_BY_CLASSES = {"field"}


# Worked out once: the company's contract asks 6,535 times for a few hundred names.
@cache
def class_name(component: str) -> ClassName:
    """The class that a component of the contract becomes."""
    return ClassName(component, FIELD_PREFIX)


@cache
def identifier(name: str) -> PythonIdentifier:
    """A legal snake_case name for anything that the contract names."""
    return PythonIdentifier(_in_ascii(name), FIELD_PREFIX)


def _in_ascii(name: str) -> str:
    """A name in the letters that nobody takes for others: Python reads several letters of Unicode as one.

    Accents are left out, and what is no letter of the alphabet then is written as its number.
    """
    if name.isascii():
        return name
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else f" u{ord(letter):x} " for letter in letters)


def field_name(name: str) -> Code:
    """The contract's own name wherever Python allows it."""
    if name in _USED_BY_CLASSES:
        return Code(f"{name}_")
    legal = re.fullmatch(r"[a-z][a-z0-9_]*", name) and not keyword.iskeyword(name)
    return Code(name if legal and name not in _USED_BY_ANNOTATIONS else identifier(name))


def component_of(schema: Schema) -> str:
    """The name of the component that a schema refers to, or ""."""
    reference = schema.get("$ref", "")
    # A property may have that name: it then is a schema.
    return reference.removeprefix(COMPONENTS) if isinstance(reference, str) else ""


def base_path(contract: Contract) -> str:
    """The start that all paths of a contract share, or ""."""
    starts = {match[0] if (match := _BASE.match(operation.path)) else "" for operation in contract.operations}
    return starts.pop() if len(starts) == 1 else ""


def short_path(path: str) -> str:
    """A path without its start, as people speak of it: ``/customer_invoices``."""
    return _BASE.sub("", path, count=1)


def method_path(operation: Operation) -> str:
    """``customer_invoices.list``: an operation as users of the client call it."""
    return f"{operation.resource}.{operation.name}"


def resource_class(name: str, variant: Variant) -> ClassName:
    """``customer_invoices`` → ``CustomerInvoices`` or ``AsyncCustomerInvoices``."""
    return class_name(Code(f"{variant.prefix}{pascal_case(name)}"))


def answer_name(operation: Operation) -> ClassName:
    """The class or alias of an operation's answer: its component's, or one named after the operation."""
    component = component_of(operation.answer or {})
    return class_name(component or f"{pascal_case(operation.operation_id)}Answer")


def body_name(operation: Operation) -> ClassName:
    """The class or alias of an operation's body: its component's, or one named after the operation."""
    component = component_of(operation.request.schema) if operation.request else ""
    return class_name(component or f"{pascal_case(operation.operation_id)}Body")
