"""A definition of one invoice, with what is known about where its values come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pennyform.invoices.yaml.document import Document, Path

if TYPE_CHECKING:
    from pennyform.invoices.expressions.evaluate import Origin
    from pennyform.invoices.sources.data_file import Row


@dataclass(frozen=True, slots=True)
class ResolvedDefinition:
    """A definition of one invoice: the document of a file, or what was made of it.

    ``origins`` are the expressions that some of its values come from, by the path of each value; ``row`` is
    the row of a data file that it was made for, None when the file defines a single invoice.
    """

    document: Document
    origins: Mapping[Path, Origin]
    row: Row | None = None
