"""The files that documents are written into: one that is named, or each in a folder."""

from __future__ import annotations

from pathlib import Path

from pennyform.findings import failure
from pennyform.safe_files import write_file


def holds_several(out: Path, count: int) -> bool:
    """Whether ``out`` is the folder of so many documents, and not the file of one.

    Raises:
        Failure: ``preview-output``: several would go into one file.
    """
    if count > 1 and out.suffix and not out.is_dir():
        raise failure(
            "preview-output",
            f"{count} documents cannot be written into one file",
            fix="write `--out` and a folder",
        )
    return out.is_dir() or count > 1 or not out.suffix


def write_document(file: Path, content: bytes) -> None:
    """Write a document, and make the folders on the way.

    Raises:
        Failure: ``not-writable``.
    """
    try:
        write_file(file, content, folders=True)
    except OSError as error:
        summary = f"it cannot be written: {error.strerror or error}"
        raise failure("not-writable", summary, file=str(file)) from error
