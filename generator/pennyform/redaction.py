"""Secrets kept out of whatever is shown, written or raised, however they are spelled.

A server, a proxy or a file may repeat a token: as it is, in capitals, with some of its characters as escapes
of JSON, URLs or HTML, one within the other, split by white space or by characters that nobody sees, in
full-width letters, as hexadecimal digits, or in base64, alone or within a longer text (``Basic …``).

Escapes are undone, as often as a text may have been escaped; what is left is reduced to printable ASCII in
lower case and searched for the spellings. The time that takes is proportional to the length of the text.

The emitted clients contain this module word for word: it imports only the standard library.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from array import array
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, NoReturn

SHORTEST = 8
"""Shorter secrets are not looked for: ``a``, or a word such as ``sandbox``, would blank much that is none."""
PLACEHOLDER = "[secret]"

# Of a longer text that has a secret in it, nothing is shown: finding its place takes much more memory.
_LONGEST = 4 * 2**20
# So often a text may have been escaped, each time in another way; escapes of one kind count once.
_MOST_ESCAPINGS = 6
_BASE64 = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+/-_")
# Each run of backslashes, percents or ampersands is matched once, from its beginning: linear time.
_ESCAPE = re.compile(
    r"\\(?<!\\\\)\\*+(?:u\{0{0,8}([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})"
    r"|([abfnrtv])|)"
    r"|%(?:25)*([0-9A-Fa-f]{2})"
    r"|&(?:amp;)*+#(?:[xX]0{0,8}([0-9A-Fa-f]{1,6})|(0{0,8}[0-9]{1,7}));?"
    r"|&(?:amp;)++"
)
_LETTER = re.compile(r"\\[abfnrtv]")
# What JSON has to escape, and what frameworks escape in it beside that.
_USUAL_ESCAPES = {b'\\"': b'"', b"\\/": b"/", b"\\u0026": b"&", b"\\u003c": b"<", b"\\u003e": b">"}
_USUAL_LETTERS = (b"b", b"f", b"n", b"r", b"t")
_FURTHER_ESCAPE = re.compile(rb"\\|%[0-9A-Fa-f]{2}|&amp;|&#")


class Redactor:
    """Replaces secrets in text and in bytes.

    Args:
        secrets: what nobody may read; those with fewer than :data:`SHORTEST` characters are passed over.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Each with whether it is base64.
        self._spellings: Mapping[str, bool] = {}
        self.add(*secrets)

    def __repr__(self) -> str:
        return "Redactor(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not written into a pickle")

    def add(self, *secrets: str) -> None:
        """Look for these secrets too."""
        # Another thread may be looking through them: they are replaced, never changed.
        for secret in dict.fromkeys(secrets):
            spellings = _spellings(secret)
            self._spellings = {**self._spellings, **spellings} if self._spellings else spellings

    def __call__(self, text: str) -> str:
        """``text`` with :data:`PLACEHOLDER` wherever it spells a secret."""
        if self._spellings:
            text, has_letters = self._redacted(text, letters=False)
            # `\n` is a line feed to whoever escapes, and the start of a name in a path.
            if has_letters:
                text, _ = self._redacted(text, letters=True)
        return text

    def in_bytes(self, content: bytes) -> bytes:
        """The same for bytes: text in UTF-8, or in anything that has ASCII in it."""
        if not self._spellings or self._is_plain(content):
            return content
        text = _decoded(content)
        redacted = self(text)
        return content if redacted is text else redacted.encode("utf-8", "surrogateescape")

    def is_in(self, text: str) -> bool:
        """Whether ``text`` spells a secret."""
        return self(text) is not text

    def _is_plain(self, content: bytes) -> bool:
        """Whether ``content`` has no secret and no escape but those of most answers."""
        texts = {content}
        if b"\\" in content or b"%" in content or b"&" in content:
            unescaped = {_without_usual_escapes(content, letters=letters) for letters in (False, True)}
            # Each backslash by itself, and nothing left to be undone.
            if b"\\\\" in content or any(map(_FURTHER_ESCAPE.search, unescaped)):
                return False
            texts |= unescaped
        return not any(
            self._is_spelled_in(_visible(text) if text.isascii() else _reduced(_decoded(text)))
            for text in texts
        )

    def _is_spelled_in(self, reduced: str) -> bool:
        return any(map(reduced.__contains__, self._spellings))

    def _redacted(self, text: str, *, letters: bool) -> tuple[str, bool]:
        r"""``text`` without secrets, and whether escapes with letters, such as ``\n``, are in it."""
        unescaped, has_letters = text, False
        for depth in range(_MOST_ESCAPINGS + 1):
            reduced = _reduced(unescaped)
            if self._is_spelled_in(reduced):
                text = unescaped = self._without_secrets(text, depth, letters=letters)
                for _ in range(depth):
                    unescaped = _unescaped(unescaped, letters=letters)
            before = unescaped
            unescaped = _unescaped(before, letters=letters)
            if unescaped == before:
                break
            has_letters = has_letters or _LETTER.search(before) is not None
        return text, has_letters

    def _without_secrets(self, text: str, depth: int, *, letters: bool) -> str:
        """``text`` without what spells a secret once it is unescaped ``depth`` times."""
        if len(text) > _LONGEST:
            return PLACEHOLDER
        traced = _Traced(text, array("L", range(len(text))), array("L", range(1, len(text) + 1)))
        for _ in range(depth):
            traced = traced.unescaped(letters=letters)
        traced = traced.reduced()
        parts: list[str] = []
        end = 0
        for first, last in sorted(self._places(traced)):
            start, stop = traced.starts[first], traced.ends[last]
            if start >= end:
                parts += [text[end:start], PLACEHOLDER]
            end = max(end, stop)
        return "".join([*parts, text[end:]])

    def _places(self, traced: _Traced) -> Iterator[tuple[int, int]]:
        """The first and the last index of each spelling of a secret in reduced text."""
        for spelling, is_base64 in self._spellings.items():
            first = traced.text.find(spelling)
            while first >= 0:
                last = first + len(spelling) - 1
                yield (traced.beside(first, -1), traced.beside(last, 1)) if is_base64 else (first, last)
                first = traced.text.find(spelling, first + 1)


