"""Bodies of ``multipart/form-data``: text fields and files."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from pennyform.sandbox.api_errors import bad_request

# What is wrong with a form is said in the response, not on standard error.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

_MOST_PARTS = 100
_LONGEST_BOUNDARY = 70  # RFC 2046, section 5.1.1


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form. ``filename`` has no folder; ``media_type`` is what the sender said it is."""

    filename: str
    media_type: str
    content: bytes


def parse_form(content_type: str, body: bytes) -> dict[str, str | Upload]:
    """Read a form; ``content_type`` is the request's header, with the boundary.

    Returns:
        Field name to text, or to the file. Of a name that comes twice the last one counts.

    Raises:
        ApiError: 400 when it is no such form, is cut off, or holds more than 100 parts.
    """
    parts: list[Field | File] = []
    ends: list[bool] = []

    def add(part: Field | File) -> None:
        # While it is read, not afterwards: a body of 100 MB could hold millions of empty parts.
        if len(parts) == _MOST_PARTS:
            raise FormParserError(f"more than {_MOST_PARTS} parts")
        parts.append(part)

    media_type, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    try:
        if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
            raise FormParserError("the boundary is missing or too long")
        parser = FormParser(
            media_type.decode("latin-1"),
            add,
            add,
            on_end=lambda: ends.append(True),
            boundary=boundary,
            # The body is in memory already; its files need no detour by the disk.
            config={"MAX_MEMORY_FILE_SIZE": len(body)},
        )
        parser.write(body)
        parser.finalize()
        if not ends:
            raise FormParserError("it is cut off")
        return dict(map(_read_part, parts))
    except (FormParserError, UnicodeDecodeError) as error:
        raise bad_request("The request body is not a valid multipart form") from error


def _read_part(part: Field | File) -> tuple[str, str | Upload]:
    name = (part.field_name or b"").decode("utf-8")
    if isinstance(part, Field):
        return name, (part.value or b"").decode("utf-8")
    # Some clients send the path on their computer, with the separators of their system.
    filename = (part.file_name or b"").decode("utf-8").replace("\\", "/").rpartition("/")[2]
    media_type = parse_options_header(part.content_type)[0].decode("latin-1")
    part.file_object.seek(0)
    return name, Upload(filename, media_type, part.file_object.read())
