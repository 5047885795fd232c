"""The output streams. Their failure changes neither what a command does nor what it returns."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from typing import TextIO, cast

# A reader that takes nothing for this long will not: the command goes on without it, and lets go of its lock.
PATIENCE = 30.0
# A pipe with room for this much takes it at once (POSIX, PIPE_BUF is at least 512).
_CHUNK = 512
_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})


class Output:
    """A text stream to write on. Once it fails, or its reader stalls, the rest is dropped.

    Work that is under way must end as it would have: with ``apply … | head``, half of the invoices would
    otherwise be written, and nobody told.
    """

    def __init__(self, stream: TextIO | None, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._patience = patience
        self._file: int | None = None
        self.lost = "" if stream else "it is closed"
        """Why something was dropped; "" while nothing was."""
        self.reader_left = False
        """Whether the reader of a pipe went away, as ``head`` does: nothing to complain about."""
        try:
            if stream:
                stream.flush()
                self._file = stream.fileno()
        except (OSError, ValueError):
            # No file behind it, as in tests.
            self._file = None

    @property
    def encoding(self) -> str:
        """How text becomes bytes."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def flush(self) -> None:
        """Nothing is kept back: there is nothing to do."""

    def write(self, text: str) -> int:
        """Write ``text``, or as much of it as is taken."""
        if not self.lost:
            try:
                self._write(text)
            except OSError as problem:
                self.reader_left = problem.errno in _GONE
                self.lost = problem.strerror or str(problem)
            except ValueError:
                self.lost = "it is closed"
        return len(text)

    def _write(self, text: str) -> None:
        if self._stream is None or self._file is None:
            cast("TextIO", self._stream).write(text)
            return
        rest = memoryview(text.encode(self.encoding, getattr(self._stream, "errors", None) or "replace"))
        # A person may hold a terminal (Ctrl-S) for as long as they like; a file takes everything at once.
        is_pipe = stat.S_ISFIFO(kind := os.fstat(self._file).st_mode) or stat.S_ISSOCK(kind)
        while rest:
            if is_pipe and not self._is_ready():
                raise TimeoutError(errno.ETIMEDOUT, f"its reader took nothing for {self._patience:g} s")
            rest = rest[os.write(self._file, rest[:_CHUNK] if is_pipe else rest) :]

    def _is_ready(self) -> bool:
        poll = select.poll()
        poll.register(cast("int", self._file), select.POLLOUT)
        return bool(poll.poll(self._patience * 1000))


def system_outputs() -> tuple[TextIO, TextIO]:
    """Standard output and standard error of this process."""
    return cast("TextIO", Output(sys.stdout)), cast("TextIO", Output(sys.stderr))


def lost(stream: TextIO) -> str:
    """Why something written on ``stream`` was dropped, unless its reader left; "" otherwise."""
    return stream.lost if isinstance(stream, Output) and not stream.reader_left else ""
