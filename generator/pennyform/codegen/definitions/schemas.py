"""The JSON Schemas of definitions: the contract's request schemas plus a small declared mapping.

What an author may write in an invoice, a customer or a product is derived from what the API accepts;
``templates/definitions/*.yaml`` declares only the differences (natural keys for ids, added keys, fields that
pennyform sets itself, words for editors). Besides validating, the emitted schemas carry the mapping for the
tool at run time: ``x-pennyform`` at the root, ``x-pennyform-key`` at a natural key, ``x-pennyform-added`` at
a key of pennyform's own, ``x-pennyform-after-finalizing`` at what a draft may not carry.

An invoice is written in four ways: created or imported, one or many at a time. Each way has a schema of its
own under ``schemas/definitions``; ``invoice.schema.json`` is all of them in one, for editors. Under
``schemas/templates`` there is one for the definitions that use each built-in template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pennyform import data
from pennyform.codegen.definitions.added_keys import added
from pennyform.codegen.definitions.editors import for_editors, meanings
from pennyform.codegen.definitions.expressions import with_expressions
from pennyform.codegen.definitions.fields import Fields, Schema, UnsupportedShapeError
from pennyform.codegen.definitions.requests import body
from pennyform.codegen.definitions.template_schemas import read_templates, template_schema
from pennyform.spec import Contract

__all__ = ["UnsupportedShapeError", "emit"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_KINDS = ("customer", "product", "pennyform")
_WAYS = ("invoice", "imported-invoice")


def emit(contract: Contract, mappings: Path | None = None, templates: Path | None = None) -> dict[str, bytes]:
    """The schemas of all kinds of definitions.

    Args:
        contract: the normalised contract.
        mappings: the folder of declared mappings; the project's own when left out.
        templates: the folder of invoice templates that come with pennyform; the project's own when left out.

    Returns:
        Bytes by path below ``generated/``.

    Raises:
        UnsupportedShapeError: the contract has a union that the mapping does not tell apart.
        KeyError: the mapping names an operation that the contract does not have.
    """
    declared = _Mappings(mappings or data.templates() / "definitions", contract)
    emitted = {kind: declared.definition(kind) for kind in _KINDS}
    ways = {way: declared.definition(way) for way in _WAYS}
    many = {f"{way}-series": declared.series(schema) for way, schema in ways.items()}
    emitted |= {f"definitions/{name}": schema for name, schema in (ways | many).items()}
    emitted["invoice"] = _in_one(ways, many)
    emitted["invoice-template"] = declared.template(ways["invoice"])
    single, series = ways["invoice"], many["invoice-series"]
    for name, template in read_templates(templates or data.templates() / "invoices").items():
        emitted[f"templates/{name}"] = template_schema(single, series, name, template)
    codes = meanings(contract)
    # Not where only the tool looks, nor in the settings, which the tool reads at every start.
    shown = {
        kind: for_editors(schema, codes)
        for kind, schema in emitted.items()
        if kind != "pennyform" and not kind.startswith("definitions/")
    }
    return {f"schemas/{kind}.schema.json": _written(schema) for kind, schema in (emitted | shown).items()}


def _written(schema: Schema) -> bytes:
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


class _Mappings:
    """The declared mappings, applied to one contract."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder = folder
        self._contract = contract
        self._components = contract.document.get("components", {}).get("schemas", {})

    def definition(self, kind: str) -> Schema:
        """The schema of ``kind`` by the mapping of that name."""
        mapping = self._read(kind)
        fields = Fields(self._components, mapping)
        return _assembled(kind, mapping, body(fields, mapping, self._contract), fields)

    def series(self, single: Schema) -> Schema:
        """The schema of a definition that gives many invoices of the way that ``single`` describes."""
        mapping = self._read("invoice-series")
        loose = with_expressions(single, self._added(mapping, "added_to_items"))
        literal = {
            name: single["properties"][name] for name in mapping["literal"] if name in single["properties"]
        }
        properties = {**self._added(mapping)[""], **loose["properties"], **literal}
        keywords = (
            "$schema",
            "x-pennyform",
            "type",
            "additionalProperties",
            "if",
            "then",
            "else",
            "required",
        )
        kept = {name: single[name] for name in keywords if name in single}
        words = {"title": f"{single['title']} for each row", "description": mapping["description"]}
        return {**kept, **words, "properties": properties}

    def template(self, single: Schema) -> Schema:
        """The schema of a template: its parameters, and any part of an invoice with expressions in it."""
        mapping = self._read("invoice-template")
        part = {
            name: schema for name, schema in single["properties"].items() if name not in mapping["undecided"]
        }
        loose = with_expressions(
            {"type": "object", "properties": part}, self._added(mapping, "added_to_items")
        )
        fields = Fields(self._components, mapping)
        whole = _assembled("invoice-template", mapping, body(fields, mapping, self._contract), fields)
        whole["properties"]["invoice"] = fields.worded(loose, "", "invoice")
        return whole

    def _read(self, kind: str) -> dict[str, Any]:
        mapping: dict[str, Any] = yaml.safe_load((self._folder / f"{kind}.yaml").read_text(encoding="utf-8"))
        base = mapping.get("based_on")
        if base:
            shared = self._read(base["mapping"])
            mapping["added"] |= {name: shared["added"][name] for name in base["shares"]}
            mapping |= {
                name: shared[name] | mapping.get(name, {}) for name in ("keys", "words", "order_within")
            }
        return mapping

    def _added(self, mapping: Mapping[str, Any], name: str = "") -> dict[str, dict[str, Schema]]:
        """The added fields that ``mapping`` declares under ``name`` by path, or at the top."""
        fields = Fields(self._components, mapping)
        places = mapping.get(name, {}) if name else {"": mapping["added"]}
        return {
            path: {field: added(fields, field, declared) for field, declared in members.items()}
            for path, members in places.items()
        }


