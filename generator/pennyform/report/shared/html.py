"""Pages that stand alone: one file, nothing loaded from anywhere, no script, and a policy that says so.

What comes from definitions and from the account is text, never markup: Jinja escapes every value.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.report.shared.formatting import format_pointer, format_value
from pennyform.report.shared.number_format import amount, rounded
from pennyform.text import html_text


def page(template: str, **context: Any) -> str:
    """A whole document, with a line feed at its end; the same context always gives the same bytes.

    Args:
        template: its name in ``templates/report``.
        context: what the template names.
    """
    environment = _environment()
    # The page's policy names its style sheet by its hash, so that no other is applied.
    style = environment.get_template("style.css").render()
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = environment.get_template(template).render(style_hash=style_hash, **context)
    return text.rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(data.templates() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: html_text(value) if type(value) is str else value,
    )
    made.filters.update(amount=amount, rounded=rounded, pointer=format_pointer, words=format_value)
    return made
