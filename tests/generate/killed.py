"""A process that is killed between two of the files that it replaces."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def killed_after(moves: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a process that is killed once so many files have moved into place; whether it was."""
    child = os.fork()
    if not child:
        replace, moved = Path.replace, iter(range(moves))

        def replace_or_die(path: Path, target: Path) -> Path:
            if next(moved, None) is None:
                os._exit(9)
            return replace(path, target)

        Path.replace = replace_or_die  # type: ignore[method-assign, assignment]
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9
