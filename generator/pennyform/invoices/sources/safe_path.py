"""Files that definitions name: inside the repository, whatever the path says and wherever links lead."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from pennyform.findings import Finding, Severity, closest_name
from pennyform.invoices.yaml.events import FORBIDDEN

# A line break in a name would begin a line of its own in a log, where it could be taken for a command.
_FORBIDDEN_IN_NAMES = re.compile(f"[\t\r\n]|{FORBIDDEN.pattern}")


class UnsafePathError(ValueError):
    """A path that must not be followed, or leads to no file; the text says why, ``fix`` what may be meant."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix


def resolve_inside(root: Path, folder: Path, relative: str) -> Path:
    """The regular file inside ``root`` that ``relative`` names.

    Args:
        root: the folder of the invoice repository, resolved.
        folder: where the definition lies that names the file; ``relative`` starts from it.
        relative: a path with ``/`` between folders.

    Returns:
        The file, free of symbolic links.

    Raises:
        UnsafePathError: the path is absolute, leads out of ``root`` itself or by a symbolic link, or there
            is no regular file there.
    """
    if Path(relative).is_absolute():
        raise UnsafePathError("the path must be relative to the definition")
    if "\\" in relative or "\0" in relative:
        raise UnsafePathError("folders are separated by `/`")
    if "\n" in relative or FORBIDDEN.search(relative):
        raise UnsafePathError("its name holds an invisible character", "rename the file")
    path = Path(os.path.normpath(folder / relative))
    # Before the file system is asked: whether a file exists elsewhere is nobody's business.
    if not path.is_relative_to(root):
        raise UnsafePathError("it lies outside the invoice repository")
    try:
        real = path.resolve(strict=True)
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        # The names in a folder elsewhere are nobody's business either.
        close = close_name(path) if leads_inside(path.parent, root) else ""
        fix = f"write `{relative.removesuffix(path.name)}{close}`" if close else ""
        raise UnsafePathError("there is no such file", fix) from error
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its symbolic links go in circles"
        raise UnsafePathError(f"it cannot be read: {reason}") from error
    if not real.is_relative_to(root):
        raise UnsafePathError("a symbolic link leads out of the invoice repository")
    if not is_regular:
        raise UnsafePathError("it is not a regular file")
    return real


def close_name(missing: Path) -> str:
    """The name beside a missing file that is probably meant; "" when none is close."""
    try:
        names = sorted(path.name for path in missing.parent.iterdir())
    except OSError:
        return ""
    return closest_name(missing.name, names, cutoff=0.85)


def rejected_files(files: Iterable[tuple[Path, str]], root: Path) -> dict[Path, Finding]:
    """Those of ``files`` that are not to be read, for their names or where they lead, each with the reason.

    Args:
        files: each with the name that findings call it by.
        root: the folder of the invoice repository, resolved.
    """
    rejected = {}
    for path, name in files:
        if _FORBIDDEN_IN_NAMES.search(name):
            rejected[path] = Finding(
                "control-character",
                Severity.ERROR,
                "the name of the file holds an invisible character",
                _FORBIDDEN_IN_NAMES.sub(lambda match: f"\\u{ord(match.group()):04x}", name),
                1,
                1,
                detail="It was not read: such a name can make a log say something else than what is so.",
                fix="rename it",
            )
        # os.path is several times as fast as pathlib, and this is asked of every file.
        elif os.path.islink(path) and not leads_inside(path, root):  # noqa: PTH114
            rejected[path] = Finding(
                "file-unreadable",
                Severity.ERROR,
                "it is a link that leads out of the repository, or nowhere",
                name,
                1,
                1,
                detail="What it leads to is not read: a repository speaks for itself.",
                fix="put what it leads to here",
            )
    return rejected


def leads_inside(link: Path, root: Path) -> bool:
    """Whether ``link``, or any path, leads to something inside ``root``."""
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False