class _Traced(NamedTuple):
    """Text that was made of another one, and the places there of each of its characters."""

    text: str
    starts: array[int]
    ends: array[int]

    def beside(self, index: int, step: int) -> int:
        """The next character if it is of the same base64 text: it holds some bits of what is encoded."""
        first, last = sorted((index, index + step))
        if first < 0 or last >= len(self.text) or self.ends[first] != self.starts[last]:
            return index
        return index + step if self.text[index + step] in _BASE64 else index

    def unescaped(self, *, letters: bool) -> _Traced:
        """The same without one layer of escapes."""
        texts: list[str] = []
        starts, ends = array("L"), array("L")
        done = 0
        for match in _ESCAPE.finditer(self.text):
            first, last = match.span()
            texts.append(self.text[done:first])
            starts += self.starts[done:first]
            ends += self.ends[done:first]
            character = _character(match, letters=letters)
            texts.append(character)
            starts.extend([self.starts[first]] * len(character))
            ends.extend([self.ends[last - 1]] * len(character))
            done = last
        return _Traced(
            "".join([*texts, self.text[done:]]), starts + self.starts[done:], ends + self.ends[done:]
        )

    def reduced(self) -> _Traced:
        """The same in what spellings are searched in."""
        texts: list[str] = []
        starts, ends = array("L"), array("L")
        for character, start, end in zip(self.text, self.starts, self.ends, strict=True):
            text = _reduced(character)
            texts.append(text)
            starts.extend([start] * len(text))
            ends.extend([end] * len(text))
        return _Traced("".join(texts), starts, ends)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _reduced(text: str) -> str:
    """Printable ASCII in lower case. Full-width and accented letters become plain ones; the rest goes."""
    if text.isascii():
        return _visible(text.encode())
    content = text.encode("latin-1", _DECOMPOSED)
    for fraction, digits in _FRACTIONS.items():
        content = content.replace(fraction, digits)
    return _visible(content)


