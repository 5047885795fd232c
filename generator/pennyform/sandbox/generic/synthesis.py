"""An answer from its schema: what is known of a record where it fits, and something that conforms elsewhere.

Nothing is made up that could be looked up: references lead to records, links to where the record is, and
amounts follow from those that were given. What nobody said is null, empty or zero.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pennyform.sandbox.generic.naming import collection_of
from pennyform.sandbox.generic.schema_variants import SchemaVariant
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.money import currencies
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import is_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import AnyRecord, RecordBody

# Not None, which says that it is known to be absent.
_UNKNOWN: Json = object()
# Amounts are text to the contract, mostly without a pattern: an empty one would conform, but be no number.
_AMOUNT = re.compile(r"(.*_)?(amount|amount_before_tax|tax|balance|debit|credit|fee|quantity|price)s?")
_FILE_OBJECTS = frozenset({"attachment", "purchase_order"})
_FILE_FIELDS = _FILE_OBJECTS | {"public_file_url", "file_url", "source_file_url", "filename"}


def synthesize(
    context: RequestContext, variant: SchemaVariant, record: AnyRecord, computed: JsonObject
) -> JsonObject:
    """A record as the schema has it.

    Args:
        context: gives links and looks records up.
        variant: of the answer, or of an item of it.
        record: any record.
        computed: fields that take precedence over what the record stores.
    """
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
        return self._placeholder(name, variants[0])

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

    def _placeholder(self, name: str, variant: SchemaVariant) -> Json:
        """A value that conforms when nothing is known."""
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
    rate = currencies.exchange_rate(known.get("currency") or "EUR")
    if name == "exchange_rate":
        return format_amount(rate)
    if name in ("amount", "tax") and is_decimal(str(known.get(f"currency_{name}", ""))):
        return format_amount(round_half_up(Decimal(known[f"currency_{name}"]) * rate, 2))
    with_tax, tax = (str(known.get(part, "")) for part in ("currency_amount", "currency_tax"))
    if name == "currency_amount_before_tax" and is_decimal(with_tax) and is_decimal(tax):
        return format_amount(Decimal(with_tax) - Decimal(tax))
    return _UNKNOWN
