"""The streams and the environment of a command, and what every command prints on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TextIO

from pennyform.findings import Finding, tidy
from pennyform.report.findings.text import SourceLine, render
from pennyform.report.shared.ansi import Ansi
from pennyform.text import encodable

_LARGEST_SOURCE = 1024 * 1024


# No dataclass: `validate` runs in commit hooks, and importing dataclasses would be a tenth of its time.
class Terminal(NamedTuple):
    """Where a command reads and writes, and the environment variables it was started with.

    ``no_color`` tells that the user wants no colour.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    no_color: bool = False

    @classmethod
    def system(cls) -> Terminal:
        """Those of this process."""
        return cls(sys.stdin, sys.stdout, sys.stderr, os.environ)

    def print(self, text: str) -> None:
        """Print a line on standard output."""
        print(text, file=self.stdout)

    def print_error(self, text: str) -> None:
        """Print a line on standard error."""
        print(text, file=self.stderr, flush=True)

    def write(self, text: str) -> None:
        """Write ``text`` on standard output, whatever its encoding."""
        self.stdout.write(encodable(text, self.stdout.encoding or "utf-8"))

    def ansi(self, stream: TextIO | None = None) -> Ansi:
        """Colour for ``stream`` (standard output), if it is a terminal and the user wants colour."""
        unwanted = self.no_color or self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb"
        return Ansi(enabled=not unwanted and (stream or self.stdout).isatty())

    def print_findings(self, findings: Iterable[Finding], stream: TextIO | None = None) -> None:
        """Print ``findings`` as text, sorted and without repeats, each with its source line.

        ``stream`` is standard error when left out.
        """
        stream = stream or self.stderr
        relative = [finding._replace(file=shorten_path(finding.file)) for finding in findings]
        text = render(tidy(relative), _source_lines(), self.ansi(stream))
        stream.write(encodable(text, stream.encoding or "utf-8"))


def shorten_path(path: str | Path) -> str:
    """A path as one would type it here: relative when it lies below the current folder."""
    text, current = str(path), f"{Path.cwd()}{os.sep}"
    return text[len(current) :] if text.startswith(current) else text


def render_findings(findings: Iterable[Finding]) -> str:
    """``findings`` as text for a file: sorted, each with its source line, never coloured."""
    return render(tidy(findings), _source_lines())


def _source_lines() -> SourceLine:
    """What gives lines of files, each file read once."""

    @lru_cache(maxsize=64)
    def lines_of(file: str) -> list[str]:
        path = Path(file)
        try:
            # A link may lead to anything, and what it leads to is not for a log.
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_SOURCE:
                return []
            return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        except (OSError, ValueError):
            return []

    def line(file: str, number: int) -> str | None:
        lines = lines_of(file)
        return lines[number - 1] if 0 < number <= len(lines) else None

    return line
