"""Docstrings name objects by roles of Sphinx (``:class:`~a.B```); the site shows the name alone."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

ROLE = re.compile(r":(?:class|meth|func|mod|attr|exc|data):`~?([^`]+)`")


class Roles(Extension):
    """Takes roles out of every docstring."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Called for each object that has been read."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
