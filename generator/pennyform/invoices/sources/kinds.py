"""What a file declares, and whether that can be told before it is parsed."""

from __future__ import annotations

from typing import Any

from pennyform.invoices.sources.discover import Source
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.reader import read_bytes

KINDS = ("invoice", "customer", "product", "invoice-template")
_KINDS_OF_INVOICES = ("imported_invoice", "credit_note")

# Fields that tell what a file declares when neither its folder nor the file itself says so.
_TELLING = {
    "invoice_lines": "invoice",
    "customer": "invoice",
    "template": "invoice",
    "for_each": "invoice",
    "billing_address": "customer",
    "price_before_tax": "product",
    "parameters": "invoice-template",
    "extends": "invoice-template",
}

# Without any of these an unparsed file outside the special folders can only be an invoice. A backslash may
# spell a key in escapes.
_HINTS = (b"kind", b"billing_address", b"price_before_tax", b"parameters", b"extends", b"\\")


def kind_of(source: Source, document: Document) -> str:
    """What a file declares: it says so itself, or its folder does, or else its fields do."""
    value = document.value if isinstance(document.value, dict) else {}
    stated = value.get("kind")
    if stated in KINDS:
        return str(stated)
    if stated in _KINDS_OF_INVOICES:
        return "invoice"
    if source.kind:
        return source.kind
    return next((kind for field, kind in _TELLING.items() if field in value), "invoice")


def is_surely_an_invoice(source: Source) -> bool:
    """Whether a file declares an invoice, whatever it turns out to say in detail."""
    if source.kind:
        return False
    content, _ = read_bytes(source.path, source.name)
    return content is None or not any(hint in content for hint in _HINTS)


def written_as(value: Any) -> str:
    """The name of the schema for an invoice definition: created or imported, one invoice or many."""
    stated = value if isinstance(value, dict) else {}
    imported = "file" in stated or stated.get("kind") == "imported_invoice"
    way = "imported-invoice" if imported else "invoice"
    return f"definitions/{way}{'-series' if 'for_each' in stated else ''}"
