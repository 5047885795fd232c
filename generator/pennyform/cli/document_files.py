"""The files that documents are written into: one that is named, or each in a folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from pennyform.findings import failure
from pennyform.safe_files import write_file


def is_folder(out: str, endings: Collection[str], count: int, rule: str) -> bool:
    """Whether documents go into a folder of this name, such as `2026.01`, or into one file.

    What is there decides. Otherwise a name is that of a file if it ends with one of ``endings``, in small or
    capital letters; a separator at its end makes it a folder always.

    Args:
        out: the name, as the user wrote it.
        endings: what names of documents end with (``.pdf``).
        count: how many documents there are.
        rule: of the finding.

    Raises:
        Failure: ``rule``: there are several documents for one file.
    """
    path = Path(out)
    if path.is_dir() or out.endswith(("/", os.sep)):
        return True
    if not path.is_file() and not path.name.lower().endswith(tuple(endings)):
        return True
    if count > 1:
        summary = f"{count} documents cannot be written into one file"
        raise failure(rule, summary, fix="write `--out` and a folder")
    return False


def write_document(file: Path, content: bytes, beginning: bytes) -> None:
    """Write a document, and make the folders on the way.

    Args:
        file: where to; a file that is there is replaced by a newer document only.
        content: the document.
        beginning: what each document of its form begins with; a file with another one is kept.

    Raises:
        Failure: ``not-writable``.
    """
    try:
        if file.is_file():
            with file.open("rb") as existing:
                head = existing.read(len(beginning))
            if head != beginning:
                raise failure(
                    "not-writable",
                    "a file that is no such document is there, and it is kept",
                    file=str(file),
                    fix="write `--out` and another name, or move that file away",
                )
        write_file(file, content, folders=True)
    except OSError as error:
        summary = f"it cannot be written: {error.strerror or error}"
        raise failure("not-writable", summary, file=str(file)) from error
