"""Consent on a real terminal: what is typed, keys that interrupt included."""

from __future__ import annotations

import ast
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pennyform import cli
from pennyform.sandbox import Sandbox

from .world import Office, books_of

# The terminal must be the process's own for its keys to become signals.
ON_TERMINAL = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "from pennyform.cli import main; sys.exit(main(sys.argv[1:]))"
)
# So that a test that would wait without end fails instead.
LONGEST = 120.0


@pytest.mark.parametrize(
    ("typed", "code", "said", "made"),
    [
        (b"yes\n", 0, "INV-1  final as", 1),
        (b"y\n", 1, "nothing was changed", 0),
        (b"\x04", 1, "nothing was changed", 0),
        (b"\x03", 130, "", 0),
    ],
    ids=["yes", "y", "end-of-input", "interrupt"],
)
def test_consent(tmp_path: Path, typed: bytes, code: int, said: str, made: int) -> None:
    office = Office(tmp_path / "repository")
    office.define("INV-1", finalize=True)
    office.close()
    ended, shown = typing(typed, office.root)
    assert ended == code, shown
    assert "INV-1 will be created, verified and finalized" in shown
    assert said in shown
    assert "Traceback" not in shown
    sandbox = Sandbox(office.root / ".pennyform" / "sandbox.db")
    assert len(books_of(sandbox)) == made
    sandbox.close()


def typing(typed: bytes, folder: Path) -> tuple[int, str]:
    """The exit code of an apply, once it asked and was answered, and what the terminal showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_TERMINAL, "apply", "--no-color"]
    process = subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        shown = read_until(ours, b"Only 'yes' is accepted: ")
        os.write(ours, typed)
        shown += read_until(ours, None)
        return process.wait(LONGEST), shown.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, end: bytes | None) -> bytes:
    """What is shown until ``end`` shows, or until the other side is gone."""
    shown, until = b"", time.monotonic() + LONGEST
    while end is None or end not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise AssertionError(f"still waiting after {LONGEST} s: {shown!r}")
        try:
            read = os.read(terminal, 4096)
        except OSError:  # how Linux says that nobody has the other side open any more
            break
        if not read:
            break
        shown += read
    return shown


def test_what_is_printed_as_a_line_is_written_as_one() -> None:
    """A break within a line is shown as a space, so that no text of others begins a line."""
    broken = [
        f"{file.name}:{node.lineno}"
        for file in Path(cli.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("print", "print_error")
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and "\n" in part.value
    ]
    assert broken == []
