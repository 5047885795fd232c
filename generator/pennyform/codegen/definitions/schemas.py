"""The JSON Schemas of definitions: the contract's request schemas plus a small declared mapping.

What an author may write in an invoice, a customer or a product is derived from what the API accepts;
``templates/definitions/*.yaml`` declares only the differences (natural keys for ids, added keys, fields that
pennyform sets itself, words for editors). Besides validating, the emitted schemas carry the mapping for the
tool at run time: ``x-pennyform`` at the root, ``x-pennyform-key`` at a natural key, ``x-pennyform-added`` at
a key of pennyform's own, ``x-pennyform-after-finalizing`` at what a draft may not carry.

An invoice is written in four ways: created or imported, one or many at a time; a customer and a product in
two, one or many. Each way has a schema of its own under ``schemas/definitions``; ``invoice.schema.json``,
``customer.schema.json`` and ``product.schema.json`` are the ways of each in one, for editors. Under
``schemas/templates`` there is one for the definitions that use each built-in template.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pennyform import data
from pennyform.codegen import vat_rates
from pennyform.codegen.definitions.fields import Fields, UnsupportedShapeError, added_key
from pennyform.codegen.definitions.requests import derive_body
from pennyform.codegen.definitions.template_schemas import (
    computed_choice,
    editable_definition,
    read_templates,
    template_schema,
    with_expressions,
)
from pennyform.findings import Finding, Severity
from pennyform.spec import Contract
from pennyform.spec.document.json_types import Json, JsonObject, indented_json
from pennyform.spec.document.strict_yaml import load_yaml
from pennyform.spec.normaliser.contract import Schema

__all__ = ["UnsupportedShapeError", "emit"]

# Editors (yaml-language-server) understand draft-07 best, so definitions stay within it.
_DRAFT = "http://json-schema.org/draft-07/schema#"
_WAYS = ("invoice", "imported-invoice", "customer", "product")
# What the schema of one invoice and that of a series have in common, besides the fields.
_SERIES_KEYWORDS = frozenset(
    ["$schema", "x-pennyform", "type", "additionalProperties", "if", "then", "else", "required"]
)
_RENAMED = "Write that name to set the API's field: the name itself is a key of pennyform's."
_TOOL_KEYWORDS = ("operation", "operations", "told_apart_by", "default", "sets")


def emit(
    contract: Contract,
    mappings: Path | None = None,
    templates: Path | None = None,
    *,
    rates: Mapping[str, bytes] | None = None,
    warnings: list[Finding] | None = None,
) -> dict[str, bytes]:
    """The schemas of all kinds of definitions.

    Args:
        contract: the normalised contract.
        mappings: the folder of declared mappings; the project's own when left out.
        templates: the folder of invoice templates that come with pennyform; the project's own when left out.
        rates: what :func:`pennyform.codegen.vat_rates.emit` emits; it is called when left out.
        warnings: gets what changed names, and which optional fields take any value; without it, a shape that
            cannot be derived is an error.

    Returns:
        Bytes by path below ``generated/``.

    Raises:
        UnsupportedShapeError: the contract has a union that the mapping does not tell apart.
        KeyError: the mapping names an operation that the contract does not have.
    """
    folder = mappings or data.templates() / "definitions"
    emitted_rates = vat_rates.emit(contract, warnings=warnings) if rates is None else rates
    refused = vat_rates.codes_without_rule(contract, emitted_rates)
    declared = _Mappings(folder, contract, lenient=warnings is not None, refused=refused)
    schemas = {"pennyform": declared.definition("pennyform")}
    single = {way: declared.definition(way) for way in _WAYS}
    series = {f"{way}-series": declared.series(schema) for way, schema in single.items()}
    schemas |= {f"definitions/{name}": schema for name, schema in (single | series).items()}
    # The tool validates the results of expressions; editors see the expressions.
    if warnings is not None:
        warnings += declared.warnings
    edited = {way: editable_definition(schema) for way, schema in single.items()}
    schemas["invoice"] = _ways_of_an_invoice(edited, series)
    for kind in ("customer", "product"):
        schemas[kind] = _one_or_many(kind, edited[kind], series[f"{kind}-series"])
    schemas["invoice-template"] = declared.template(single["invoice"])
    for name, template in read_templates(templates or data.templates() / "invoices").items():
        schemas[f"templates/{name}"] = template_schema(
            single["invoice"], series["invoice-series"], name, template
        )
    meanings = _vat_code_meanings(emitted_rates)
    for kind, schema in schemas.items():
        # Not where only the tool looks, nor in the settings, which the tool reads at every start.
        if kind != "pennyform" and not kind.startswith("definitions/"):
            schemas[kind] = _annotate(schema, meanings)
    return {f"schemas/{kind}.schema.json": indented_json(schema) for kind, schema in schemas.items()}


class _Mappings:
    """The declared mappings, applied to one contract."""

    def __init__(self, folder: Path, contract: Contract, *, lenient: bool, refused: Collection[str]) -> None:
        self.warnings: list[Finding] = []
        self._lenient = lenient
        self._refused = refused
        self._folder = folder
        self._contract = contract
        self._read_before: dict[str, JsonObject] = {}

    def definition(self, kind: str) -> Schema:
        """The schema of ``kind`` by the mapping of that name."""
        return self._assemble(kind, self._read(kind))

    def series(self, single: Schema) -> Schema:
        """The schema of a definition that gives many of what ``single`` describes."""
        mapping = self._read("series")
        evaluated = with_expressions(single, self._added_to_items(mapping))
        literal = {
            name: single["properties"][name] for name in mapping["literal"] if name in single["properties"]
        }
        fields = Fields(self._contract.schemas, mapping)
        added = {name: added_key(fields, name, key) for name, key in mapping["added"].items()}
        return {
            **computed_choice({name: value for name, value in single.items() if name in _SERIES_KEYWORDS}),
            "title": f"{single['title']} for each row",
            "description": mapping["description"],
            "properties": {**added, **evaluated["properties"], **literal},
        }

    def template(self, single: Schema) -> Schema:
        """The schema of a template: its parameters, and any part of an invoice with expressions in it."""
        mapping = self._read("invoice-template")
        properties = {
            name: schema for name, schema in single["properties"].items() if name not in mapping["undecided"]
        }
        part = {"type": "object", "properties": properties}
        evaluated = with_expressions(part, self._added_to_items(mapping))
        schema = self._assemble("invoice-template", mapping)
        fields = Fields(self._contract.schemas, mapping)
        schema["properties"]["invoice"] = fields.add_words(evaluated, "", "invoice")
        return schema

    def _read(self, kind: str) -> JsonObject:
        if kind not in self._read_before:
            text = (self._folder / f"{kind}.yaml").read_text(encoding="utf-8")
            self._read_before[kind] = load_yaml(text)
        mapping = {**self._read_before[kind]}
        base = mapping.get("based_on")
        if base:
            shared = self._read(base["mapping"])
            mapping["added"] = mapping["added"] | {name: shared["added"][name] for name in base["shares"]}
            mapping |= {
                name: shared[name] | mapping.get(name, {}) for name in ("keys", "words", "order_within")
            }
        return mapping

    def _added_to_items(self, mapping: JsonObject) -> dict[str, dict[str, Schema]]:
        """The fields that ``mapping`` adds to the entries of lists, by the list's path."""
        fields = Fields(self._contract.schemas, mapping)
        return {
            path: {name: added_key(fields, name, key) for name, key in members.items()}
            for path, members in mapping.get("added_to_items", {}).items()
        }

    def _added_names(self, mapping: JsonObject) -> dict[str, set[str]]:
        """The names of all keys that ``mapping``, series or templates add, by the path of their object."""
        names = {"": {*mapping["added"], *self._read("series")["added"]}}
        for other in ("series", "invoice-template"):
            for path, added in self._read(other)["added_to_items"].items():
                names.setdefault(f"{path}[]", set()).update(added)
        return names

    def _assemble(self, kind: str, mapping: JsonObject) -> Schema:
        """The contract's fields in the words of definitions, with what the mapping adds and takes away."""
        fields = Fields(
            self._contract.schemas,
            mapping,
            self._added_names(mapping),
            lenient=self._lenient,
            refused=self._refused,
        )
        derived = derive_body(fields, mapping, self._contract)
        for path, name in fields.renamed.items():
            summary = f"the API's {path} is called `{name}` in definitions of kind {kind}"
            self.warnings.append(Finding("renamed-field", Severity.WARNING, summary, fix=_RENAMED))
        for reason in (fields.unchecked or {}).values():
            summary = f"definitions of kind {kind} take any value there: {reason}"
            self.warnings.append(Finding("unchecked-field", Severity.WARNING, summary))
        sets = mapping.get("sets", {})
        properties = {name: schema for name, schema in derived["properties"].items() if name not in sets}
        properties |= {name: added_key(fields, name, key) for name, key in mapping["added"].items()}
        required = [*mapping["required"], *(name for name in derived["required"] if name not in sets)]
        required = list(dict.fromkeys(required))
        order = {name: position for position, name in enumerate(mapping.get("order", ()))}
        demands: Schema = {"required": required}
        for name in ("template", "credit"):
            if f"required_with_{name}" in mapping:
                demands = {
                    "if": {"required": [name]},
                    "then": {"required": mapping[f"required_with_{name}"]},
                    "else": demands,
                }
        return {
            "$schema": _DRAFT,
            "title": mapping["title"],
            "description": mapping["description"],
            "x-pennyform": {
                "kind": kind,
                **{name: mapping[name] for name in _TOOL_KEYWORDS if name in mapping},
            },
            **{name: value for name, value in derived.items() if name not in ("properties", "required")},
            "properties": {
                name: properties[name]
                for name in sorted(properties, key=lambda name: order.get(name, len(order)))
            },
            **demands,
        }


