"""Braces that are no expressions: reported where nothing is computed, escaped to be printed as they are."""

from __future__ import annotations

import re

from pennyform.findings import Finding
from pennyform.invoices.yaml.document import Document, Path, YamlValue

BRACES = re.compile("[{}]+")


def literal_expressions(document: Document, at: Path, where: str) -> list[Finding]:
    """Each text of ``document`` below ``at`` that looks like an expression, where none is evaluated.

    ``where`` names that part of the document, in words.
    """
    value = document.value
    for step in at:
        value = value[step]
    if isinstance(value, dict | list):
        steps = value if isinstance(value, dict) else range(len(value))
        return [finding for step in steps for finding in literal_expressions(document, (*at, step), where)]
    if not isinstance(value, str) or "{{" not in value:
        return []
    summary = f"`{value[:60]}` is no expression here: nothing is computed in {where}"
    return [document.finding("expression", summary, at, fix="write the value itself")]


def escape_braces(value: YamlValue) -> YamlValue:
    """``value`` with every brace in its texts written as an expression that gives it."""
    if isinstance(value, dict):
        return {name: escape_braces(member) for name, member in value.items()}
    if isinstance(value, list):
        return [escape_braces(entry) for entry in value]
    if not isinstance(value, str) or not BRACES.search(value):
        return value
    # Jinja drops a line feed at the end of a text, and none inside an expression.
    return re.sub(r"[{}]+|\n\Z", r"{{ '\g<0>' }}", value)
