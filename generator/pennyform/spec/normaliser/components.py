"""Factoring: equal objects, enums and unions become one shape, however often a contract inlines them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyform.findings import Finding, Severity, failure
from pennyform.spec.document.extensions import DECLARED
from pennyform.spec.document.limits import MAXIMUM_SCHEMAS
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Schema
from pennyform.spec.normaliser.flatten import NULL, is_note
from pennyform.spec.normaliser.identifiers import pascal_case

ITEM, VALUE = "[]", "{}"
_UNIONS = ("anyOf", "oneOf")
_OURS = "x-pennyform-"


@dataclass(frozen=True, order=True)
class Place:
    """Where a shape stands: ``part`` is ``request``, a status or ``?parameter``; ``steps`` lead inwards."""

    path: str
    method: str
    part: str
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        inner = "".join(step if step in (ITEM, VALUE) else f".{step}" for step in self.steps)
        return f"{self.method} {self.path} {self.part} {inner.removeprefix('.')}".strip()

    def inside(self, step: str) -> Place:
        """The place that one more step leads to."""
        return Place(self.path, self.method, self.part, (*self.steps, step))

    def outside(self, steps: int) -> Place:
        """The place that many steps further out."""
        return Place(self.path, self.method, self.part, self.steps[: len(self.steps) - steps])


@dataclass
class Shape:
    """One object, enum or union, for one direction.

    ``schema`` refers to other shapes by ``{"$ref": key}``. ``declared`` are names from overlays, and
    ``descriptions`` our texts by property (the shape's own under ``""``), each with a place that states it.
    """

    key: str
    kind: str
    direction: str
    schema: Schema
    places: list[Place] = field(default_factory=list)
    declared: dict[str, Place] = field(default_factory=dict)
    descriptions: dict[str, dict[str, Place]] = field(default_factory=dict)

    def first(self) -> Place:
        """The place that stands for all: the shallowest, rather read than written, then by path."""
        return min(self.places, key=lambda place: (len(place.steps), place.method != "GET", place))


class Factory:
    """Collects shapes while schemas are factored."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self._seen = 0

    def factor(self, schema: Schema, direction: str, place: Place) -> Schema:
        """Replace every shape in a plain schema by a reference to it.

        Args:
            schema: a plain schema, see :mod:`pennyform.spec.normaliser.flatten`.
            direction: ``request`` or ``answer``. Answers are open: whatever a contract says, new fields come.
            place: where the schema stands.

        Returns:
            An OpenAPI 3.1 schema; its references are keys of :attr:`shapes`.

        Raises:
            Failure: the contract unfolds to more than ``MAXIMUM_SCHEMAS``: a few references to references can
                stand for more than any memory holds.
        """
        self._seen += 1
        if self._seen > MAXIMUM_SCHEMAS:
            fix = "Check where this contract comes from."
            raise failure("too-many-schemas", f"it unfolds to more than {MAXIMUM_SCHEMAS:,} schemas", fix=fix)
        core = {key: value for key, value in schema.items() if not is_note(key)}
        if direction == ANSWER and core.get("additionalProperties") is False:
            del core["additionalProperties"]
        factored = self._core(core, direction, place)
        if set(factored) == {"$ref"}:
            self._note(self.shapes[factored["$ref"]], schema, place)
        if schema.get("nullable"):
            factored = _nullable(factored)
        return {**factored, **_annotations(schema, direction)}

    def _core(self, core: Schema, direction: str, place: Place) -> Schema:
        if any(keyword in core for keyword in _UNIONS):
            return self._union(core, direction, place)
        if "enum" in core:
            return self._enum(core, direction, place)
        factored = dict(core)
        if "items" in core:
            factored["items"] = self.factor(core["items"], direction, place.inside(ITEM))
        if isinstance(core.get("additionalProperties"), dict):
            rest = core["additionalProperties"]
            factored["additionalProperties"] = self.factor(rest, direction, place.inside(VALUE))
        if not core.get("properties"):
            return factored
        factored["properties"] = {
            name: self.factor(item, direction, place.inside(name))
            for name, item in core["properties"].items()
        }
        return self._intern("object", {"type": "object", **factored}, direction, place)

    def _enum(self, core: Schema, direction: str, place: Place) -> Schema:
        if len(core["enum"]) == 1:
            return {**{key: core[key] for key in core if key != "enum"}, "const": core["enum"][0]}
        if core.get("type") == "boolean":
            return {"type": "boolean"}
        return self._intern("enum", core, direction, place)

    def _union(self, core: Schema, direction: str, place: Place) -> Schema:
        keyword = next(keyword for keyword in _UNIONS if keyword in core)
        members = [
            self.factor(member, direction, place.inside(f"|{label}"))
            for label, member in zip(_labels(core[keyword]), core[keyword], strict=True)
        ]
        # An open answer can fit two variants at once: only a request can be held to exactly one.
        content: Schema = {"anyOf" if direction == ANSWER else keyword: members}
        if sum("$ref" in member for member in members) < 2:
            return content
        return self._intern("union", content, direction, place)

    def _intern(self, kind: str, content: Schema, direction: str, place: Place) -> Schema:
        key = _fingerprint(content, direction)
        shape = self.shapes.setdefault(key, Shape(key, kind, direction, content))
        shape.places.append(place)
        for name, item in content.get("properties", {}).items():
            if "description" in item:
                shape.descriptions.setdefault(name, {}).setdefault(item["description"], place)
        return {"$ref": key}

    def _note(self, shape: Shape, schema: Schema, place: Place) -> None:
        declared = schema.get(DECLARED, {})
        name = declared.get(shape.direction) or declared.get("name")
        if name:
            shape.declared.setdefault(name, place)
        if "description" in declared:
            shape.descriptions.setdefault("", {}).setdefault(declared["description"], place)


def _annotations(schema: Schema, direction: str) -> Schema:
    """What stays where it stands. A default says nothing in an answer."""
    kept = {key: schema[key] for key in ("description", "deprecated") if schema.get(key)}
    if direction == REQUEST and "default" in schema:
        kept["default"] = schema["default"]
    ours = {key: value for key, value in schema.items() if key.startswith(_OURS) and key != DECLARED}
    return {**kept, **ours}


def _nullable(schema: Schema) -> Schema:
    for keyword in _UNIONS:
        if keyword in schema:
            return {**schema, keyword: [*schema[keyword], dict(NULL)]}
    if "$ref" in schema or "const" in schema:
        return {"anyOf": [schema, dict(NULL)]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def _labels(members: Sequence[Schema]) -> Iterator[str]:
    """A word for each member of a union; its position only where nothing else tells it from the others."""
    names = [set(member.get("properties", {})) for member in members]
    for position, member in enumerate(members, start=1):
        constants = [
            _constant(name, item["enum"][0])
            for name, item in member.get("properties", {}).items()
            if len(item.get("enum", [])) == 1 and all(name in other for other in names)
        ]
        own = [
            name for name in sorted(member.get("required", [])) if sum(name in other for other in names) == 1
        ]
        kinds = [member["type"]] if member.get("type") not in (None, "object") else []
        yield next(filter(None, map(pascal_case, [*constants, *own, *kinds])), f"Variant{position}")


def _constant(name: str, value: Any) -> str:
    """What a property that has only one value says: ``draft`` or ``not draft`` for a boolean."""
    if isinstance(value, bool):
        return name if value else f"not_{name}"
    return str(value)


def _fingerprint(content: Schema, direction: str) -> str:
    """The same for the same values allowed, whatever is said about them and in whatever order."""
    text = json.dumps([direction, _bare(content)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _bare(schema: Any) -> Any:
    """A schema without descriptions, what has no order sorted."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {key: _bare(value) for key, value in schema.items() if key not in ("description", "properties")}
    if "properties" in schema:
        bare["properties"] = {name: _bare(item) for name, item in schema["properties"].items()}
    for keyword in ("enum", "required"):
        if keyword in bare:
            bare[keyword] = sorted(bare[keyword], key=repr)
    return bare


def contradictory_descriptions(shapes: Iterable[Shape]) -> Iterator[Finding]:
    """Places of one shape that overlays describe differently, although only one text can be emitted."""
    for shape in shapes:
        for name, texts in shape.descriptions.items():
            if len(texts) > 1:
                (one, here), (other, there) = list(texts.items())[:2]
                yield Finding(
                    "two-descriptions",
                    Severity.ERROR,
                    f"{name or 'the shape'} is described twice: {one!r} at {here}, {other!r} at {there}",
                    detail="Both places have the same shape, which is emitted once.",
                    fix="Describe it alike in both places, or in one of them only.",
                )
