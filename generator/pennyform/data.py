"""Where the files that are not code live: schemas, templates, pinned contracts, examples.

From a wheel they lie inside the package (``pennyform/_data``); in a checkout they are the top-level
folders themselves, so that what is edited is what runs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


@cache
def _is_checkout() -> bool:
    return not (_PACKAGE / "_data").is_dir() and (_CHECKOUT / "pyproject.toml").is_file()


def checkout() -> Path | None:
    """The checkout this runs from, where what is pinned and emitted is written; None when installed."""
    return _CHECKOUT if _is_checkout() else None


def schemas() -> Path:
    """The emitted JSON Schemas and tables (``generated/schemas``)."""
    return _CHECKOUT / "generated" / "schemas" if _is_checkout() else _PACKAGE / "_data" / "schemas"


def specs() -> Path:
    """The pinned contracts, overlays and lock (``specs``)."""
    return _folder("specs")


def templates() -> Path:
    """Jinja templates of the client and the built-in YAML invoice templates (``templates``)."""
    return _folder("templates")


def examples() -> Path:
    """The example invoice repository that ``init --example`` and the demo copy (``examples``)."""
    return _folder("examples")


def _folder(name: str) -> Path:
    return _CHECKOUT / name if _is_checkout() else _PACKAGE / "_data" / name
