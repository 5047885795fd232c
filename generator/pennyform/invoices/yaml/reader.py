"""Strict YAML: bytes → plain data with marks, or findings that say where and why not.

The reading happens on PyYAML's events, below the level at which YAML's surprises (aliases, tags, merges,
implicit types, the last of two equal keys) would already have happened. Every limit is checked before the
work it bounds.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path as FilePath

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.characters import FORBIDDEN
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.events import read_events

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
    data, problem = read_bytes(path, name)
    if data is None:
        return None, None, [problem] if problem else []
    document, findings = read(data, name)
    return document, data, findings


def read(data: bytes, name: str) -> tuple[Document | None, list[Finding]]:
    """Read the bytes of one file that findings call ``name``."""
    if len(data) > LARGEST_FILE:
        return None, [_too_large(name, len(data))]
    text, findings = decoded(data, name)
    if text is None:
        return None, findings
    document, findings = read_events(text, name)
    if document is None and not findings:
        findings.append(_empty(name))
    return document, findings


def read_bytes(path: FilePath, name: str) -> tuple[bytes | None, Finding | None]:
    """The bytes of a regular file of bearable size, or the finding that says why there are none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None, _unreadable(name, "it is not a regular file")
        if status.st_size > LARGEST_FILE:
            return None, _too_large(name, status.st_size)
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1), None
    except (OSError, ValueError) as error:
        return None, _unreadable(name, getattr(error, "strerror", None) or str(error))


def _unreadable(name: str, why: str) -> Finding:
    return Finding("file-unreadable", Severity.ERROR, f"the file cannot be read: {why}", name, 1, 1)


def _too_large(name: str, size: int) -> Finding:
    return Finding(
        "file-too-large",
        Severity.ERROR,
        f"the file has {size:,} bytes; a definition has at most {LARGEST_FILE:,}",
        file=name,
        line=1,
        column=1,
        detail="It was not parsed.",
        fix="split it, or leave out what is not part of the definition",
    )


def decoded(data: bytes, name: str) -> tuple[str | None, list[Finding]]:
    """The text of a file that findings call ``name``, without invisible characters; or None, and why."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return None, [
            Finding(
                "file-encoding",
                Severity.ERROR,
                "the file is not UTF-8",
                file=name,
                line=line,
                column=column,
                detail=f"Byte 0x{data[error.start]:02x} does not belong there.",
                fix="save the file as UTF-8",
            )
        ]
    findings = [_forbidden(text, found, name) for found in _some(FORBIDDEN.finditer(text))]
    return (None if findings else text), findings


def _some(found: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    return (match for match, _ in zip(found, range(_MOST_CHARACTER_FINDINGS), strict=False))


def _forbidden(text: str, found: re.Match[str], name: str) -> Finding:
    before = text[: found.start()]
    return Finding(
        "control-character",
        Severity.ERROR,
        f"the invisible character U+{ord(found.group()):04X} is not allowed",
        file=name,
        line=before.count("\n") + 1,
        column=len(before) - (before.rfind("\n") + 1) + 1,
        detail="It would make the invoice say something else than what one sees here.",
        fix="delete it",
    )


def _empty(name: str) -> Finding:
    return Finding(
        "file-empty",
        Severity.ERROR,
        "the file is empty",
        file=name,
        line=1,
        column=1,
        detail="An empty definition is more often an accident than a wish.",
        fix="write the definition, or delete the file",
    )
