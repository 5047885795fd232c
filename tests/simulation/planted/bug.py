"""One planted mistake."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True)
class Bug:
    """A mistake: its ``name`` says what the product does then, ``plant`` makes it do so."""

    name: str
    plant: Callable[[], AbstractContextManager[Any]]


def replaced(name: str, place: Any, attribute: str, instead: Any) -> Bug:
    """The mistake of one function or method being another."""
    return Bug(name, lambda: patch.object(place, attribute, instead))
