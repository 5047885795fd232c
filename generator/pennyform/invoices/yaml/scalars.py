"""What an unquoted YAML scalar means: JSON's grammar, and nothing that two readers could read differently.

YAML 1.1 reads ``010`` as 8, ``12:30:45`` as 45045, ``1_000`` as a number and ``no`` as false; YAML 1.2 reads
some of them otherwise. Text like that is refused instead of guessed. Dates stay text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

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

Plain = str | int | Decimal | bool | None


class Ambiguous(NamedTuple):
    """A scalar that is refused: why, and what to write instead."""

    why: str
    fix: str


def resolve(text: str) -> Plain | Ambiguous:
    """What the plain scalar ``text`` stands for. Numbers keep every digit that is written."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = _NUMBER.fullmatch(text)
    if number:
        return _number(text, whole=number.group(1) is None and number.group(2) is None)
    if _YAML_WORD.fullmatch(text):
        return _ambiguous_word(text)
    if _YAML_NUMBER.fullmatch(text):
        return Ambiguous("some YAML readers take it for a number, others for text", _quote(text))
    return text


def _number(text: str, *, whole: bool) -> Plain | Ambiguous:
    value = _decimal(text) if len(text) <= _LONGEST_NUMBER else None
    if value is None or abs(value.adjusted()) > _HIGHEST_EXPONENT:
        return Ambiguous(
            f"a number has at most {_LONGEST_NUMBER} characters and {_HIGHEST_EXPONENT} places",
            "write it shorter, or quote it if it is text",
        )
    return int(text) if whole else value


@lru_cache(4096)
def _decimal(text: str) -> Decimal:
    """The same number for the same text: many definitions say 20, and few of them anything else."""
    return Decimal(text)


def _ambiguous_word(text: str) -> Ambiguous:
    word = text.lower()
    meant = {"~": "null", "yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
    return Ambiguous(
        f"some YAML readers take it for {meant}, others for text",
        f"{_quote(text)}, or write {meant}",
    )


def _quote(text: str) -> str:
    return f'quote it: "{text}"'
