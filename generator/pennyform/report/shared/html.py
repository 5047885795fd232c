"""Pages, and how amounts and days are printed on them.

A page stands alone: one file, nothing loaded from anywhere, no script, and a policy that says so.

What comes from definitions and from the account is text, never markup: Jinja escapes every value.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.report.shared.formatting import format_pointer, format_value
from pennyform.text import html_document, html_text

# Between groups of three digits, as French typography and SI want it; it never wraps.
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """When a page was made, by whom, and the commit of the definitions; None and "" where unknown."""

    moment: datetime | None = None
    person: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class PageHead:
    """What stands at the top and at the end of a page.

    Attributes:
        title: what the page is, such as ``Plan``.
        whose: the company, or how many there are.
        identity: what tells the company from others, such as its id.
        environment: of the account; "" where companies have several.
        source: what the page was made from.
        version: of pennyform.
        origin: when, by whom, from which commit.
    """

    title: str
    whose: str
    identity: str
    environment: str
    source: str
    version: str
    origin: PageOrigin = field(default_factory=PageOrigin)

    def facts(self) -> list[tuple[str, str]]:
        """What is known of its making: names and texts."""
        origin, moment = self.origin, self.origin.moment
        made = ""
        if moment:
            moment = moment.astimezone(UTC)
            made = f"{day(moment.date().isoformat())}, {moment:%H:%M} UTC"
        commit, _, dirty = origin.commit.partition("-")
        note = " and changes that are not committed" if dirty else ""
        facts = (("Made", made), ("By", origin.person), ("Commit", f"{commit[:12]}{note}"))
        return [(name, text) for name, text in facts if text]


def amount(value: str | Decimal) -> str:
    """An amount with its thousands apart and a real minus sign: ``-12 345.60``."""
    text = f"{value:f}" if isinstance(value, Decimal) else value
    sign = "\N{MINUS SIGN}" if text.startswith("-") else ""
    units, dot, decimals = text.removeprefix("-").partition(".")
    grouped = f"{int(units):,}".replace(",", THIN_SPACE) if units.isdigit() else units
    return f"{sign}{grouped}{dot}{decimals}"


def day(date: str) -> str:
    """``2025-10-01`` as ``1 October 2025``."""
    year, month_number, number = date.split("-")
    return f"{int(number)} {_MONTHS[int(month_number) - 1]} {year}"


def month(text: str) -> str:
    """``2025-10`` as ``Oct 2025``."""
    year, number = text.split("-")
    return f"{_MONTHS[int(number) - 1][:3]} {year}"


def page(template: str, head: PageHead, **context: Any) -> str:
    """A whole document, with a line feed at its end; the same context always gives the same bytes.

    Args:
        template: its name in ``templates/report``.
        head: what stands at its top and at its end.
        context: what the template names.
    """
    environment = _environment()
    # The page's policy names its style sheet by its hash, so that no other is applied.
    style = "".join(
        environment.get_template(name).render() for name in ("base.css", "invoice.css", "style.css")
    )
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = environment.get_template(template).render(style=style, style_hash=style_hash, head=head, **context)
    return html_document(text.rstrip("\n")) + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([data.templates() / name for name in ("report", "documents", "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: html_text(value) if type(value) is str else value,
    )
    made.filters.update(amount=amount, pointer=format_pointer, words=format_value, day=day)
    return made
