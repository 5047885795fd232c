"""What every verb does with a terminal: colour or not, findings, closing lines."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from pennyform.findings import Finding, tidy
from pennyform.report.findings.text import SourceLine, Style, counted, render

_LARGEST_SOURCE = 1024 * 1024


def add_paths(parser: argparse.ArgumentParser) -> None:
    """The files and folders that a verb works on: ``args.paths``."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="FILE|FOLDER",
        help="definitions; the folder one is in by default",
    )


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """``--format``, the first one given being the default, and ``--no-color``."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help="how to print; default: %(default)s"
    )
    parser.add_argument("--no-color", action="store_true", help="never colour; the same as NO_COLOR=1")


def add_page(parser: argparse.ArgumentParser) -> None:
    """``--html``: a page to look at and to send, besides what is printed."""
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a page to look at, to print and to send"
    )


def style(stream: TextIO, *, no_color: bool = False) -> Style:
    """Colour only on a terminal, and never when the user does not want it."""
    wanted = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(colour=wanted and stream.isatty())


def near(path: str | Path) -> str:
    """A path as one would type it here: relative when it lies below the current folder."""
    text, here = str(path), f"{Path.cwd()}{os.sep}"
    return text[len(here) :] if text.startswith(here) else text


def print_findings(
    findings: Iterable[Finding], stream: TextIO | None = None, *, no_color: bool = False
) -> None:
    """Print ``findings`` as text, sorted, each with its source line.

    Args:
        findings: in any order; repeats are dropped.
        stream: standard output when left out.
        no_color: the user asked for none.
    """
    stream = stream or sys.stdout
    seen = [finding._replace(file=near(finding.file)) for finding in findings]
    text = render(tidy(seen), _source(), style(stream, no_color=no_color))
    stream.write(printable(text, stream))


def rendered(findings: Iterable[Finding]) -> str:
    """``findings`` as text for a file: sorted, each with its source line, never coloured."""
    return render(tidy(findings), _source())


def print_counts(what: str, findings: list[Finding], stream: TextIO | None = None) -> None:
    """The closing line: what was looked at, and how many findings there are."""
    print(f"{what}: {counted(findings)}", file=stream or sys.stdout)


def printable(text: str, stream: TextIO) -> str:
    """``text`` with what the stream's encoding cannot say replaced, so that printing never fails."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _source() -> SourceLine:
    """What gives lines of files, each file read once."""
    lines_of = lru_cache(maxsize=64)(_lines)

    def line(file: str, number: int) -> str | None:
        lines = lines_of(file)
        return lines[number - 1] if 0 < number <= len(lines) else None

    return line


def _lines(file: str) -> list[str]:
    path = Path(file)
    try:
        # A link may lead to anything, and what it leads to is not for a log.
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_SOURCE:
            return []
        return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except (OSError, ValueError):
        return []
