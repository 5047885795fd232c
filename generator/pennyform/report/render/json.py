"""What ``render`` found out, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def render(rendering: Mapping[str, Any]) -> str:
    """The rendering as JSON. Decimals are written as numbers with exactly their digits."""
    encoded = msgspec.json.Encoder(decimal_format="number").encode(rendering)
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