def _assembled(kind: str, mapping: Mapping[str, Any], derived: Schema, fields: Fields) -> Schema:
    sets = mapping.get("sets", {})
    properties = {name: schema for name, schema in derived["properties"].items() if name not in sets}
    properties |= {name: added(fields, name, schema) for name, schema in mapping["added"].items()}
    required = [name for name in derived["required"] if name not in sets]
    required = list(dict.fromkeys([*mapping["required"], *required]))
    order = {name: place for place, name in enumerate(mapping.get("order", ()))}
    ordered = sorted(properties, key=lambda name: order.get(name, len(order)))
    return {
        "$schema": _DRAFT,
        "title": mapping["title"],
        "description": mapping["description"],
        "x-pennyform": _for_the_tool(kind, mapping),
        **{name: value for name, value in derived.items() if name not in ("properties", "required")},
        "properties": {name: properties[name] for name in ordered},
        **_required(required, mapping),
    }


def _required(required: list[str], mapping: Mapping[str, Any]) -> Schema:
    if "required_with_template" not in mapping:
        return {"required": required}
    return {
        "if": {"required": ["template"]},
        "then": {"required": mapping["required_with_template"]},
        "else": {"required": required},
    }


def _for_the_tool(kind: str, mapping: Mapping[str, Any]) -> Schema:
    names = ("operation", "operations", "told_apart_by", "default", "sets")
    return {"kind": kind, **{name: mapping[name] for name in names if name in mapping}}


def _in_one(ways: Mapping[str, Schema], many: Mapping[str, Schema]) -> Schema:
    """All ways of writing an invoice; editors follow the one whose telling keys are there."""
    created, imported = ways.values()
    telling = {
        "for_each": many["invoice-series"]["properties"]["for_each"],
        "file": imported["properties"]["file"],
    }
    head = {name: created[name] for name in ("$schema", "title", "description")}
    return {
        **head,
        "x-pennyform": {"kind": "invoice"},
        "type": "object",
        "if": {"required": ["for_each"]},
        "then": _created_or_imported(many, telling),
        "else": _created_or_imported(ways, telling),
    }


def _created_or_imported(ways: Mapping[str, Schema], telling: Mapping[str, Schema]) -> Schema:
    says_so = {"required": ["kind"], "properties": {"kind": {"const": "imported_invoice"}}}
    otherwise, then = (_part(schema, telling) for schema in ways.values())
    return {"if": {"anyOf": [{"required": ["file"]}, says_so]}, "then": then, "else": otherwise}


def _part(schema: Schema, telling: Mapping[str, Schema]) -> Schema:
    """``schema`` with the keys that lead to another way, so that editors offer them here as well."""
    kept = {name: value for name, value in schema.items() if name not in ("$schema", "x-pennyform")}
    return {**kept, "properties": {**schema["properties"], **telling}}
