"""Values that a schema allows, made from a seed; numbers with fractions are ``Decimal``, never floats."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from .document import Document, Schema

REQUEST, ANSWER = "request", "answer"
UNSEEN = "unseen"
"""How fields begin that only a newer contract has."""

_DEEPEST = 5
# Characters that mean something in URLs, JSON, headers and forms.
TRICKY = "aZ9 é€%&=+,;/?#:@\"'\\~.-_[]{}|<>!*()$\u4e2d\U0001f600"
NUMBERS = ("0.10", "1.50", "-3.05", "12345678901234567.89", "0.000001", "100.00", "2.5")
DAYS = ("2026-01-02", "1999-12-31", "2028-02-29")
MOMENTS = ("2026-01-02T03:04:05Z", "2026-06-30T23:59:59.250000Z", "2026-01-02T03:04:05+02:00")


@dataclass(frozen=True)
class Upload:
    """A file as a form has it."""

    name: str
    content: bytes
    media_type: str


class Maker:
    """Makes values of one direction.

    Args:
        document: the contract.
        rng: of the seed.
        direction: ``request`` or ``answer``: what only the other side writes is left out.
        newer: how likely a value of an answer is one that only a newer contract allows; ``changed`` tells.
        alphabet: what text is made of.
    """

    def __init__(
        self,
        document: Document,
        rng: Random,
        direction: str,
        *,
        newer: float = 0.0,
        alphabet: str = TRICKY,
    ) -> None:
        self._document, self._rng, self._direction = document, rng, direction
        self._newer = newer
        self._alphabet = alphabet
        self._variants = Random(len(document.used))
        self.changed = False
        # The base schema that is being extended: there it is itself, not one of its children.
        self._base = ""

    def calm(self) -> None:
        """From now on, only values of this contract."""
        self._newer, self.changed = 0.0, False

    def value(self, schema: Any, depth: int = 0, required: frozenset[str] = frozenset()) -> Any:
        """A value of a schema; ``required`` are fields that a schema around it demands."""
        if not isinstance(schema, dict):
            return self._free(depth)
        if self._is_nullable(schema):
            return None
        if "$ref" in schema:
            return self._referred(schema, depth, required)
        if "const" in schema:
            return _exact(schema["const"])
        if "enum" in schema:
            return _exact(self._rng.choice(schema["enum"]))
        if "allOf" in schema:
            own = {key: value for key, value in schema.items() if key not in ("allOf", "nullable")}
            return self._all([*schema["allOf"], own], depth, required)
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return self._one(schema, union, depth, required)
        return self._plain(schema, depth, required)

    def _referred(self, schema: Schema, depth: int, required: frozenset[str]) -> Any:
        reference = schema["$ref"]
        if reference in self._document.children and self._base != reference:
            return self._child(reference, depth, required)
        siblings = {key: value for key, value in schema.items() if key not in ("$ref", "nullable")}
        target = self._document.at(reference)
        return (
            self._all([target, siblings], depth, required)
            if siblings
            else self.value(target, depth, required)
        )

    def _child(self, base: str, depth: int, required: frozenset[str]) -> Any:
        """A value of one of the schemas that extend a base by ``allOf``, under its name."""
        chosen = self._rng.choice(self._document.children[base])
        discriminator = self._document.at(base)["discriminator"]
        outer, self._base = self._base, base
        value = self.value({"$ref": chosen}, depth, required)
        self._base = outer
        value[discriminator["propertyName"]] = self._tag(discriminator, chosen)
        return value

    def _is_nullable(self, schema: Schema) -> bool:
        return bool(schema.get("nullable")) and self._rng.random() < 0.15

    def _all(self, parts: list[Any], depth: int, required: frozenset[str]) -> Any:
        required |= {name for part in parts for name in self._document.resolve(part).get("required", ())}
        values = [self.value(part, depth, required) for part in parts if _says(self._document.resolve(part))]
        if values and all(isinstance(value, dict) for value in values):
            return {name: inner for value in values for name, inner in value.items()}
        return values[0] if values else self._free(depth)

    def _one(self, schema: Schema, union: str, depth: int, required: frozenset[str]) -> Any:
        members = schema[union]
        # A union that ends nowhere: towards the end, its simplest member.
        member = (
            min(members, key=lambda each: len(str(each))) if depth > _DEEPEST else self._rng.choice(members)
        )
        # A member always says which one it is, also where the contract leaves that open.
        required |= {
            name
            for name, inner in self._document.resolve(member).get("properties", {}).items()
            if isinstance(inner, dict) and ("const" in inner or len(inner.get("enum", ())) == 1)
        }
        own = {key: value for key, value in schema.items() if key in ("properties", "required", "type")}
        if own.get("properties"):
            value = self._all([own, member], depth, required)
        else:
            value = self.value(member, depth, required)
        tag = schema.get("discriminator", {}).get("propertyName")
        if tag and isinstance(value, dict) and "$ref" in member:
            value[tag] = self._tag(schema["discriminator"], member["$ref"])
            if self._newer and self._variants.random() < 0.3:
                # A variant and a field that the contract does not have: the object stays as it came.
                self.changed = True
                value = {tag: f"{UNSEEN} kind", "only_here": Decimal("1.10")}
        return value

    def _tag(self, discriminator: Schema, reference: str) -> str:
        name = reference.rpartition("/")[2]
        values = [
            value for value, target in discriminator.get("mapping", {}).items() if target in (reference, name)
        ]
        return self._rng.choice(values or [name])

    def _plain(self, schema: Schema, depth: int, required: frozenset[str]) -> Any:
        kinds = schema.get("type")
        kind = self._rng.choice(kinds) if isinstance(kinds, list) else kinds
        if kind is None and ("properties" in schema or "additionalProperties" in schema):
            kind = "object"
        if kind is None and "items" in schema:
            kind = "array"
        makers = {
            "null": lambda: None,
            "boolean": lambda: self._rng.random() < 0.5,
            "integer": lambda: self._integer(schema),
            "number": self._number,
            "string": lambda: self._string(schema),
            "array": lambda: self._array(schema, depth),
            "object": lambda: self._object(schema, depth, required),
            None: lambda: self._free(depth),
        }
        return makers[kind]()

    def _integer(self, schema: Schema) -> int:
        low = int(schema.get("minimum", -5))
        return self._rng.choice((low, max(low, 7), max(low, int(schema.get("maximum", 10**12)))))

    def _number(self) -> Any:
        return self._rng.choice((Decimal(self._rng.choice(NUMBERS)), self._rng.randrange(-3, 100)))

    def _string(self, schema: Schema) -> Any:
        made = {
            "date": lambda: self._rng.choice(DAYS),
            "date-time": lambda: self._rng.choice(MOMENTS),
            "decimal": lambda: self._rng.choice(NUMBERS),
            "uuid": lambda: "123e4567-e89b-12d3-a456-426614174000",
            "binary": self.upload,
        }.get(schema.get("format", ""))
        if made:
            return made()
        if "pattern" in schema and "\\d+" in schema["pattern"]:
            return self._rng.choice(NUMBERS)
        if self._rng.random() < 0.15:
            # Text that looks like something else.
            return self._rng.choice(("null", "true", "1.50", "2026-01-02", "[]", "0"))
        return self.text()

    def text(self) -> str:
        """Some text, never empty."""
        text = "".join(self._rng.choice(self._alphabet) for _ in range(self._rng.randrange(1, 9)))
        # As a part of a path they address something else, and the client refuses them.
        return "..." if text in (".", "..") else text

    def upload(self) -> Upload:
        """A file."""
        ending, media_type = self._rng.choice(
            (("pdf", "application/pdf"), ("txt", "text/plain"), ("png", "image/png"))
        )
        content = bytes(self._rng.randrange(256) for _ in range(self._rng.randrange(20)))
        return Upload(f"file{self._rng.randrange(9)}.{ending}", content, media_type)

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        length = least if depth > _DEEPEST else max(least, self._rng.randrange(3))
        return [self._inner(schema.get("items", {}), depth) for _ in range(length)]

    def _object(self, schema: Schema, depth: int, required: frozenset[str]) -> Schema:
        other_side = "readOnly" if self._direction == REQUEST else "writeOnly"
        required |= frozenset(schema.get("required", ()))
        made = {}
        for name, inner in schema.get("properties", {}).items():
            if self._hidden(inner, other_side):
                continue
            if name in required or (depth <= _DEEPEST and self._rng.random() < 0.6):
                made[name] = self._inner(inner, depth)
        more = schema.get("additionalProperties", not schema.get("properties"))
        # Beside fields, a contract that says nothing of other ones only leaves room for them.
        if (isinstance(more, dict) or (more and not made)) and depth <= _DEEPEST:
            for _ in range(self._rng.randrange(3)):
                name = f"{self._rng.choice(('extra', 'a.b', 'x-y', 'é', 'from'))}{self._rng.randrange(9)}"
                made[name] = self._inner(more, depth)
        return made

    def _hidden(self, schema: Any, keyword: str) -> bool:
        """Whether a property is read-only or write-only, here or behind its reference."""
        if not isinstance(schema, dict):
            return False
        parts = [schema, *schema.get("allOf", ())]
        parts += [self._document.at(part["$ref"]) for part in parts if "$ref" in part]
        return any(part.get(keyword) for part in parts)

    def _inner(self, schema: Any, depth: int) -> Any:
        """A value inside of another one; here a newer service may say something else."""
        if self._newer and self._rng.random() < self._newer:
            self.changed = True
            return self._rng.choice(
                (
                    lambda: None,
                    lambda: "unseen value",
                    lambda: Decimal("99.75"),
                    lambda: 12,
                    lambda: True,
                    lambda: {UNSEEN: Decimal("1.10"), f"{UNSEEN} kind": "x"},
                    lambda: ["unseen", {UNSEEN: 1}],
                )
            )()
        return self.value(schema, depth + 1)

    def _free(self, depth: int) -> Any:
        choices = ["text", 5, True, Decimal("4.50")]
        if depth <= _DEEPEST:
            choices += [{"a": Decimal("1.10"), "b": [1, "x"]}, [1, Decimal("2.20")], {}]
        return self._rng.choice(choices)


def _says(schema: Any) -> bool:
    """Whether a part of ``allOf`` says what values there are."""
    states = {"type", "properties", "enum", "const", "oneOf", "anyOf", "allOf", "$ref", "items"}
    return isinstance(schema, dict) and not states.isdisjoint(schema)


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value
