"""A definition of one invoice, with what is known about where its values come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pennyform.invoices.yaml.document import Document, Path

if TYPE_CHECKING:
    from pennyform.invoices.expressions.evaluate import Origin


class ResolvedDefinition(NamedTuple):
    """A definition and, by the path of each value, the expressions that some of its values come from."""

    document: Document
    origins: Mapping[Path, Origin]
