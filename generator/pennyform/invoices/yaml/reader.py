"""Strict YAML: bytes → plain data with marks, or findings that say where and why not.

Every limit is checked before the work that it bounds: the size before a file is read, the encoding before it
is parsed, depth and number of values (in ``yaml.events``) before they are kept.
"""

from __future__ import annotations

import stat
from itertools import islice
from pathlib import Path as FilePath

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.events import read_events
from pennyform.invoices.yaml.scalars import FORBIDDEN

LARGEST_FILE = 1024 * 1024  # bytes
_MOST_CHARACTER_FINDINGS = 20


def read_file(path: FilePath, name: str) -> tuple[Document | None, bytes | None, list[Finding]]:
    """Read one definition file.

    Args:
        path: where the file is.
        name: how findings call it.

    Returns:
        The document (None when nothing could be made of the file), its bytes (None when they were not read),
        and every finding.
    """
    content, problem = read_bytes(path, name)
    if content is None:
        return None, None, [problem] if problem else []
    document, findings = read(content, name)
    return document, content, findings


def read(content: bytes, name: str) -> tuple[Document | None, list[Finding]]:
    """Read the bytes of one file that findings call ``name``."""
    if len(content) > LARGEST_FILE:
        return None, [_too_large(name, len(content))]
    text, findings = decode(content, name)
    if text is None:
        return None, findings
    document, findings = read_events(text, name)
    if document is None and not findings:
        findings.append(
            Finding(
                "file-empty",
                Severity.ERROR,
                "the file is empty",
                file=name,
                line=1,
                column=1,
            )
        )
    return document, findings


def read_bytes(path: FilePath, name: str) -> tuple[bytes | None, Finding | None]:
    """The bytes of a regular file within the size limit, or the finding that says why there are none."""
    try:
        status = path.stat()
        # A named pipe would block whoever opens it.
        if not stat.S_ISREG(status.st_mode):
            return None, _unreadable(name, "it is not a regular file")
        if status.st_size > LARGEST_FILE:
            return None, _too_large(name, status.st_size)
        with path.open("rb") as stream:
            # It may have grown since: one byte more than allowed is enough to tell.
            return stream.read(LARGEST_FILE + 1), None
    except (OSError, ValueError) as error:
        return None, _unreadable(name, getattr(error, "strerror", None) or str(error))


def _unreadable(name: str, reason: str) -> Finding:
    return Finding("file-unreadable", Severity.ERROR, f"the file cannot be read: {reason}", name, 1, 1)


def _too_large(name: str, size: int) -> Finding:
    return Finding(
        "file-too-large",
        Severity.ERROR,
        f"the file has {size:,} bytes; a definition has at most {LARGEST_FILE:,}",
        file=name,
        line=1,
        column=1,
        detail="It was not parsed.",
    )


def decode(content: bytes, name: str) -> tuple[str | None, list[Finding]]:
    """The text of a file that findings call ``name``, without invisible characters; or None, and why."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = content.rfind(b"\n", 0, error.start) + 1
        return None, [
            Finding(
                "file-encoding",
                Severity.ERROR,
                "the file is not UTF-8",
                file=name,
                line=content.count(b"\n", 0, error.start) + 1,
                column=error.start - line_start + 1,
                detail=f"Byte 0x{content[error.start]:02x} does not belong there.",
            )
        ]
    findings = [
        Finding(
            "control-character",
            Severity.ERROR,
            f"the invisible character U+{ord(match.group()):04X} is not allowed",
            file=name,
            line=text.count("\n", 0, match.start()) + 1,
            column=match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1,
        )
        for match in islice(FORBIDDEN.finditer(text), _MOST_CHARACTER_FINDINGS)
    ]
    return (None if findings else text), findings
