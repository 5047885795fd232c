"""Sentences of a Markdown text, and which of them look as if they stated a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What is laid out as a list or a paragraph of its own is never continued by the next line.
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|>)\s)")
# Bold type, quotation marks of a block, and the signs that stand before warnings and hints.
_MARKS = re.compile(r"\*\*|^[\s>]+|[\u2139\u26a0\ufe0f\U0001f512]")
_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z])")

# The first category with a match counts. These are words that a limit or a rule cannot do without.
_SUSPECTS = {
    "deprecation": r"deprecat|will be removed|no longer",
    "stability": r"\b(?:experimental|beta|alpha)\b(?!-2)",
    "scope": r"\bscopes?\b",
    "size": r"\d ?[kmg]b\b",
    "length": r"\b(?:characters?|letters|\d+-digit)\b",
    "decimals": r"\bdecimals?\b",
    "limit": r"\b(?:max(?:imum)?|min(?:imum)?|at (?:most|least)|up to|exceed|greater|less)\b|\bbetween [`\d]",
    "default": r"\bdefaults?\b",
    "uniqueness": r"\bmust be unique\b|\bown unique\b|\bunique external reference you\b",
    "condition": r"\bonly (?:when|if|present|allowed|applicable|relevant|available)\b|required when\b",
    "format": r"\b(?:iso|rfc) ?\d|alpha-?2",
}
_CATEGORIES = {category: re.compile(pattern, re.IGNORECASE) for category, pattern in _SUSPECTS.items()}


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of a text, without Markdown's marks, spaces as single ones."""
    for block in _BREAK.split(text):
        line = " ".join(_MARKS.sub("", block).split())
        yield from (sentence for sentence in _END.split(line) if sentence)


def suspected_category(sentence: str) -> str:
    """What kind of fact a sentence seems to state; empty when it states none."""
    return next((name for name, pattern in _CATEGORIES.items() if pattern.search(sentence)), "")
