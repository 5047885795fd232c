"""Text that did not come from us: made safe for where it is shown or written, and compared as people see it.

Definitions, contracts, the account, file names and requests to the sandbox may hold any character. Each
function is for one kind of place and says what it guards against there. A reference that is told from another
one only by the kind of its hyphen would be a second invoice to every program, and the same invoice to
everybody who reads it: what looks alike counts as the same.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U000e0100-\U000e01ef"
)
"""Printable to Unicode and still nothing to see: fillers, joiners, variation selectors. As a pattern."""

_FILLER = re.compile(f"[{FILLERS}]")
_BREAKS = re.compile(r"[\t\r\n]+")
# Control, format (bidirectional overrides, zero-width), private, unassigned, surrogates, line separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
# What XML 1.0 cannot hold, not even as a character reference.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKDOWN = {ord(character): f"&#{ord(character)};" for character in "\\|<[]@`*"}
_UNSAFE_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]")


def is_hidden(character: str) -> bool:
    """Whether ``character`` shows as nothing, or changes how its neighbours show: spaces do not."""
    return not character.isprintable() and unicodedata.category(character) in _HIDDEN_CATEGORIES


def has_hidden(text: str) -> bool:
    """Whether any character of ``text`` is hidden: it shows as something else than it is."""
    # What is printable is safe, and nearly everything is printable.
    return not text.isprintable() and any(map(is_hidden, text))


def has_filler(text: str) -> bool:
    """Whether any character of ``text`` is a letter or a sign that nobody sees."""
    return not text.isascii() and _FILLER.search(text) is not None


def one_line(text: str) -> str:
    """For a value in a line that pennyform lays out: runs of white space become one space.

    Guards a terminal against control sequences, and a reader against text that hides or is written backwards
    (bidirectional overrides) and against values that look like lines of their own.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(character if character.isprintable() else REPLACEMENT for character in line)


def visible_line(text: str) -> str:
    """For a sentence, a whole line, or a line of a log: like :func:`one_line`, but its spaces stay.

    A line of its own in the log of a CI job could be taken for a command. Surrogates stay too: they are bytes
    of a file name that is not UTF-8, which :func:`encodable` writes so that the name can be found.
    """
    if text.isprintable():
        return text
    return "".join(
        REPLACEMENT if is_hidden(character) and not "\ud800" <= character <= "\udfff" else character
        for character in _BREAKS.sub(" ", text)
    )


def source_line(line: str) -> str:
    """For a line of a file above a caret: each hidden character is replaced by one, so that columns hold."""
    return "".join(
        REPLACEMENT if (is_hidden(character) and character != "\t") or _FILLER.match(character) else character
        for character in line
    )


def html_text(text: str) -> str:
    """For a page: without characters that hide, reverse or break what stands around them.

    Markup is for the template to escape. A narrow no-break space stays: amounts have it.
    """
    if text.isprintable():
        return text
    return "".join(map(_html_character, text))


def _html_character(character: str) -> str:
    if character.isprintable() or character == "\N{NARROW NO-BREAK SPACE}":
        return character
    return " " if character.isspace() else REPLACEMENT


def markdown_text(text: str) -> str:
    """For a value in Markdown: it cannot end its cell, open a tag, be a link or mention anyone.

    Special characters become references, which show as the characters themselves.
    """
    return " ".join(text.translate(_MARKDOWN).split())


def markdown_code(text: str) -> str:
    """For a value between backticks: none of its own can end the code, and no pipe can end the cell."""
    return text.replace("`", "'").replace("|", "\\|")


def markdown_message(text: str) -> str:
    """For a sentence of ours that quotes values: what is between its backticks stays code, the rest text."""
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts = [text.replace("`", "'")]
    for index in range(0, len(parts), 2):
        part = parts[index].replace("&", "&amp;").replace("<", "&lt;").replace("@", "@<!-- -->")
        parts[index] = re.sub(r"([\\*_\[\]~#])", r"\\\1", part)
    return "`".join(parts).replace("|", "\\|")


def xml_text(text: str, instead: str = REPLACEMENT) -> str:
    """For XML: without the characters that no document may hold. Markup is for the writer to escape."""
    return _NOT_IN_XML.sub(instead, text)


def file_name(text: str) -> str:
    """For a file name: no folder, no hidden file, no character that a shell or a system reads otherwise."""
    return _UNSAFE_IN_FILE_NAMES.sub("_", text).lstrip(".")


def encodable(text: str, encoding: str) -> str:
    """For a stream: what ``encoding`` cannot say is written as an escape, so that printing never fails."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


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
    first, second = (f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip() for letter in unlike)
    return f"one has {first} where the other has {second}"
