"""Files of a repository that are not read, for what they lead to or how they are called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pennyform.findings import Finding, Severity
from pennyform.invoices.yaml.scalars import FORBIDDEN

# A line break in a name would begin a line of its own in a log, where it could be taken for a command.
_IN_NAMES = re.compile(f"[\t\r\n]|{FORBIDDEN.pattern}")


def refusals(files: Iterable[tuple[Path, str]], root: Path) -> dict[Path, Finding]:
    """Those of ``files`` that are not to be read, each with the finding that says why.

    Args:
        files: each with the name that findings call it by.
        root: the folder of the invoice repository, resolved.
    """
    found = {path: _refusal(path, name, root) for path, name in files}
    return {path: finding for path, finding in found.items() if finding}


def _refusal(path: Path, name: str, root: Path) -> Finding | None:
    if _IN_NAMES.search(name):
        return Finding(
            "control-character",
            Severity.ERROR,
            "the name of the file holds an invisible character",
            _IN_NAMES.sub(lambda found: f"\\u{ord(found.group()):04x}", name),
            1,
            1,
            detail="It was not read: such a name can make a log say something else than what is so.",
            fix="rename it",
        )
    # os.path is several times as fast as pathlib, and this is asked of every file.
    if os.path.islink(path) and not path.resolve().is_relative_to(root):  # noqa: PTH114
        return Finding(
            "file-unreadable",
            Severity.ERROR,
            "the file is a link that leads out of the repository",
            name,
            1,
            1,
            detail="What it leads to is not read: a repository speaks for itself.",
            fix="put the file itself here",
        )
    return None
