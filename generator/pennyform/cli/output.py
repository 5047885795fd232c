"""The output streams: all output passes here, and a stream that fails does not fail the command.

Whatever a command says passes :class:`Output`, which lets neither secrets through, nor what hides or controls
a terminal, nor what a CI system would take for a command. Formats with escapes of their own (JSON, HTML,
Markdown) use them before, and nothing is left to do here.
"""

from __future__ import annotations

import errno
import os
import re
import select
import stat
from _thread import allocate_lock
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, cast

from pennyform.report.shared.layout import SEQUENCE
from pennyform.text import encodable, log_lines

if TYPE_CHECKING:
    from pennyform.redaction import Redactor

# A reader that takes nothing for this long will not: the command goes on without it, and lets go of its lock.
PATIENCE = 30.0
# A pipe with room for this much takes it at once (POSIX, PIPE_BUF is at least 512).
_CHUNK = 512
_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})


class Secrets:
    """What a command knows and nobody may read, such as the token: shared by all of its outputs."""

    def __init__(self) -> None:
        self._redactor: Redactor | None = None
        # Several companies make their tokens known at once. `threading` is too slow to import for a hook.
        self._adding = allocate_lock()

    def add(self, secret: str) -> None:
        """Keep ``secret`` out of whatever follows, unless it is too short to be one."""
        from pennyform.redaction import Redactor  # commit hooks know no secrets

        with self._adding:
            self._redactor = self._redactor or Redactor()
            self._redactor.add(secret)

    def __call__(self, text: str) -> str:
        """``text`` without them, however they are spelled."""
        return self._redactor(text) if self._redactor else text

    def are_in(self, make_text: Callable[[], str]) -> bool:
        """Whether a text spells one of them; it is made only if there are any."""
        return self._redactor is not None and self._redactor.is_in(make_text())


class Output:
    """A text stream to write on. Once it fails, or its reader stalls, the rest is dropped.

    Work that is under way must end as it would have: with ``apply … | head``, half of the invoices would
    otherwise be written, and nobody told.
    """

    def __init__(
        self, stream: TextIO | None, secrets: Secrets | None = None, patience: float = PATIENCE
    ) -> None:
        self._stream = stream
        self._secrets = secrets or Secrets()
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
        """Write lines, or as much of them as is taken."""
        # Colours are ours where there is a terminal; elsewhere nobody has asked for any.
        parts = re.split(SEQUENCE, self._secrets(text)) if self.isatty() else [self._secrets(text)]
        parts[::2] = map(log_lines, parts[::2])
        self._send("".join(parts))
        return len(text)

    def write_annotations(self, text: str) -> None:
        """Write lines that are commands to GitHub; what is in them has passed :mod:`pennyform.text`."""
        self._send(self._secrets(text))

    def redraw(self, line: str) -> None:
        """Write ``line`` in place of the last one of a terminal."""
        self._send(f"\r\x1b[K{log_lines(line)}")

    def _send(self, text: str) -> None:
        if not self.lost:
            try:
                # A console that lacks a character must not end a command that has done its work.
                self._write(encodable(text, self.encoding))
            except OSError as problem:
                self.reader_left = problem.errno in _GONE
                self.lost = problem.strerror or str(problem)
            except ValueError:
                self.lost = "it is closed"

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


def guarded(stream: TextIO | None, secrets: Secrets) -> Output:
    """``stream`` behind the gate."""
    return stream if isinstance(stream, Output) else Output(stream, secrets)


def lost(stream: TextIO) -> str:
    """Why something written on ``stream`` was dropped, unless its reader left; "" otherwise."""
    return stream.lost if isinstance(stream, Output) and not stream.reader_left else ""
