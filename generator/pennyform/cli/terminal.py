"""The streams and the environment of a command, what every command prints on them, and the exit codes.

Whatever a command says passes :class:`Output`, which lets neither secrets through, nor what hides or controls
a terminal, nor what a CI system would take for a command. Formats with escapes of their own (JSON, HTML,
Markdown) use them before, and nothing is left to do here. A stream that fails does not fail the command.
"""

from __future__ import annotations

import datetime as dt
import errno
import io
import os
import re
import select
import stat
import sys
import time
from _thread import allocate_lock
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO, cast

from pennyform.findings import Finding, defect_place, tidy
from pennyform.report.findings.text import SourceLine, render
from pennyform.report.shared.layout import SEQUENCE, Ansi, Layout
from pennyform.safe_files import is_secret, open_inside, repository_around
from pennyform.text import encodable, log_lines, visible_line

if TYPE_CHECKING:
    from pennyform.redaction import Redactor

TOKEN_VARIABLE = "PENNYLANE_API_TOKEN"  # noqa: S105 - the name of a variable
_SECRET_VARIABLES = (TOKEN_VARIABLE, "PENNYFORM_STATE_KEY", "PENNYFORM_DATABASE_URL")
_LARGEST_SOURCE = 1024 * 1024
_NOTHING_LOST = (
    "  why: What was sent before is in the journal: the next apply looks it up, and asks about mails."
)
# A terminal that is narrower is laid out as one of this width.
_NARROWEST, _MOST_DIGITS = 40, 6
# The progress bar in characters; fewer steps than this are over before anybody wonders.
_BAR_WIDTH, _FEW_STEPS = 30, 20
# A reader that takes nothing for this long will not: the command goes on without it, and lets go of its lock.
PATIENCE = 30.0
# A pipe with room for this much takes it at once (POSIX, PIPE_BUF is at least 512).
_CHUNK = 512
_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})


# --- streams ----------------------------------------------------------------------------------------------


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


# --- what a command gets and gives ------------------------------------------------------------------------


class Exit(IntEnum):
    """What a finished command says to the shell: the exit codes of every verb, defined only here.

    docs/command-line.md carries the same table.
    """

    OK = 0
    ERROR = 1
    PENDING = 2
    DRIFT = 3
    FINDINGS = 4
    UNKNOWN = 5
    USAGE = 64
    TRY_LATER = 75
    INTERRUPTED = 130


