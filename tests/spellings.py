"""The ways in which a secret can be spelled in what a server, a proxy or a file says."""

from __future__ import annotations

import base64
import html
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote

SECRET = "Pk7-live_0aQz.9Xw+4/Rt~uBn2cVeLmYh"
"""A token with all kinds of characters that tokens have."""


def _each(template: str) -> Callable[[str], str]:
    return lambda secret: "".join(template.format(ord(character), character) for character in secret)


def _base64(before: str, after: str, *, url_safe: bool = False) -> Callable[[str], str]:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return lambda secret: encode(f"{before}{secret}{after}".encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "upper case": str.upper,
    "JSON escapes": _each("\\u{0:04x}"),
    "JSON escapes in JSON": _each("\\\\\\\\u{0:04X}"),
    "some JSON escapes": lambda secret: secret.replace("a", "\\u0061").replace("/", "\\/"),
    "escapes of JavaScript and Python": _each("\\x{0:02x}"),
    "escapes with braces": _each("\\u{{{0:x}}}"),
    "URL": lambda secret: quote(secret, safe=""),
    "URL, all characters": _each("%{0:02x}"),
    "URL, upper case": _each("%{0:02X}"),
    "URL, some characters": lambda secret: secret.replace("l", "%6c").replace("z", "%7A"),
    "URL, twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "URL, three times, all": _each("%2525{0:02x}"),
    "URL, the digits too": lambda secret: secret.replace("a", "%25%36%31"),
    "URL in JSON": _each("\\u0025{0:02x}"),
    "HTML": _each("&#{0};"),
    "HTML, hexadecimal": _each("&#x{0:X};"),
    "HTML in HTML": _each("&amp;#{0};"),
    "base64": _base64("", ""),
    "Basic": _base64("user:", ""),
    "base64, first alignment": _base64("a", "z"),
    "base64, second alignment": _base64("ab", "zz"),
    "base64 of JSON": _base64('{"token":"', '","company":1}'),
    "base64url": _base64("", "", url_safe=True),
    "base64url, first alignment": _base64("a", "z", url_safe=True),
    "base64url, second alignment": _base64("ab", "zz", url_safe=True),
    "base64 in lower case": lambda secret: _base64("", "")(secret).lower(),
    "base64 in a URL": lambda secret: quote(_base64("x:", "")(secret), safe=""),
    "base64 in lines": lambda secret: "\r\n".join(textwrap.wrap(_base64("", "")(secret), 9)),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal, upper case": lambda secret: secret.encode().hex().upper(),
    "hexadecimal, apart": lambda secret: secret.encode().hex(" "),
    "line ends between": "\n".join,
    "a space within": lambda secret: f"{secret[:9]} {secret[9:]}",
    "zero-width space between": "\u200b".join,
    "soft hyphens between": "\u00ad".join,
    "fillers between": "\u3164".join,
    "zero-width space as an escape": "\\u200b".join,
    "zero-width space in a URL": "%E2%80%8B".join,
    "line feed as an escape": "\\n".join,
    "full-width": lambda secret: "".join(chr(ord(character) + 0xFEE0) for character in secret),
    "accents on it": "\u0301".join,
    "after a backslash": lambda secret: "C:\\" + secret,
    "UTF-16": "\x00".join,
}


PIECE = 6
"""So many characters in a row of a secret are a leak."""


def leaks(text: str, secret: str = SECRET) -> list[str]:
    """The pieces of ``secret`` that somebody finds in ``text``, by other means than those that are tested."""
    pieces = {secret[start : start + PIECE].lower() for start in range(len(secret) - PIECE + 1)}
    seen = "\n".join(reading.lower() for reading in _readings(text))
    return sorted(piece for piece in pieces if piece in seen)


def _readings(text: str) -> Iterator[str]:
    for layer in _layers(unicodedata.normalize("NFKD", text)):
        squeezed = "".join(character for character in layer if "!" <= character <= "~")
        yield squeezed
        # Backslash and letter, between the characters.
        yield re.sub(r"\\+[abfnrtv]", "", squeezed)
        for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", squeezed):
            for start in range(4):
                part = run[start : start + (len(run) - start) // 4 * 4].replace("-", "+").replace("_", "/")
                yield base64.b64decode(part).decode("latin-1")
        for digits in re.findall(r"(?:[0-9a-fA-F]{2}){4,}", squeezed):
            yield bytes.fromhex(digits).decode("latin-1")


def _layers(text: str) -> Iterator[str]:
    """The text, and what it is when its escapes are undone, once, twice …"""
    for _ in range(5):
        yield text
        text = html.unescape(text)
        text = re.sub(r"\\+u(?!00[0-7])[0-9a-fA-F]{4}", "", text)
        text = re.sub(r"\\+[ux]\{?(?:00)?([0-7][0-9a-fA-F])\}?", lambda match: chr(int(match[1], 16)), text)
        text = re.sub(r"%[89a-fA-F][0-9a-fA-F]", "", text)
        text = re.sub(r"%(?:25)*([0-7][0-9a-fA-F])", lambda match: chr(int(match[1], 16)), text)
