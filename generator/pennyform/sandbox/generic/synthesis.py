"""An answer from its schema: what is known of a record where it fits, and something that conforms elsewhere.

Nothing is made up that could be looked up: references lead to records, links to where the record is, and
amounts follow from those that were given. What nobody said is null, empty or zero.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pennyform.sandbox.generic.naming import collection_of
from pennyform.sandbox.generic.schema_forms import Form
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import is_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_UNKNOWN: Any = object()
_AMOUNT = re.compile(r"(.*_)?(amount|amount_before_tax|tax|balance|debit|credit|fee|quantity|price)s?")
_FILES = frozenset({"attachment", "purchase_order"})
_OF_FILES = _FILES | {"public_file_url", "file_url", "source_file_url", "filename"}


def show(context: RequestContext, form: Form, record: JsonRecord, **known: Any) -> Any:
    """A record as the form has it.

    Args:
        context: gives links and looks records up.
        form: of the answer, or of an item of it.
        record: any record.
        known: goes before what the record keeps.
    """
    stamps = {"id": record.id, "created_at": record.created_at, "updated_at": record.updated_at}
    found = {**record.body, **stamps, **known}
    if record.reference is not None:
        found["external_reference"] = record.reference
    # Some answers wrap the record in its own name.
    return _Synthesis(context, record).fill(form, {record.kind: found, **found})


@dataclass(frozen=True, slots=True)
class _Synthesis:
    context: RequestContext
    record: JsonRecord

    def fill(self, form: Form, known: Mapping[str, Any]) -> dict[str, Any]:
        """An object of a form, from what is known of it."""
        properties = form.properties or {}
        return {name: self._property(name, forms, known) for name, forms in properties.items()}

    def _property(self, name: str, forms: Sequence[Form], known: Mapping[str, Any]) -> Any:
        found = known.get(name, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._looked_up(name, known)
        for value in _readings(found):
            for form in forms:
                if form.fits(value):
                    return self._filled(form, value)
        return self._nothing(name, forms[0])

    def _filled(self, form: Form, value: Any) -> Any:
        """A value that fits its form, and everything below it."""
        if isinstance(value, dict) and form.properties:
            return self.fill(form, value)
        if isinstance(value, list) and form.item:
            return [self._filled(form.item[0], one) for one in value]
        return value

    def _looked_up(self, name: str, known: Mapping[str, Any]) -> Any:
        """What follows from other things that are known."""
        attachment = known.get("file_attachment_id")
        if attachment and name in _OF_FILES:
            return self._file(name, attachment)
        identifier = known.get(f"{name}_id")
        if identifier:
            return self._reference(name, identifier)
        return _amount(name, known)

    def _reference(self, name: str, identifier: int) -> dict[str, Any]:
        found = self.context.records.get(name, identifier)
        body = found.body if found else {}
        return {**body, "id": identifier, "url": self.context.url(collection_of(name), identifier)}

    def _file(self, name: str, attachment: int) -> Any:
        filename = self.context.find("file_attachment", attachment).body["filename"]
        link = self.context.public_url("file_attachment", attachment, filename)
        if name in _FILES:
            return {"filename": filename, "url": link}
        return filename if name == "filename" else link

    def _nothing(self, name: str, form: Form) -> Any:
        """What conforms when nothing is known."""
        if form.fits(None):
            return None
        if form.has_fallback:
            return form.fallback
        own = self.context.url(collection_of(self.record.kind), self.record.id)
        if "object" in form.types:
            return self.fill(form, {"id": self.record.id, "url": f"{own}/{name}"})
        if "string" in form.types:
            return self._text(name, form, own)
        number = self.record.id if name == "id" else form.minimum
        return {"array": [], "boolean": False}.get(form.types[0], number)

    def _text(self, name: str, form: Form, own: str) -> str:
        by_format = {
            "date": self.record.created_at[:10],
            "date-time": self.record.created_at,
            "uri": own,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{self.record.id}")),
        }
        if form.format in by_format:
            return by_format[form.format]
        if name == "url":
            return own
        if _AMOUNT.fullmatch(name):
            return "0.0"
        return name if form.non_empty else ""


def _readings(value: Any) -> Sequence[Any]:
    """A value, and a number as the text that the API writes amounts as."""
    if value is _UNKNOWN:
        return ()
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return (value, money.text(Decimal(value)))
    return (value,)


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
