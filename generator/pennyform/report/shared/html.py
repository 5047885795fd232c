"""Pages that stand alone: one file, nothing loaded from anywhere, no script, and a policy that says so.

What comes from definitions and from the account is text, never markup: Jinja escapes every value.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pennyform import data
from pennyform.report.shared.formatting import format_pointer, format_value
from pennyform.report.shared.number_format import THIN_SPACE, amount, rounded


def page(template: str, **context: Any) -> str:
    """A whole document, with a line feed at its end; the same context always gives the same bytes.

    Args:
        template: its name in ``templates/report``.
        context: what the template names.
    """
    text = _environment().get_template(template).render(style_hash=_style_hash(), **context)
    return text.rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(data.templates() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.filters.update(amount=amount, rounded=rounded, pointer=format_pointer, words=format_value)
    return made


def _visible(given: Any) -> Any:
    """A text to fill in, without characters that hide, reverse or break what stands around them."""
    if not isinstance(given, str) or isinstance(given, Markup):
        return given
    return "".join(map(_shown, given))


def _shown(one: str) -> str:
    if one.isprintable() or one == THIN_SPACE:
        return one
    return " " if one.isspace() else "\N{REPLACEMENT CHARACTER}"


@cache
def _style_hash() -> str:
    """What the page's policy names its style sheet by: no other is applied."""
    style = _environment().get_template("style.css").render()
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
