"""Natural keys, which stand for ids in definitions, and places, where something is written."""

from __future__ import annotations

from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where something is written. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Key:
    """A natural key that stands for an id.

    ``kind`` is ``customer``, ``product``, ``ledger_account``, ``customer_invoice_template``, ``category``,
    ``transaction`` or ``customer_invoice``; ``field`` says what to look it up by (``external_reference``,
    ``number``, ``name``, ``label``, ``analytical_code``, ``date``), or is ``id`` when the author wrote
    ``{id: N}``. ``qualifiers`` narrow down what ``field`` alone may leave ambiguous: the ``group`` of a
    category (its label), the ``label`` and ``currency_amount`` of a transaction. Two keys are equal when they
    mean the same thing, wherever they are written.
    """

    # By hand: importing dataclasses would cost every commit's hook more than reading a definition does.
    __slots__ = ("field", "kind", "place", "qualifiers", "value")

    def __init__(
        self,
        kind: str,
        field: str,
        value: str | int,
        place: Place,
        qualifiers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.kind = kind
        self.field = field
        self.value = value
        self.place = place
        self.qualifiers = qualifiers

    def _meaning(self) -> tuple[object, ...]:
        return self.kind, self.field, self.value, self.qualifiers

    def __eq__(self, other: object) -> bool:
        return self._meaning() == other._meaning() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        return f"Key({self.kind!r}, {self.field!r}, {self.value!r}, {self.place!r}, {self.qualifiers!r})"

    def to_json(self) -> dict[str, Any]:
        """The placeholder that stands for the id where there is no network: ``{"lookup": …}``."""
        return {"lookup": {"kind": self.kind, self.field: self.value, **dict(self.qualifiers)}}
