"""What a file declares, and whether that can be told before it is parsed."""

from __future__ import annotations

from pennyform.invoices.sources.source_file import Source
from pennyform.invoices.yaml.document import Document, YamlValue

KINDS = ("invoice", "customer", "product", "invoice-template")
_KINDS_OF_INVOICES = ("imported_invoice", "credit_note")

# Fields that tell what a file declares when neither its folder nor the file itself says so.
_KIND_BY_FIELD = {
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
    kind = value.get("kind")
    if kind in KINDS:
        return str(kind)
    if kind in _KINDS_OF_INVOICES:
        return "invoice"
    if source.kind:
        return source.kind
    return next((kind for field, kind in _KIND_BY_FIELD.items() if field in value), "invoice")


def is_surely_an_invoice(source: Source, content: bytes | None) -> bool:
    """Whether a file declares an invoice, or cannot be read, whatever it turns out to say in detail."""
    return not source.kind and (content is None or not any(hint in content for hint in _HINTS))


def definition_schema_name(value: YamlValue) -> str:
    """The name of the schema for an invoice definition: created or imported, one invoice or many."""
    fields = value if isinstance(value, dict) else {}
    is_imported = "file" in fields or fields.get("kind") == "imported_invoice"
    name = "imported-invoice" if is_imported else "invoice"
    return f"definitions/{name}{'-series' if 'for_each' in fields else ''}"
