"""The emitted definition schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from pennyform import data
from pennyform.findings import failure
from pennyform.invoices.yaml.document import Path, YamlValue

Schema = dict[str, Any]
"""A JSON Schema of draft 07, with our own ``x-pennyform-…`` keywords."""


@cache
def definition_schema(kind: str) -> Schema:
    """The emitted schema of one kind of definition: ``invoice``, ``customer``, ``product``, ….

    Raises:
        Failure: the schemas have not been emitted.
    """
    path = data.schemas() / f"{kind}.schema.json"
    try:
        schema: Schema = json.loads(path.read_bytes())
    except OSError as error:
        raise failure(
            "schemas-missing", f"the schema {path.name} cannot be read: {error.strerror}"
        ) from error
    return schema


def leaves(schema: Schema, value: YamlValue) -> Iterator[tuple[Path, Schema, YamlValue]]:
    """Every scalar and natural key in ``value`` that ``schema`` knows, with its path and its own schema."""
    waiting: list[tuple[Path, Schema, YamlValue]] = [((), schema, value)]
    while waiting:
        path, schema, value = waiting.pop()
        if isinstance(value, dict) and "properties" in schema and "x-pennyform-key" not in schema:
            known = schema["properties"]
            for name, member in value.items():
                if isinstance(known.get(name), dict):
                    waiting.append(((*path, name), known[name], member))
        elif isinstance(value, list) and "items" in schema:
            items = schema["items"]
            waiting += [((*path, index), items, item) for index, item in enumerate(value)]
        else:
            yield path, schema, value