def _one_or_many(kind: str, single: Schema, series: Schema) -> Schema:
    """Both ways of writing a customer or a product; editors follow the one whose telling key is there."""
    for_each = {"for_each": series["properties"]["for_each"]}
    return {
        **{name: single[name] for name in ("$schema", "title", "description")},
        "x-pennyform": {"kind": kind},
        "type": "object",
        "if": {"required": ["for_each"]},
        "then": _part(series, {}),
        "else": _part(single, for_each),
    }


def _part(schema: Schema, telling: Mapping[str, Schema]) -> Schema:
    """``schema`` as a part of one for editors: with the keys that lead to another way, to complete them."""
    keywords = {name: value for name, value in schema.items() if name not in ("$schema", "x-pennyform")}
    return {**keywords, "properties": {**schema["properties"], **telling}}


def _ways_of_an_invoice(single: Mapping[str, Schema], series: Mapping[str, Schema]) -> Schema:
    """All ways of writing an invoice; editors follow the one whose telling keys are there."""
    created, imported = single["invoice"], single["imported-invoice"]
    telling = {
        "for_each": series["invoice-series"]["properties"]["for_each"],
        "file": imported["properties"]["file"],
    }
    is_import = {"required": ["kind"], "properties": {"kind": {"const": "imported_invoice"}}}

    def created_or_imported(schemas: Mapping[str, Schema], suffix: str = "") -> Schema:
        otherwise, then = (
            _part(schemas[f"{way}{suffix}"], telling) for way in ("invoice", "imported-invoice")
        )
        return {"if": {"anyOf": [{"required": ["file"]}, is_import]}, "then": then, "else": otherwise}

    return {
        **{name: created[name] for name in ("$schema", "title", "description")},
        "x-pennyform": {"kind": "invoice"},
        "type": "object",
        "if": {"required": ["for_each"]},
        "then": created_or_imported(series, "-series"),
        "else": created_or_imported(single),
    }


