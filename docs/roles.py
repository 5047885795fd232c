"""Docstrings are written for Sphinx; the site shows the names of its roles alone, and code without its mark.

A role is ``:class:`~a.B```, and a text that code follows ends with two colons.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

CODE_FOLLOWS = re.compile(r"::$", re.MULTILINE)
ROLE = re.compile(r":(?:class|meth|func|mod|attr|exc|data):`~?([^`]+)`")


class Roles(Extension):
    """Takes what is of Sphinx out of every docstring."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Called for each object that has been read."""
        if obj.docstring:
            obj.docstring.value = CODE_FOLLOWS.sub(":", ROLE.sub(r"`\1`", obj.docstring.value))
