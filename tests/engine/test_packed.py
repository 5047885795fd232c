"""What is kept packed is read as it was set, and takes the room of its packing."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from decimal import Decimal

import pytest
from pennyform.engine.account.state import RemoteInvoice

HEADER = {"id": 7, "draft": True, "amount": "34.0", "rate": Decimal("0.50"), "customer": None}
LINES = tuple({"id": number, "label": f"Conseil n° {number}", "quantity": "1.0"} for number in range(20))


def test_what_is_read_is_what_was_set() -> None:
    there = RemoteInvoice(HEADER, LINES)
    assert (there.header, there.lines, there.id) == (HEADER, LINES, 7)
    # Decimals that are equal are not always written alike.
    assert str(there.header["rate"]) == "0.50"


def test_it_is_a_dataclass_like_any_other() -> None:
    there = RemoteInvoice(HEADER, LINES)
    assert there == RemoteInvoice(dict(HEADER), LINES)
    assert there != replace(there, lines=LINES[:-1])
    assert replace(there, exact=True).lines == LINES
    with pytest.raises(AttributeError):
        there.header = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        RemoteInvoice()  # type: ignore[call-arg]


def test_many_take_little_room() -> None:
    tracemalloc.start()
    try:
        kept = [
            RemoteInvoice({**HEADER, "id": id_}, tuple({**line, "invoice": id_} for line in LINES))
            for id_ in range(500)
        ]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(kept) < 1280
