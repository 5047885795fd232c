"""A document as a page: one file, nothing loaded from anywhere, no script, and a policy that says so."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.documents.model import Document
from pennyform.documents.views.content import content
from pennyform.text import html_document, html_text


def render(document: Document, claims: Sequence[str]) -> str:
    """The page of ``document``, the same text for the same document.

    Args:
        document: what to show.
        claims: what the preview says of itself, at the end of the page.

    Raises:
        Failure: ``missing-extra``.
    """
    environment = _environment()
    style = "".join(environment.get_template(name).render() for name in ("base.css", "invoice.css"))
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.get_template("invoice.html")
    text = template.render(style=style, style_hash=style_hash, invoice=content(document, claims))
    return html_document(text.rstrip("\n")) + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([data.templates() / name for name in ("documents", "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: html_text(value) if type(value) is str else value,
    )
