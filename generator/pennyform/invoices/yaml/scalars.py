"""What an unquoted YAML scalar means: JSON's grammar, and nothing that two readers could read differently.

YAML 1.1 reads ``010`` as 8, ``12:30:45`` as 45045, ``1_000`` as a number and ``no`` as false; YAML 1.2 reads
some of them otherwise. Text like that is rejected instead of guessed. Dates stay text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

# What no invoice needs and what can make a text show something else than it says: control characters,
# bidirectional overrides, byte order marks in the middle, line separators that are not line feeds.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

# Far above any amount or identifier, and small enough that no arithmetic on it can run away.
_LONGEST_NUMBER = 40
_HIGHEST_EXPONENT = 30

_CONSTANTS = {"null": None, "": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_YAML_WORD = re.compile(r"(?i:yes|no|on|off|null|true|false)|~")
_YAML_NUMBER = re.compile(
    r"""[-+]?(?:
        0x[0-9a-fA-F_]+ | 0o[0-7_]+ | 0b[01_]+        # other bases
      | [0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?   # base 60
      | [0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?
      | \.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
      | \.(?i:inf)
    ) | \.(?i:nan)""",
    re.VERBOSE,
)

Scalar = str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A scalar that is rejected: why, and what to write instead."""

    reason: str
    fix: str


def resolve(text: str) -> Scalar | Ambiguous:
    """What the plain scalar ``text`` stands for. Numbers keep every digit that is written."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = _NUMBER.fullmatch(text)
    if number:
        value = _decimal(text) if len(text) <= _LONGEST_NUMBER else None
        if value is None or abs(value.adjusted()) > _HIGHEST_EXPONENT:
            reason = f"a number has at most {_LONGEST_NUMBER} characters and {_HIGHEST_EXPONENT} places"
            return Ambiguous(reason, "write it shorter, or quote it if it is text")
        return value if number.group(1) or number.group(2) else int(text)
    if _YAML_WORD.fullmatch(text):
        word = text.lower()
        meaning = {"~": "null", "yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
        reason = f"some YAML readers take it for {meaning}, others for text"
        return Ambiguous(reason, f'quote it: "{text}", or write {meaning}')
    if _YAML_NUMBER.fullmatch(text):
        return Ambiguous("some YAML readers take it for a number, others for text", f'quote it: "{text}"')
    return text


@lru_cache(4096)
def _decimal(text: str) -> Decimal:
    """One object for the same text: many definitions say 20, and each would keep a Decimal of its own."""
    return Decimal(text)
