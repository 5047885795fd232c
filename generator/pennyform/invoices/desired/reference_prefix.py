"""The prefix that a repository gives the references of its invoices."""

from __future__ import annotations

from pennyform.invoices.yaml.document import Document

_FIELDS = ("external_reference", "credit_note_of")


def prefixed(reference: str, prefix: str) -> str:
    """``reference`` with ``prefix`` before it, unless it begins with it already."""
    return reference if reference.startswith(prefix) else prefix + reference


def with_prefix(document: Document, prefix: str) -> Document:
    """``document`` with the prefix on its own reference and on that of the invoice it credits."""
    stated = {name: document.value.get(name) for name in _FIELDS} if prefix else {}
    full = {name: prefixed(value, prefix) for name, value in stated.items() if isinstance(value, str)}
    return (
        Document(document.file, {**document.value, **full}, document.marks, document.spoiled)
        if full
        else document
    )
