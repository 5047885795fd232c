"""Files that definitions name: inside the repository, whatever the path says and wherever links lead."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pennyform.invoices.sources.discover import close_name
from pennyform.invoices.yaml.scalars import FORBIDDEN


class UnsafePathError(ValueError):
    """A path that must not be followed, or leads to no file; the text says why, ``fix`` what may be meant."""

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.fix = fix


def resolve_inside(root: Path, folder: Path, stated: str) -> Path:
    """The regular file inside ``root`` that ``stated`` names.

    Args:
        root: the folder of the invoice repository, resolved.
        folder: where the definition lies that names the file; ``stated`` is relative to it.
        stated: a path with ``/`` between folders.

    Returns:
        The file, free of symbolic links.

    Raises:
        RefusedPathError: the path is absolute, leads out of ``root`` itself or by a symbolic link, or there
            is no regular file there.
    """
    if Path(stated).is_absolute():
        raise UnsafePathError("the path must be relative to the definition")
    if "\\" in stated or "\0" in stated:
        raise UnsafePathError("folders are separated by `/`")
    if "\n" in stated or FORBIDDEN.search(stated):
        raise UnsafePathError("its name holds an invisible character", "rename the file")
    within = Path(os.path.normpath(folder / stated))
    if not within.is_relative_to(root):
        raise UnsafePathError("it lies outside the invoice repository")
    try:
        real = within.resolve(strict=True)
        regular = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError) as error:
        raise UnsafePathError(_why(error), _meant(within, stated)) from error
    if not real.is_relative_to(root):
        raise UnsafePathError("a symbolic link leads out of the invoice repository")
    if not regular:
        raise UnsafePathError("it is not a regular file")
    return real


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such file"
    return f"it cannot be read: {getattr(error, 'strerror', None) or 'its symbolic links go in circles'}"


def _meant(missing: Path, stated: str) -> str:
    close = close_name(missing)
    return f"write `{stated.removesuffix(missing.name)}{close}`" if close else ""
