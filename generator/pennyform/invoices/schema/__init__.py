"""Validation by the emitted JSON Schemas, and the messages for what they reject."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
"""A JSON Schema of draft 07, with our own ``x-pennyform-…`` keywords."""
