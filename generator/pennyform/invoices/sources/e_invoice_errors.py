"""Why a file is not read as an electronic invoice."""

from __future__ import annotations


class UnreadableError(Exception):
    """It is no electronic invoice; ``reasons`` say why, each with the line of the XML where there is one."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class AmbiguousError(UnreadableError):
    """It can be read in two ways that differ; the reason names both."""


class NoInvoiceError(UnreadableError):
    """It is a PDF that can be read, and carries no electronic invoice."""
