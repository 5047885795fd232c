"""One file of a run, read: what it says, and whether it says it soundly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pennyform.findings import Finding, errors
from pennyform.invoices.sources.discover import Source
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.reader import read_file


class Read(NamedTuple):
    """A file that has been read. ``document`` and ``content`` are None when nothing could be made of it."""

    source: Source
    document: Document | None
    content: bytes | None
    findings: list[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether the file is YAML as it should be."""
        return not errors(self.findings)


Witness = Callable[[Read], object]
"""Is shown each file that a run reads, such as to remember its hash."""


def reading(source: Source) -> Read:
    """Read one file."""
    return Read(source, *read_file(source.path, source.name))
