"""Validation of definitions by their emitted JSON Schemas.

jsonschema-rs says yes or no. A definition that it rejects is explained by jsonschema, which also has the last
word: where it finds no error, there is no finding.
"""

from __future__ import annotations

from functools import cache

from jsonschema_rs import Draft7Validator

from pennyform.findings import Finding
from pennyform.invoices.model.pending_text import with_placeholders
from pennyform.invoices.schema.schema import Schema, definition_schema
from pennyform.invoices.yaml.document import Document


def compile_schema(schema: Schema) -> Draft7Validator:
    """The validator of a draft-07 schema. Formats are left to our own checks, which say more about a date."""
    return Draft7Validator(schema, validate_formats=False)


@cache
def validator(kind: str) -> Draft7Validator:
    """The validator of one kind of definition."""
    return compile_schema(definition_schema(kind))


def schema_errors(kind: str, document: Document) -> list[Finding]:
    """Everything in ``document`` that the schema of ``kind`` does not allow, each at its place.

    Raises:
        Failure: the schemas have not been emitted.
    """
    try:
        if validator(kind).is_valid(document.value):
            return []
    except ValueError:
        # Text with a lone surrogate, which Rust cannot hold, or text that waits for a number.
        if _is_valid_as_shown(kind, document):
            return []
    # Importing jsonschema takes 100 ms, which a valid file never pays.
    from pennyform.invoices.schema.errors import explain_errors

    return explain_errors(document, definition_schema(kind))


def _is_valid_as_shown(kind: str, document: Document) -> bool:
    """Whether ``document`` is valid with placeholders for the numbers that its texts wait for."""
    try:
        return validator(kind).is_valid(with_placeholders(document.value))
    except ValueError:
        return False