def _vat_code_meanings(rates: Mapping[str, bytes]) -> dict[str, str]:
    """What each VAT code of the contract means, in a few words: ``20 %, FR, until 2025-12-31``."""
    emitted = rates.get(vat_rates.PATH)
    meanings = {}
    for rate in json.loads(emitted)["rates"] if emitted else []:
        percent = f"{rate['percent']} %" if rate["tax_on_document"] else "no tax on the document"
        until = f"until {rate['valid_until']}" if rate["valid_until"] else ""
        words = (percent, rate["country"], until, rate["note"])
        meanings[rate["vat_rate"]] = ", ".join(text for text in words if text)
    return meanings


def _annotate(schema: Json, meanings: Mapping[str, str]) -> Json:
    """``schema`` with the annotations that editors read besides ``title`` and ``description``.

    Args:
        schema: a definition schema.
        meanings: the meaning of each VAT code.
    """
    if isinstance(schema, list):
        return [_annotate(member, meanings) for member in schema]
    if not isinstance(schema, dict):
        return schema
    annotated = {name: _annotate(member, meanings) for name, member in schema.items()}
    description = annotated.get("description")
    if isinstance(description, str) and "`" in description:
        annotated["markdownDescription"] = description
    codes = annotated.get("enum")
    if isinstance(codes, list) and codes and all(code in meanings for code in codes if code is not None):
        annotated["markdownEnumDescriptions"] = [meanings.get(code, "") for code in codes]
    return annotated