def _visible(content: bytes) -> str:
    """The same of text in ISO 8859-1: most languages of Europe have hardly anything else."""
    # Searching a short text takes a quarter of what searching bytes does.
    return content.translate(_PLAIN, _INVISIBLE).decode("ascii")


def _decompose(problem: UnicodeError) -> tuple[bytes, int]:
    """What letters beyond ISO 8859-1 are in ASCII, for the encoder that came upon them."""
    assert isinstance(problem, UnicodeEncodeError)
    return _in_ascii(problem.object[problem.start : problem.end]), problem.end


def _in_ascii(text: str) -> bytes:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore")


def _without_usual_escapes(content: bytes, *, letters: bool) -> bytes:
    """What :func:`_unescaped` makes of it where each backslash stands by itself, in a tenth of the time."""
    if b"\\" in content:
        for escape, character in _USUAL_ESCAPES.items():
            content = content.replace(escape, character)
        for letter in _USUAL_LETTERS:
            content = content.replace(b"\\" + letter, letter if letters else b"")
    return content


def _unescaped(text: str, *, letters: bool) -> str:
    if "\\" not in text and "%" not in text and "&" not in text:
        return text
    return _ESCAPE.sub(lambda match: _character(match, letters=letters), text)


def _character(match: re.Match[str], *, letters: bool) -> str:
    """What an escape stands for; "" for what is no printable ASCII character anyway."""
    unicode_braces, unicode_4, unicode_8, byte, letter, percent, html_hex, html_decimal = match.groups()
    if letter:
        return str(letter) if letters else ""
    digits = unicode_braces or unicode_4 or unicode_8 or byte or percent or html_hex
    if digits or html_decimal:
        number = int(digits, 16) if digits else int(html_decimal)
        # Bytes beyond ASCII are parts of characters in UTF-8.
        is_part = bool(byte or percent) and number > 0x7F
        return "" if is_part or number > 0x10FFFF else chr(number)
    return "&" if match.group().startswith("&") else ""


# Clients make a redactor for each request: tokens change while they work.
@lru_cache(maxsize=64)
def _spellings(secret: str) -> Mapping[str, bool]:
    """What text with ``secret`` in it contains once it is reduced, each with whether it is base64."""
    plain = _reduced(secret)
    # Without what is not ASCII, little may be left of it.
    if len(plain) < SHORTEST:
        return {}
    spellings = {plain: False}
    for cased in {secret, secret.lower(), secret.upper()}:
        content = cased.encode()
        spellings[content.hex()] = False
        for before in range(3):
            encoded = b64encode(bytes(before) + content)
            # Only of whole characters; those at its ends depend on what stands beside the secret.
            first, last = -(-8 * before // 6), 8 * (before + len(content)) // 6
            standard = encoded[first:last].decode().lower()
            spellings[standard] = spellings[standard.translate(_TO_URL_SAFE)] = True
    return spellings


_DECOMPOSED = f"{__name__}.decomposed"
codecs.register_error(_DECOMPOSED, _decompose)
# A table for all letters of ISO 8859-1, but those that become two.
_LETTERS = {number: _in_ascii(chr(number)).lower().strip() for number in range(0x100)}
_FRACTIONS = {bytes([number]): letters for number, letters in _LETTERS.items() if len(letters) > 1}
_INVISIBLE = bytes(number for number, letters in _LETTERS.items() if not letters or letters < b"!") + b"\x7f"
_PLAIN = bytes(letters[0] if letters else 0 for letters in _LETTERS.values())
_TO_URL_SAFE = str.maketrans("+/", "-_")
