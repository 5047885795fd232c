"""Random data that conforms to a schema of a pinned contract, and random data that may come one day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from tests.client.samples import resolve

_TELLING = {"type", "enum", "properties", "allOf", "oneOf", "anyOf"}
_BIG = 2**63 - 1
_LETTERS = 'aZ09 é"\\\n\t/€漢😀\x7f\u2028'
_SAMPLES = {
    "email": "ada@example.com",
    "uri": "https://example.com/1",
    "uuid": "0d8f0c4e-6b1c-4f43-9a55-3f3c3a1f2b4d",
}


@dataclass(frozen=True)
class Chance:
    """Makes one value of a schema, another for each state of ``random``.

    ``later``: as another version of the service might write it, with fields missing, and with fields and enum
    values that nobody has heard of.
    """

    api: str
    random: Random
    later: bool = False

    def __call__(self, schema: Any) -> Any:
        schema = resolve(self.api, schema)
        if schema.get("enum") == [None] or (schema.get("nullable") and self.random.random() < 0.3):
            return None
        if "allOf" in schema:
            return self._all_of([*schema["allOf"], {k: v for k, v in schema.items() if k != "allOf"}])
        alternatives = schema.get("oneOf", schema.get("anyOf"))
        if alternatives:
            return self(self.random.choice(alternatives))
        if "enum" in schema:
            return self._enum([value for value in schema["enum"] if value is not None])
        return self._of_type(schema)

    def _all_of(self, schemas: list[Any]) -> Any:
        parts = [resolve(self.api, each) for each in schemas]
        values = [self(each) for each in parts if _TELLING & each.keys()]
        objects = [each for each in values if isinstance(each, dict)]
        if objects:
            return {key: value for each in objects for key, value in each.items()}
        merged = {key: value for each in parts for key, value in each.items()}
        return self({**merged, "nullable": all(each.get("nullable") for each in parts)})

    def _enum(self, values: list[Any]) -> Any:
        unheard_of = self.later and isinstance(values[0], str) and self.random.random() < 0.5
        return self._text(0, 9) if unheard_of else self.random.choice(values)

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            least = schema.get("minItems", 0)
            made = [self(schema["items"]) for _ in range(self.random.randint(least, max(2, least)))]
            return made[: max(least, 1)] if schema.get("uniqueItems") else made
        if kind == "integer":
            return self.random.randint(schema.get("minimum", -_BIG), schema.get("maximum", _BIG))
        if kind == "number":
            most = schema.get("maximum", 10**6)
            return Decimal(self.random.randint(schema.get("minimum", -most) * 10**6, most * 10**6)).scaleb(-6)
        return self.random.random() < 0.5 if kind == "boolean" else self._string(schema)

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        required = () if self.later else schema.get("required", ())
        fields = schema.get("properties", {}).items()
        made = {name: self(inner) for name, inner in fields if name in required or self.random.random() < 0.7}
        return {**made, "Ünheard of": {"": [None, 1]}} if self.later else made

    def _string(self, schema: Mapping[str, Any]) -> str:
        kind, pattern = schema.get("format"), schema.get("pattern", "")
        since = dt.timedelta(microseconds=self.random.randrange(9999 * 31 * 10**12))
        moment = dt.datetime(1, 1, 1, tzinfo=dt.UTC) + since
        if kind == "date":
            return moment.date().isoformat()
        if kind == "date-time":
            return moment.isoformat().replace("+00:00", "Z")
        if kind in _SAMPLES:
            return _SAMPLES[kind]
        if "\\d{" in pattern:
            return "7" * int(pattern.split("{")[1].split("}")[0])
        if pattern or kind == "decimal":
            return self._decimal(pattern, schema.get("minLength", 0))
        return self._text(schema.get("minLength", 0), min(schema.get("maxLength", 12), 12))

    def _decimal(self, pattern: str, shortest: int) -> str:
        """A decimal as the service may write it; leading zeros are nobody's habit."""
        if (
            shortest == 0
            and pattern.startswith("^(")
            and pattern.endswith(")?$")
            and self.random.random() < 0.1
        ):
            return ""
        least = 0 if pattern and "-" not in pattern else -(10**12)
        return format(Decimal(self.random.randint(least, 10**12)).scaleb(-self.random.randint(0, 6)), "f")

    def _text(self, least: int, most: int) -> str:
        return "".join(self.random.choices(_LETTERS, k=self.random.randint(least, most)))
