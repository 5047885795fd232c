"""The files of a run, without those that ``pennyform.yaml`` says are something else."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pennyform.invoices.sources.discover import Source, Sources, discover
from pennyform.invoices.sources.source_file import reading


def select(paths: Sequence[str | Path]) -> Sources:
    """Find the repository that ``paths`` belong to, and its files but the ignored ones.

    A file that is ignored stays so when it is given by name, as hooks do with every file of a commit.

    Raises:
        Failure: a path does not exist, or the paths belong to different repositories.
    """
    sources = discover(paths)
    patterns = _ignored(sources.settings)
    if not patterns:
        return sources
    return sources._replace(
        beside=tuple(source for source in sources.beside if not _matches(source, sources.root, patterns)),
        given=tuple(source for source in sources.given if not _matches(source, sources.root, patterns)),
    )


def _ignored(settings: Source | None) -> list[str]:
    """The patterns that the settings state. Whoever checks the settings reports what is wrong with them."""
    document = reading(settings).document if settings else None
    stated: Any = document.value if document else None
    patterns = stated.get("ignore") if isinstance(stated, dict) else None
    return [one.strip("/") for one in patterns if isinstance(one, str)] if isinstance(patterns, list) else []


def _matches(source: Source, root: Path, patterns: list[str]) -> bool:
    """Whether a pattern names the file or a folder around it."""
    if not source.path.is_relative_to(root):
        return False
    file = source.path.relative_to(root)
    names = [file.as_posix(), *(folder.as_posix() for folder in file.parents)]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
