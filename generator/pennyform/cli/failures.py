"""What a user reads when pennyform itself, or the system under it, is at fault."""

from __future__ import annotations

import traceback
from typing import TextIO

_WHY = "  why: What was sent before is in the journal: nothing is lost, and the next apply settles it.\n"


def report_bug(defect: Exception, stream: TextIO) -> None:
    """Say that pennyform is at fault, and where.

    The defect's own text stays out: it may quote what was sent.
    """
    frame = traceback.extract_tb(defect.__traceback__)[-1]
    module = frame.filename.rpartition("/")[2]
    print(
        f"error internal: a defect of pennyform stopped this command"
        f" ({type(defect).__name__} at {module}:{frame.lineno})\n{_WHY}"
        "  fix: report it; with PENNYFORM_DEBUG=1 the command shows the whole traceback",
        file=stream,
    )


def report_os_error(problem: OSError, stream: TextIO) -> None:
    """Say what the system refused: a full or a read-only disk, most often under what is printed."""
    print(
        f"error system: the system refused: {problem}\n{_WHY}"
        "  fix: make room, or let it be written, and run the command again",
        file=stream,
    )
