"""JSON where it has no fixed shape: request bodies, answers, and records that no rule reads."""

from __future__ import annotations

from typing import Any

# Values stay `Any`: a recursive alias would ask for a cast at every step into data the contract has checked.
Json = Any
JsonObject = dict[str, Any]
