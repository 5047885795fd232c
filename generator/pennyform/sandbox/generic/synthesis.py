"""Records of resources without own rules: names, and values that nobody sent.

Nothing is made up that could be looked up: references lead to records, links to where the record is, and
amounts follow from those that were given. What nobody said is null, empty or zero.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import is_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import AnyRecord, RecordBody

Action = Literal["list", "get", "create", "update", "delete"]

_BASE = "/api/external/v2/"
# Collections whose singular the rule below would miss.
_IRREGULAR = {"appendices": "appendix", "e-invoices": "e_invoice"}
# What is imported is a resource of the collection that the import stands below.
_IMPORTS = frozenset({"import", "imports", "e_invoices"})
_BY_ID: dict[str, Action] = {"GET": "get", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class ResourceAction:
    """What an operation does, and to which kind of record.

    ``owner`` and ``parameter`` name the record that the path leads through, when it leads through one. A
    ``PUT`` below a record (``/supplier_invoices/{id}/payment_status``) updates that record: it is the owner,
    and the kind too.
    """

    action: Action
    kind: str
    owner: str = ""
    parameter: str = ""


def kind_of(collection: str) -> str:
    """``ledger_entries`` → ``ledger_entry``."""
    if collection in _IRREGULAR:
        return _IRREGULAR[collection]
    if collection.endswith("ies"):
        return f"{collection[:-3]}y"
    return collection.removesuffix("s")


def collection_of(kind: str) -> str:
    """``ledger_entry`` → ``ledger_entries``."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def parse_operation(operation: Operation) -> ResourceAction:
    """Read an operation's action and kind from its method and path."""
    segments = operation.path.removeprefix(_BASE).split("/")
    if segments[-1].startswith("{"):
        return ResourceAction(_BY_ID[operation.method], kind_of(segments[-2]))
    owner, parameter = "", ""
    for index, segment in enumerate(segments):
        if segment.startswith("{"):
            owner, parameter = kind_of(segments[index - 1]), segment.strip("{}")
            break
    if operation.method == "PUT":
        return ResourceAction("update", owner, owner, parameter)
    names = [segment for segment in segments if segment not in _IMPORTS] or segments
    action: Action = "list" if operation.method == "GET" else "create"
    return ResourceAction(action, kind_of(names[-1]), owner, parameter)


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
# None is a value that a schema can offer.
_NO_DEFAULT: Json = object()
# Not None, which says that it is known to be absent.
_UNKNOWN: Json = object()
# Amounts are text to the contract, mostly without a pattern: an empty one would conform, but be no number.
_AMOUNT = re.compile(r"(.*_)?(amount|amount_before_tax|tax|balance|debit|credit|fee|quantity|price)s?")
_FILE_OBJECTS = frozenset({"attachment", "purchase_order"})
_FILE_FIELDS = _FILE_OBJECTS | {"public_file_url", "file_url", "source_file_url", "filename"}


@dataclass(frozen=True, slots=True, eq=False)
class SchemaVariant:
    """One alternative of a schema.

    ``properties`` is None but for objects, ``item`` is empty but for arrays; ``default`` is what the schema
    itself offers when nothing is known (its constant, its default, its first value).
    """

    types: tuple[str, ...]
    accepted: tuple[type, ...]
    values: tuple[Json, ...]
    pattern: re.Pattern[str] | None
    properties: Mapping[str, tuple[SchemaVariant, ...]] | None
    item: tuple[SchemaVariant, ...]
    default: Json
    format: str
    minimum: int
    non_empty: bool

    def fits(self, value: Json) -> bool:
        """Whether a value is of the variant's type, one of its values, and of its pattern."""
        if isinstance(value, bool):
            return "boolean" in self.types
        if not isinstance(value, self.accepted):
            return False
        if self.values and value is not None and value not in self.values:
            return False
        return self.pattern is None or not isinstance(value, str) or bool(self.pattern.search(value))

    @property
    def has_default(self) -> bool:
        """Whether the schema offers a value."""
        return self.default is not _NO_DEFAULT


@cache
def record_variant(operation: Operation) -> SchemaVariant | None:
    """The schema of a record in an operation's answer, or in the list that it is; None without a body."""
    if operation.response_schema is None:
        return None
    answer = _read_variants(operation.response_schema, operation.response_schema)[0]
    if answer.properties and "next_cursor" in answer.properties:
        (items,) = answer.properties["items"]
        return items.item[0]
    return answer


def _read_variants(document: JsonObject, schema: JsonObject) -> tuple[SchemaVariant, ...]:
    """Every variant that a schema allows, references and alternatives resolved; null comes first."""
    schema = resolve_reference(document, schema)
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    if alternatives is not None:
        variants = [variant for inner in alternatives for variant in _read_variants(document, inner)]
        return tuple(sorted(variants, key=lambda variant: not variant.fits(None)))
    declared = schema.get("type", [*_PYTHON_TYPES, "boolean"])
    types = tuple(declared) if isinstance(declared, list) else (declared,)
    properties = schema.get("properties", {})
    values = tuple(schema.get("enum", ()))
    variant = SchemaVariant(
        types=types,
        accepted=tuple(kind for name in types for kind in _PYTHON_TYPES.get(name, ())),
        values=values,
        pattern=re.compile(schema["pattern"]) if "pattern" in schema else None,
        properties={name: _read_variants(document, inner) for name, inner in properties.items()} or None,
        item=_read_variants(document, schema["items"]) if "items" in schema else (),
        default=schema.get("const", schema.get("default", next(iter(values), _NO_DEFAULT))),
        format=schema.get("format", ""),
        minimum=schema.get("minimum", 0),
        non_empty=bool(schema.get("minLength")),
    )
    return (variant,)


