"""Components: equal objects, enums and unions become one, however often a contract inlines them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pennyform.findings import Finding, Severity
from pennyform.spec.document.budget import Budget, text_steps
from pennyform.spec.document.extensions import DECLARED, is_extension
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Schema
from pennyform.spec.normaliser.flatten import NULL, UNIONS, is_annotation
from pennyform.spec.normaliser.identifiers import pascal_case

ITEM, VALUE = "[]", "{}"
_TYPES = {str: "string", bool: "boolean", int: "integer"}


@dataclass(frozen=True, order=True)
class Place:
    """Where a schema stands: ``part`` is ``request``, a status or ``?parameter``; ``steps`` lead inwards."""

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


@dataclass(slots=True)
class Component:
    """One object, enum or union, for one direction.

    ``key`` is the fingerprint of what it allows; ``schema`` refers to other components by ``{"$ref": key}``.
    ``kind`` is ``object``, ``enum`` or ``union``. ``declared`` are names from overlays, and ``descriptions``
    our texts by property (the component's own under ``""``), each with a place that states it.
    """

    key: str
    kind: str
    direction: str
    schema: Schema
    places: list[Place] = field(default_factory=list)
    declared: dict[str, Place] = field(default_factory=dict)
    descriptions: dict[str, dict[str, Place]] = field(default_factory=dict)

    def first_place(self) -> Place:
        """The place that stands for all: the shallowest, rather read than written, then by path."""
        return min(self.places, key=lambda place: (len(place.steps), place.method != "GET", place))


class ComponentCollector:
    """Collects components from schemas; ``components`` are those found so far, by their keys."""

    def __init__(self, budget: Budget) -> None:
        self.components: dict[str, Component] = {}
        self._budget = budget

    def extract(self, schema: Schema, direction: str, place: Place) -> Schema:
        """Replace every object, enum and union in a flat schema by a reference to its component.

        Args:
            schema: a flat schema, see :mod:`pennyform.spec.normaliser.flatten`.
            direction: ``request`` or ``answer``. Answers are open: whatever a contract says, new fields come.
            place: where the schema stands.

        Returns:
            An OpenAPI 3.1 schema; its references are keys of :attr:`components`.

        Raises:
            Failure: the contract unfolds to more than it deserves, see :class:`Budget`.
        """
        self._budget.draw_schema(len(place.steps), place)
        core = {key: value for key, value in schema.items() if not is_annotation(key)}
        if direction == ANSWER and core.get("additionalProperties") is False:
            del core["additionalProperties"]
        if any(keyword in core for keyword in UNIONS):
            extracted = self._union(core, direction, place)
        elif "enum" in core:
            extracted = self._enum(core, direction, place)
        else:
            extracted = self._structure(core, direction, place)
        if set(extracted) == {"$ref"}:
            # What an overlay declares here: a name, for both directions or one, and a description.
            component = self.components[extracted["$ref"]]
            declared = schema.get(DECLARED, {})
            name = declared.get(direction) or declared.get("name")
            if name:
                component.declared.setdefault(name, place)
            if "description" in declared:
                component.descriptions.setdefault("", {}).setdefault(declared["description"], place)
        if schema.get("nullable"):
            extracted = _nullable(extracted)
        # What stays where it stands. A default says nothing in an answer.
        annotations = {key: schema[key] for key in ("description", "deprecated") if schema.get(key)}
        if direction == REQUEST and "default" in schema:
            annotations["default"] = schema["default"]
        extensions = {key: schema[key] for key in schema if is_extension(key) and key != DECLARED}
        return {**extracted, **annotations, **extensions}

    def _structure(self, core: Schema, direction: str, place: Place) -> Schema:
        """A scalar, an array, a map or an object."""
        extracted = dict(core)
        if "items" in core:
            extracted["items"] = self.extract(core["items"], direction, place.inside(ITEM))
        if isinstance(core.get("additionalProperties"), dict):
            values = core["additionalProperties"]
            extracted["additionalProperties"] = self.extract(values, direction, place.inside(VALUE))
        if not core.get("properties"):
            return extracted
        # Of what only one side writes, the other side knows nothing (OpenAPI 3.0.4, 4.7.24.1).
        other_side = "readOnly" if direction == REQUEST else "writeOnly"
        own_properties = {name: item for name, item in core["properties"].items() if not item.get(other_side)}
        if "required" in core and len(own_properties) < len(core["properties"]):
            absent = core["properties"].keys() - own_properties.keys()
            extracted["required"] = [name for name in core["required"] if name not in absent]
        extracted["properties"] = {
            name: self.extract(item, direction, place.inside(name)) for name, item in own_properties.items()
        }
        return self._intern("object", {"type": "object", **extracted}, direction, place)

    def _enum(self, core: Schema, direction: str, place: Place) -> Schema:
        if len(core["enum"]) == 1:
            return {**{key: core[key] for key in core if key != "enum"}, "const": core["enum"][0]}
        if core.get("type") == "boolean":
            # All values of a boolean are no restriction.
            return {"type": "boolean"}
        return self._intern("enum", core, direction, place)

    def _union(self, core: Schema, direction: str, place: Place) -> Schema:
        keyword = next(keyword for keyword in UNIONS if keyword in core)
        members = [
            self.extract(member, direction, place.inside(f"|{label}"))
            for label, member in zip(_variant_labels(core[keyword]), core[keyword], strict=True)
        ]
        # An open answer can fit two variants at once: only a request can be held to exactly one.
        content: Schema = {"anyOf" if direction == ANSWER else keyword: members}
        # What the JSON type tells apart needs no class of its own for the choice.
        kinds = [self._json_type(member) for member in members]
        if sum("$ref" in member for member in members) < 2 and len({*kinds, ""}) > len(kinds):
            return content
        return self._intern("union", content, direction, place)

    def _json_type(self, member: Schema) -> str:
        """The JSON type of a union's member; "" where it takes more than that to tell it from others."""
        if "$ref" in member:
            component = self.components[member["$ref"]]
            return {"object": "object", "union": ""}.get(component.kind) or self._json_type(component.schema)
        if "const" in member or "enum" in member:
            values = [member["const"]] if "const" in member else member["enum"]
            types = {_TYPES.get(type(value), "") for value in values}
            return types.pop() if len(types) == 1 else ""
        special = member.get("type") == "number" or member.get("format") == "decimal"
        return "" if special else str(member.get("type", ""))

    def _intern(self, kind: str, content: Schema, direction: str, place: Place) -> Schema:
        """The reference to the one component with this content."""
        for name in ("enum", "required"):
            self._budget.draw(len(content.get(name, ())), "unfolding schemas", place)
        text = json.dumps([direction, _without_descriptions(content)], sort_keys=True)
        self._budget.draw(text_steps(text), "unfolding schemas", place)
        # 64 bits: names.json repeats them, and a few hundred components never meet by chance.
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        component = self.components.setdefault(key, Component(key, kind, direction, content))
        component.places.append(place)
        for name, item in content.get("properties", {}).items():
            if "description" in item:
                component.descriptions.setdefault(name, {}).setdefault(item["description"], place)
        return {"$ref": key}


def _nullable(schema: Schema) -> Schema:
    """A schema that allows null as well, as OpenAPI 3.1 says it."""
    for keyword in UNIONS:
        if keyword in schema:
            return {**schema, keyword: [*schema[keyword], dict(NULL)]}
    if "$ref" in schema or "const" in schema:
        return {"anyOf": [schema, dict(NULL)]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def _variant_labels(members: Sequence[Schema]) -> Iterator[str]:
    """A word for each member of a union: what only it has, its position only where there is no such thing."""
    counts = Counter(name for member in members for name in member.get("properties", {}))
    for position, member in enumerate(members, start=1):
        constants = []
        for name, item in member.get("properties", {}).items():
            if len(item.get("enum", [])) == 1 and counts[name] == len(members):
                value = item["enum"][0]
                # A boolean says it best by the property's name: `draft`, or `not draft`.
                boolean_label = name if value else f"not_{name}"
                constants.append(boolean_label if isinstance(value, bool) else str(value))
        unique = [name for name in sorted(member.get("required", [])) if counts[name] == 1]
        types = [member["type"]] if member.get("type") not in (None, "object") else []
        labels = map(pascal_case, [*constants, *unique, *types])
        yield next(filter(None, labels), f"Variant{position}")


def _without_descriptions(schema: Json) -> Json:
    """A schema without descriptions, what has no order sorted: equal for the same values allowed."""
    if isinstance(schema, list):
        return [_without_descriptions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {
        key: _without_descriptions(value)
        for key, value in schema.items()
        if key not in ("description", "properties")
    }
    if "properties" in schema:
        # A property may be called `description`.
        bare["properties"] = {
            name: _without_descriptions(item) for name, item in schema["properties"].items()
        }
    for keyword in ("enum", "required"):
        if keyword in bare:
            bare[keyword] = sorted(bare[keyword], key=repr)
    return bare


def contradictory_descriptions(components: Iterable[Component]) -> Iterator[Finding]:
    """Places of one component that overlays describe differently, although only one text can be emitted."""
    for component in components:
        for name, texts in component.descriptions.items():
            if len(texts) > 1:
                (text, place), (other_text, other_place) = list(texts.items())[:2]
                yield Finding(
                    "two-descriptions",
                    Severity.ERROR,
                    f"{name or 'the shape'} is described twice: {text!r} at {place}, {other_text!r} at "
                    f"{other_place}",
                    detail="Both places have the same shape, which is emitted once.",
                    fix="Describe it alike in both places, or in one of them only.",
                )
