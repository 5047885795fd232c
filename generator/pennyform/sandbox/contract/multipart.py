"""Bodies of ``multipart/form-data``: text fields and files."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pennyform.sandbox.api_errors import bad_request

# What is wrong with a form is said in the answer, not on standard error.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

_MOST_PARTS = 100
_LONGEST_BOUNDARY = 70  # RFC 2046


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form. ``filename`` has no folder; ``media_type`` is what the sender said it is."""

    filename: str
    media_type: str
    content: bytes


@dataclass(slots=True)
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


class _Reader:
    """Collects what the parser calls back with."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._name, self._value = b"", b""

    def begin(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise FormParserError(f"more than {_MOST_PARTS} parts")
        self.parts.append(_Part())

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def end(self) -> None:
        self.ended = True


def fields(content_type: str, body: bytes) -> dict[str, str | Upload]:
    """Read a form.

    Args:
        content_type: the request's header, with the boundary.
        body: to its end.

    Returns:
        Field name to text, or to the file. Of a name that comes twice the last one counts.

    Raises:
        ApiError: 400 when it is no such form, is cut off, or holds more than 100 parts.
    """
    reader = _Reader()
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    try:
        if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
            raise FormParserError("the boundary is missing or too long")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_part_data": reader.data,
                "on_header_field": reader.name,
                "on_header_value": reader.value,
                "on_header_end": reader.header,
                "on_end": reader.end,
            },
        )
        parser.write(body)
        parser.finalize()
        if not reader.ended:
            raise FormParserError("it is cut off")
        return dict(map(_field, reader.parts))
    except (FormParserError, UnicodeDecodeError) as problem:
        raise bad_request("The request body is not a valid multipart form") from problem


def _field(part: _Part) -> tuple[str, str | Upload]:
    _, options = parse_options_header(part.headers.get("content-disposition", b""))
    name = options.get(b"name", b"").decode("utf-8")
    if b"filename" not in options:
        return name, part.content.decode("utf-8")
    filename = options[b"filename"].decode("utf-8").replace("\\", "/").rpartition("/")[2]
    media_type = parse_options_header(part.headers.get("content-type", b""))[0].decode("latin-1")
    return name, Upload(filename, media_type, bytes(part.content))