# No dataclass: `validate` runs in commit hooks, and importing dataclasses would be a tenth of its time.
class Terminal(NamedTuple):
    """Where a command reads and writes, the environment variables it was started with, and on which day.

    ``no_color`` tells that the user wants no colour, ``width`` how many columns a line may take: None where
    there is no terminal, and it may take any number. Commands with an account have a clock of their own.
    ``reported`` gets the findings that are printed, for those who show them once more.
    What is written on the streams of a :meth:`guarded` terminal, and in the files that reports go to, is
    without ``secrets``.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    no_color: bool = False
    today: dt.date | None = None
    secrets: Secrets = Secrets()
    width: int | None = None
    reported: list[Finding] | None = None

    @classmethod
    def system(cls) -> Terminal:
        """Those of this process."""
        # Any of them may be closed (`<&-`): without an input there is nobody to ask.
        stdin = sys.stdin or io.StringIO()
        today = dt.datetime.now(dt.UTC).date()
        return cls(
            stdin, sys.stdout, sys.stderr, os.environ, today=today, width=_width(sys.stdout, os.environ)
        )

    def guarded(self) -> Terminal:
        """The same with its outputs behind one gate, which knows the secrets of the environment variables."""
        secrets = Secrets()
        for name in _SECRET_VARIABLES:
            if value := self.environ.get(name):
                secrets.add(value)
        stdout, stderr = (guarded(stream, secrets) for stream in (self.stdout, self.stderr))
        return self._replace(stdout=cast("TextIO", stdout), stderr=cast("TextIO", stderr), secrets=secrets)

    def print(self, *lines: str) -> None:
        """Print lines on standard output; one is broken only where the terminal is too narrow for it."""
        self.stdout.write(self._laid_out(lines))

    def print_error(self, *lines: str) -> None:
        """The same on standard error."""
        self.stderr.write(self._laid_out(lines))
        self.stderr.flush()

    def _laid_out(self, lines: Iterable[str]) -> str:
        return "".join(f"{text}\n" for text in self.layout().fit(map(visible_line, lines)))

    def write(self, text: str) -> None:
        """Write a document, or lines that a report has laid out, on standard output."""
        self.stdout.write(text)

    def write_annotations(self, text: str) -> None:
        """Write lines that are commands to GitHub on standard output."""
        guarded(self.stdout, self.secrets).write_annotations(text)

    def ansi(self, stream: TextIO | None = None) -> Ansi:
        """Colour for ``stream`` (standard output), if it is a terminal and the user wants colour."""
        unwanted = self.no_color or self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb"
        return Ansi(enabled=not unwanted and (stream or self.stdout).isatty())

    def layout(self, stream: TextIO | None = None) -> Layout:
        """Width and colour of text for ``stream`` (standard output)."""
        return Layout(self.width, self.ansi(stream))

    def print_findings(self, findings: Iterable[Finding], stream: TextIO | None = None) -> None:
        """Print ``findings`` as text, sorted and without repeats, each with its source line.

        ``stream`` is standard error when left out.
        """
        findings = list(findings)
        if not findings:
            return
        if self.reported is not None:
            self.reported.extend(findings)
        stream = stream or self.stderr
        stream.write(render(tidy(map(shortened, findings)), _source_lines(), self.layout(stream)))

    def print_bug(self, defect: Exception) -> None:
        """Say that pennyform is at fault, and where, on standard error."""
        if self.environ.get("PENNYFORM_DEBUG"):
            import traceback  # slow to import, and hardly ever needed

            self.stderr.write("".join(traceback.format_exception(defect)))
            return
        self.print_error(
            f"error internal: a defect of pennyform stopped this command ({defect_place(defect)})",
            _NOTHING_LOST,
            "  fix: report it; with PENNYFORM_DEBUG=1 the command shows the whole traceback",
        )

    def print_os_error(self, problem: OSError) -> None:
        """Say what the system refused: a full or a read-only disk, most often under what is printed."""
        self.print_error(
            f"error system: the system refused: {problem}",
            _NOTHING_LOST,
            "  fix: make room, or let it be written, and run the command again",
        )


def _width(stdout: TextIO | None, environ: Mapping[str, str]) -> int | None:
    """How many columns text may take: what ``COLUMNS`` says, or the terminal; None when there is none."""
    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and len(columns) < _MOST_DIGITS else 0
    if not width and stdout is not None:
        try:
            width = os.get_terminal_size(stdout.fileno()).columns
        except (OSError, ValueError):
            return None
    return max(width, _NARROWEST) if width else None


def shorten_path(path: str | Path) -> str:
    """A path as one would type it here: relative when it lies below the current folder."""
    text, current = str(path), f"{Path.cwd()}{os.sep}"
    return text[len(current) :] if text.startswith(current) else text


def shortened(finding: Finding) -> Finding:
    """``finding`` with its file as one would type it here."""
    return finding._replace(file=shorten_path(finding.file))


def render_findings(findings: Iterable[Finding]) -> str:
    """``findings`` as text for a file: sorted, each with its source line, never coloured."""
    return render(tidy(findings), _source_lines())


def _source_lines() -> SourceLine:
    """What gives lines of files, each file read once."""

    @lru_cache(maxsize=64)
    def lines_of(file: str) -> list[str]:
        # A link may lead to anything, and what it leads to is not for a log; no more is a secret.
        path = Path.cwd() / file
        root = repository_around(path) or path.parent
        try:
            with open(open_inside(root, path), "rb") as stream:  # noqa: PTH123 - a descriptor
                status = os.fstat(stream.fileno())
                if status.st_size > _LARGEST_SOURCE or is_secret(status, root):
                    return []
                return stream.read().decode("utf-8-sig", "replace").split("\n")
        except (OSError, ValueError):
            return []

    def line(file: str, number: int) -> str | None:
        lines = lines_of(file)
        return lines[number - 1] if 0 < number <= len(lines) else None

    return line


# --- progress ---------------------------------------------------------------------------------------------


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Callable[[int, int], None]]:
    """Show progress on ``stream``; gives what is called after each step with the steps done and in all."""
    output = guarded(stream, Secrets())
    show = _bar(output) if output.isatty() else _tenths(output)
    yield lambda done, total: show(done, total) if total >= _FEW_STEPS else None
    if output.isatty():
        output.redraw("")


def _bar(output: Output) -> Callable[[int, int], None]:
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        filled = _BAR_WIDTH * done // total
        rate = done / max(time.monotonic() - start, 0.001)
        bar = "#" * filled + "-" * (_BAR_WIDTH - filled)
        seconds = (total - done) / rate
        output.redraw(f"[{bar}] {done}/{total} steps, {rate:.1f}/s, {seconds:.0f} s left")

    return show


def _tenths(output: Output) -> Callable[[int, int], None]:
    reached = 0

    def show(done: int, total: int) -> None:
        nonlocal reached
        tenth = 10 * done // total
        if tenth > reached:
            reached = tenth
            output.write(f"{tenth * 10} % ({done} of {total} steps)\n")

    return show