def synthesize(
    context: RequestContext, variant: SchemaVariant, record: AnyRecord, computed: JsonObject
) -> JsonObject:
    """A record as the schema has it; ``computed`` fields take precedence over those that it stores."""
    stored = record.body.fields() if isinstance(record.body, RecordBody) else record.body
    stamps = {"id": record.id, "created_at": record.created_at, "updated_at": record.updated_at}
    fields = {**stored, **stamps, **computed}
    if record.reference is not None:
        fields["external_reference"] = record.reference
    # Some answers wrap the record in its own name.
    return _Synthesis(context, record).fill_object(variant, {record.kind: fields, **fields})


@dataclass(frozen=True, slots=True)
class _Synthesis:
    context: RequestContext
    record: AnyRecord

    def fill_object(self, variant: SchemaVariant, known: JsonObject) -> JsonObject:
        """An object that conforms, from what is known of it."""
        answer = {}
        for name, variants in (variant.properties or {}).items():
            value = known.get(name, _UNKNOWN)
            if value is _UNKNOWN:
                value = self._look_up(name, known)
            answer[name] = self._fill_property(name, variants, value)
        return answer

    def _fill_property(self, name: str, variants: Sequence[SchemaVariant], value: Json) -> Json:
        for reading in _readings(value):
            for variant in variants:
                if variant.fits(reading):
                    return self._fill_value(variant, reading)
        # A value that conforms when nothing is known.
        variant = variants[0]
        if variant.fits(None):
            return None
        if variant.has_default:
            return variant.default
        own_url = self.context.url(collection_of(self.record.kind), self.record.id)
        if "object" in variant.types:
            return self.fill_object(variant, {"id": self.record.id, "url": f"{own_url}/{name}"})
        if "string" in variant.types:
            return self._placeholder_text(name, variant, own_url)
        number = self.record.id if name == "id" else variant.minimum
        return {"array": [], "boolean": False}.get(variant.types[0], number)

    def _fill_value(self, variant: SchemaVariant, value: Json) -> Json:
        """A value that fits, and everything below it."""
        if isinstance(value, dict) and variant.properties:
            return self.fill_object(variant, value)
        if isinstance(value, list) and variant.item:
            return [self._fill_value(variant.item[0], item) for item in value]
        return value

    def _look_up(self, name: str, known: JsonObject) -> Json:
        """A value that follows from other things that are known, or ``_UNKNOWN``."""
        attachment = known.get("file_attachment_id")
        if attachment and name in _FILE_FIELDS:
            filename = self.context.find("file_attachment", attachment).body["filename"]
            link = self.context.public_url("file_attachment", attachment, filename)
            if name in _FILE_OBJECTS:
                return {"filename": filename, "url": link}
            return filename if name == "filename" else link
        identifier = known.get(f"{name}_id")
        if identifier:
            record = self.context.records.get(name, identifier)
            url = self.context.url(collection_of(name), identifier)
            return {**(record.body if record else {}), "id": identifier, "url": url}
        return _compute_amount(name, known)

    def _placeholder_text(self, name: str, variant: SchemaVariant, own_url: str) -> str:
        by_format = {
            "date": self.record.created_at[:10],
            "date-time": self.record.created_at,
            "uri": own_url,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{self.record.id}")),
        }
        if variant.format in by_format:
            return by_format[variant.format]
        if name == "url":
            return own_url
        if _AMOUNT.fullmatch(name):
            return "0.0"
        return name if variant.non_empty else ""


def _readings(value: Json) -> Sequence[Json]:
    """A value, and a number as the text that the API writes amounts as."""
    if value is _UNKNOWN:
        return ()
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return (value, format_amount(Decimal(value)))
    return (value,)


def _compute_amount(name: str, known: JsonObject) -> Json:
    """Euros from the currency's amount, the rate from the currency, an amount before tax from the others."""
    rate = rates.exchange_rate(known.get("currency") or "EUR")
    if name == "exchange_rate":
        return format_amount(rate)
    if name in ("amount", "tax") and is_decimal(str(known.get(f"currency_{name}", ""))):
        return format_amount(round_half_up(Decimal(known[f"currency_{name}"]) * rate, 2))
    with_tax, tax = (str(known.get(part, "")) for part in ("currency_amount", "currency_tax"))
    if name == "currency_amount_before_tax" and is_decimal(with_tax) and is_decimal(tax):
        return format_amount(Decimal(with_tax) - Decimal(tax))
    return _UNKNOWN
