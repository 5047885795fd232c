"""The redaction of the tool; an emitted client has the text of that module in its place."""

from __future__ import annotations

from pennyform.redaction import Redactor

__all__ = ["Redactor"]
