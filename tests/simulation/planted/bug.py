"""One planted mistake."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True)
class Bug:
    """A mistake.

    Attributes:
        name: what the product does then.
        plant: makes it do so.
        kinds: the faults that would bring it to light; none where what it does is corrected later, so that
            no oracle can see it.
        test: the test that sees it then.
    """

    name: str
    plant: Callable[[], AbstractContextManager[Any]]
    kinds: tuple[str, ...] = ()
    test: str = ""


def replaced(name: str, place: Any, attribute: str, instead: Any, *kinds: str, test: str = "") -> Bug:
    """The mistake of one function or method being another."""
    return Bug(name, lambda: patch.object(place, attribute, instead), kinds, test)
