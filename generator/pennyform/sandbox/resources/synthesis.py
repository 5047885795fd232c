"""An answer from its schema: what is known of a record where it fits, and something that conforms elsewhere.

Nothing is made up that could be looked up: references lead to records, links to where the record is, and
amounts follow from those that were given. What nobody said is null, empty or zero.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pennyform.sandbox import currencies, money
from pennyform.sandbox.amounts import is_decimal
from pennyform.sandbox.books import Record
from pennyform.sandbox.call import Call
from pennyform.sandbox.contract import resolved
from pennyform.sandbox.resources.naming import collection_of

Schema = Mapping[str, Any]

_UNKNOWN: Any = object()
_AMOUNT = re.compile(r"(.*_)?(amount|amount_before_tax|tax|balance|debit|credit|fee|quantity|price)s?")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_FILES = frozenset({"attachment", "purchase_order"})
_FILE_LINKS = frozenset({"public_file_url", "file_url", "source_file_url"})


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Shows records of one answer.

    Args:
        call: gives links and looks records up.
        document: the answer's schema, in which references are resolved.
    """

    call: Call
    document: dict[str, Any]

    def show(self, schema: Schema, record: Record, **known: Any) -> Any:
        """A record as the schema has it; ``known`` goes before what the record keeps."""
        stamps = {"id": record.id, "created_at": record.created_at, "updated_at": record.updated_at}
        found = {**record.body, **stamps, **known}
        if record.reference is not None:
            found["external_reference"] = record.reference
        # Some answers wrap the record in its own name.
        return self._object(resolved(self.document, dict(schema)), {record.kind: found, **found}, record)

    def _object(self, schema: Schema, known: Mapping[str, Any], record: Record) -> dict[str, Any]:
        return {
            name: self._property(name, described, known, record)
            for name, described in schema["properties"].items()
        }

    def _property(self, name: str, schema: Schema, known: Mapping[str, Any], record: Record) -> Any:
        forms = self._forms(schema)
        found = known.get(name, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._looked_up(name, known)
        fitting = next((form for form in forms if _fits(form, found)), None)
        if fitting is None and isinstance(found, (int, Decimal)) and not isinstance(found, bool):
            found = money.text(Decimal(found))
            fitting = next((form for form in forms if _fits(form, found)), None)
        if fitting is None:
            return self._nothing(name, forms, record)
        return self._filled(fitting, found, record)

    def _filled(self, schema: Schema, found: Any, record: Record) -> Any:
        """A value that fits its schema, and everything below it."""
        if isinstance(found, dict) and "properties" in schema:
            return self._object(schema, found, record)
        if isinstance(found, list) and "items" in schema:
            item = resolved(self.document, schema["items"])
            return [self._filled(item, one, record) for one in found]
        return found

    def _forms(self, schema: Schema) -> list[dict[str, Any]]:
        """The forms a value may take, references and alternatives resolved; null comes first."""
        found = resolved(self.document, dict(schema))
        forms = [
            form
            for one in found.get("anyOf", found.get("oneOf", [found]))
            for form in ([found] if one is found else self._forms(one))
        ]
        return sorted(forms, key=lambda form: not _fits(form, None))

    def _looked_up(self, name: str, known: Mapping[str, Any]) -> Any:
        """What follows from other things that are known."""
        attachment = known.get("file_attachment_id")
        if attachment and (name in _FILES | _FILE_LINKS or name == "filename"):
            return self._file(name, attachment)
        identifier = known.get(f"{name}_id")
        if identifier:
            return self._reference(name, identifier)
        return _amount(name, known)

    def _reference(self, name: str, identifier: int) -> dict[str, Any]:
        found = self.call.books.get(name, identifier)
        body = found.body if found else {}
        return {**body, "id": identifier, "url": self.call.url(collection_of(name), identifier)}

    def _file(self, name: str, attachment: int) -> Any:
        filename = self.call.find("file_attachment", attachment).body["filename"]
        link = self.call.public_url("file_attachment", attachment, filename)
        if name in _FILES:
            return {"filename": filename, "url": link}
        return filename if name == "filename" else link

    def _nothing(self, name: str, forms: list[dict[str, Any]], record: Record) -> Any:
        """What conforms when nothing is known."""
        schema = forms[0]
        if _fits(schema, None):
            return None
        if "const" in schema or "enum" in schema or "default" in schema:
            return schema.get("const", schema.get("default", schema.get("enum", [None])[0]))
        own = f"{collection_of(record.kind)}/{record.id}"
        if schema.get("type") == "object":
            below = {"id": record.id, "url": self.call.url(f"{own}/{name}")}
            return self._object(schema, below, record)
        if schema.get("type") == "string":
            return _text(name, schema, record, self.call.url(own))
        number = record.id if name == "id" else schema.get("minimum", 0)
        return {"array": [], "boolean": False}.get(schema["type"], number)


def _fits(schema: Schema, value: Any) -> bool:
    """Whether a value is of a schema's type, one of its values, and of its pattern."""
    types = schema.get("type", list(_TYPES))
    names = types if isinstance(types, list) else [types]
    if not any(_is_a(value, name) for name in names):
        return False
    if value is not None and "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str) and "pattern" in schema:
        return re.search(schema["pattern"], value) is not None
    return True


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _amount(name: str, known: Mapping[str, Any]) -> Any:
    """Euros from the currency's amount, the rate from the currency, an amount before tax from the others."""
    rate = currencies.exchange_rate(known.get("currency") or "EUR")
    if name == "exchange_rate":
        return money.text(rate)
    if name in ("amount", "tax") and is_decimal(str(known.get(f"currency_{name}", ""))):
        return money.text(money.rounded(Decimal(known[f"currency_{name}"]) * rate, 2))
    parts = [str(known.get(part, "")) for part in ("currency_amount", "currency_tax")]
    if name == "currency_amount_before_tax" and all(map(is_decimal, parts)):
        return money.text(Decimal(parts[0]) - Decimal(parts[1]))
    return _UNKNOWN


def _text(name: str, schema: Schema, record: Record, link: str) -> str:
    by_format = {
        "date": record.created_at[:10],
        "date-time": record.created_at,
        "uri": link,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{record.id}")),
    }
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    if name == "url":
        return link
    if _AMOUNT.fullmatch(name):
        return "0.0"
    return "" if not schema.get("minLength") else name
