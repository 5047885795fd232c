"""Request objects of the contract → typed dictionaries, for keyword arguments and for mappings in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pennyform.codegen.client.code import Code, fill, join_code, literal
from pennyform.codegen.client.models import Components
from pennyform.codegen.client.names import class_name, component_of
from pennyform.codegen.client.python_types import FIELDS, Type, python_type
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import REQUEST, Contract, Schema

_INDENT = 4
_IMPORTS = {
    "dt": "import datetime as dt",
    "t": "import typing as t",
    "abc": "from collections import abc",
    "Decimal": "from decimal import Decimal",
}
_OURS = {"models": "from . import models", "File": "from .types import File"}
_WORD = re.compile(r"(?<![\w.])\w+")
_MODEL = re.compile(r"\bmodels\.(\w+)")


def keyword_bodies(schema: Schema, taken: Iterable[str], components: Components) -> tuple[str, ...]:
    """The components whose keys may be keyword arguments in place of a body.

    Args:
        schema: the schema of the body.
        taken: the other arguments of the method.
        components: those of the contract.

    Returns:
        The body's component, or its variants; none if it is no object, or if a key is called like another
        argument: then it can only be a model.
    """
    members = [component_of(member) for member in components.members(schema)]
    objects = [name for name in members if name and components.schemas[name].get("properties")]
    if not component_of(schema) or len(objects) < len(members):
        return ()
    keys = {key for name in members for key in components.schemas[name].get("properties", {})}
    return () if keys & {*taken} else tuple(members)


def params(contract: Contract) -> list[Code]:
    """A statement for the type of every object and union of objects that a request may hold, by name."""
    components = Components(contract.schemas, {})
    sent: list[Json] = [operation.request.schema for operation in contract.operations if operation.request]
    sent += [parameter.schema for operation in contract.operations for parameter in operation.parameters]
    names = sorted(name for name in components.reachable(sent) if components.direction(name) == REQUEST)
    statements = (_statement(name, components) for name in names)
    return [statement for statement in statements if statement]


def imports(statements: Iterable[Code]) -> list[list[Code]]:
    """What a module of these types imports, in blocks."""
    words = set(_WORD.findall(" ".join(statements)))
    standard = [Code(line) for word, line in _IMPORTS.items() if word in words]
    names = sorted(words & {"Any", "Literal"})
    standard += [Code(f"from typing import {', '.join(names)}")] if names else []
    ours = [Code(line) for word, line in _OURS.items() if word in words]
    return [block for block in (standard, ours) if block]


def _statement(name: str, components: Components) -> Code | None:
    schema, title = components.schemas[name], class_name(name)
    if schema.get("properties"):
        # Not as a class: a key need not be a name, and could hide a type that other keys have.
        keys = (Code(f"{literal(key)}: {_key(key, name, components)}") for key in schema["properties"])
        lines = fill(keys, indent=_INDENT)
        return Code(f"{title} = t.TypedDict({literal(str(title))}, {{\n{lines}\n}})  # fmt: skip")
    if _has_objects(name, components):
        kinds = [_typed(member, components) for member in components.members(schema)]
        parts = dict.fromkeys(part for kind in kinds for part in kind.split(" | "))
        return Code(f"{title}: t.TypeAlias = t.Union[{join_code(map(literal, parts))}]")
    return None


def _has_objects(name: str, components: Components) -> bool:
    """Whether a component is a union with objects among its members."""
    members = components.members(components.schemas[name])
    return len(members) > 1 and any(components.resolved(member).get("properties") for member in members)


def _key(key: str, owner: str, components: Components) -> Code:
    """The type of a key; what tells variants apart must be said, so that none is meant by leaving it out."""
    schema = components.schemas[owner]
    kind = _typed(schema["properties"][key], components)
    constants = components.constants(schema["properties"][key])
    tag = key in components.tags.get(owner, ())
    required = tag or (key in schema.get("required", ()) and len(constants) != 1)
    return literal(str(kind if required else f"t.NotRequired[{kind}]"))


def _typed(schema: Schema, components: Components) -> Code:
    return with_mappings(python_type(schema, FIELDS), components)


def with_mappings(kind: Type, components: Components, prefix: str = "") -> Code:
    """A type that has mappings beside models: where a model may stand, what it is made of may, too.

    Args:
        kind: the type, with models of the module ``models``.
        components: those of the contract.
        prefix: what stands before the types of this module, ``params.`` outside of it.
    """
    either: dict[str, str] = {}
    for name in kind.components:
        title = str(class_name(name))
        if components.schemas[name].get("properties"):
            either[title] = f"{prefix}{title} | models.{title}"
        elif _has_objects(name, components):
            either[title] = f"{prefix}{title}"
    return Code(_MODEL.sub(lambda match: either.get(match[1], match[0]), kind.code))
