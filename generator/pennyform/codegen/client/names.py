"""Python names for what the contract names, by openapi-python-client's rules, and the names that we add."""

from __future__ import annotations

import itertools
import keyword
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pennyform.codegen.client.code import Code
from pennyform.codegen.client.name_rules import ClassName, PythonIdentifier
from pennyform.spec.normaliser.contract import Answer, Contract, Operation, Schema
from pennyform.spec.normaliser.identifiers import pascal_case


@dataclass(frozen=True, slots=True)
class Variant:
    """The words that differ between the synchronous and the asynchronous client."""

    key: str
    prefix: Code
    client: Code
    adverb: Code
    async_: Code
    await_: Code
    with_: Code
    page: Code
    raw_method: Code


# What each of them has where the templates differ: synchronous, asynchronous.
_WORDS = {
    "prefix": ("", "Async"),
    "client": ("Client", "AsyncClient"),
    "adverb": ("blocking the thread", "as asyncio tasks"),
    "async_": ("", "async "),
    "await_": ("", "await "),
    "with_": ("", "async "),
    # What a list gives back: a task has nothing to wait for before it is awaited.
    "page": ("Page", "AsyncPages"),
    "raw_method": ("raw_method", "async_raw_method"),
}
VARIANTS = tuple(
    Variant(key, **{field: Code(words[index]) for field, words in _WORDS.items()})
    for index, key in enumerate(("sync", "async"))
)


FIELD_PREFIX = "field_"
COMPONENTS = "#/components/schemas/"
# What every path starts with, up to the version: "/api/external/v2".
_BASE = re.compile(r"(/[A-Za-z0-9_.~-]+)*?/v\d+(?=/)")
# Names that the same class body uses: a field of that name would hide them.
_USED_IN_CLASSES = {"bool", "dict", "dt", "field", "int", "list", "str"}
# Names that modules of models import, and those that modules of resources import or define.
MODEL_IMPORTS = {
    "ADDITIONAL": ".._codec",
    "Any": "typing",
    "Answer": ".._codec",
    "AnswerPage": ".._codec",
    "BlankableDecimal": ".._codec",
    "Decimal": "decimal",
    "DecimalNumber": ".._codec",
    "File": "..types",
    "Literal": "typing",
    "OpenEnum": ".._codec",
    "PROMISED": ".._codec",
    "Request": ".._codec",
    "TYPE_CHECKING": "typing",
    "TypeAlias": "typing",
    "UNSET": "msgspec",
    "UnsetType": "msgspec",
    "field": "msgspec",
    "variants": ".._codec",
    "with_additional": ".._codec",
}
_RESOURCE_NAMES = {
    "Any", "AsyncPages", "AsyncResource", "Decimal", "Literal", "Mapping", "NoReturn", "Operation", "Page",
    "Pages", "Resource", "Sequence",
}  # fmt: skip


# Worked out once: the company's contract asks 6,535 times for a few hundred names.
@cache
def class_name(component: str) -> Code:
    """The class that a component of the contract becomes."""
    name = ClassName(component, FIELD_PREFIX)
    return Code(f"{name}_" if name in MODEL_IMPORTS else name)


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
    legal = name if is_legal(name) else identifier(name)
    return Code(f"{legal}_" if legal in _USED_IN_CLASSES else legal)


def is_legal(name: str) -> bool:
    """Whether a name of the contract is one in Python as it is."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and not keyword.iskeyword(name)


def distinct_names(
    wire_names: Sequence[str], chosen: Mapping[str, str], taken: Collection[str]
) -> dict[str, Code]:
    """A Python name for each name of the contract, no two of them equal.

    Args:
        wire_names: the contract's names, in its order.
        chosen: the names that an overlay chooses, by the contract's.
        taken: names that none may have.

    Returns:
        Python names by the contract's names. What is chosen stays, then what is legal as it is; of the others
        that would be equal, the later ones get a number.
    """
    names = {name: Code(python_name) for name, python_name in chosen.items() if python_name}
    used = {*taken, *names.values()}
    for name in sorted(wire_names, key=lambda name: not is_legal(name)):
        if name not in names:
            plain = field_name(name)
            numbered = (Code(f"{plain.rstrip('_')}_{number}") for number in itertools.count(2))
            candidates = itertools.chain([plain] if plain not in taken else [Code(f"{plain}_")], numbered)
            names[name] = next(candidate for candidate in candidates if candidate not in used)
            used.add(names[name])
    return names


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


def resource_class(name: str, variant: Variant) -> Code:
    """``customer_invoices`` → ``CustomerInvoices`` or ``AsyncCustomerInvoices``."""
    title = pascal_case(name)
    # ``AsyncJobs`` is the asynchronous variant of ``jobs``, and would be the other one of ``async_jobs``.
    ending = "_" if title in _RESOURCE_NAMES or title.startswith("Async") else ""
    return Code(f"{ClassName(f'{variant.prefix}{title}', FIELD_PREFIX)}{ending}")


def answer_name(operation: Operation, answer: Answer | None = None) -> Code:
    """The class or alias of an answer, the first when left out: its component's or its own."""
    first = operation.answers[0]
    answer = answer or first
    component = component_of(answer.schema or {})
    ending = "" if answer.schema == first.schema else answer.status
    return class_name(component or f"{pascal_case(operation.operation_id)}Answer{ending}")


def body_name(operation: Operation) -> Code:
    """The class or alias of an operation's body: its component's, or one named after the operation."""
    component = component_of(operation.request.schema) if operation.request else ""
    return class_name(component or f"{pascal_case(operation.operation_id)}Body")
