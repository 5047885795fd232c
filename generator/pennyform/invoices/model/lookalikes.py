"""References and other natural keys as people see them: what looks alike counts as the same.

A reference that is told from another one only by the kind of its hyphen would be a second invoice to every
program, and the same invoice to everybody who reads it.
"""

from __future__ import annotations

import unicodedata

# Characters besides those of the category Pd (dashes) that look like a hyphen, an apostrophe or a quote.
_HYPHENS = "\u02d7\u2043\u2212"
_APOSTROPHES = "`\u00b4\u02b9\u02bb\u02bc\u02c8\u2018\u2019\u201b\u2032"
_QUOTES = "\u201c\u201d\u201f\u2033\u00ab\u00bb"
_SAME = str.maketrans(
    {**dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_QUOTES, '"')}
)


def fold(text: str) -> str:
    """``text`` without what cannot be seen of it: two texts that look alike fold to the same one.

    Accents composed or not, hyphens, spaces, apostrophes, full-width and other forms of the same letter, and
    capitals make no difference.
    """
    if not text.isascii():
        # Before compatibility forms are resolved: NFKC makes a space and an accent of a free-standing one.
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text).translate(_SAME))
        text = "".join("-" if unicodedata.category(character) == "Pd" else character for character in text)
        # Capitals without an accent of their own fold to several characters, which may compose again.
        text = unicodedata.normalize("NFKC", text.casefold()).casefold()
    return " ".join(text.translate(_SAME).casefold().split())


def difference(text: str, other: str) -> str:
    """What tells ``text`` from ``other``, which folds to the same, in a few words."""
    composed, other_composed = (unicodedata.normalize("NFC", string) for string in (text, other))
    if composed == other_composed:
        return "their accents are composed differently"
    if composed.casefold() == other_composed.casefold():
        return "they differ in capitals"
    pairs = zip(composed, other_composed, strict=False)
    unlike = next(((a, b) for a, b in pairs if a.casefold() != b.casefold()), None)
    if unlike is None:
        return "they differ in length"
    return "one has {} where the other has {}".format(*map(_name, unlike))


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
