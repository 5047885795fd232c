"""Output that cannot be written: the work is done anyway, and the exit code tells the truth."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pennyform.cli.terminal import Output
from pennyform.sandbox import Sandbox

from .world import CUSTOMER, Office, books_of

PENNYFORM = f"{shlex.quote(sys.executable)} -m pennyform"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with more to say than a pipe holds at once."""
    office = Office(tmp_path / "repository")
    for number in range(1, 4):
        office.define(f"INV-{number}", finalize=True)
    office.close()
    monkeypatch.chdir(office.root)
    return office.root


def shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run ``script``; the exit code of its first command is the last line that it prints."""
    return subprocess.run(
        ["bash", "-c", f"{script}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=100
    )


def numbers(folder: Path) -> list[str]:
    sandbox = Sandbox(folder / ".pennyform" / "sandbox.db")
    try:
        return sorted(row["invoice_number"] for rows in books_of(sandbox).values() for row in rows)
    finally:
        sandbox.close()


@pytest.mark.parametrize("output", ["| true", "| head -n 1 >/dev/null", "> /dev/full", ">&-", "2>&- | true"])
def test_an_apply_ends_as_it_would_have(folder: Path, output: str) -> None:
    done = shell(f"{PENNYFORM} apply --auto-approve {output}")
    assert done.stdout.splitlines()[-1] == "0"
    assert len(numbers(folder)) == 3
    assert all(numbers(folder))
    assert "Traceback" not in done.stderr
    assert "internal" not in done.stderr


@pytest.mark.parametrize("output", ["| true", "> /dev/full", ">&-"])
@pytest.mark.parametrize(("verb", "code"), [("verify", 3), ("plan --detailed-exitcode", 2)])
def test_the_exit_code_is_true(folder: Path, verb: str, code: int, output: str) -> None:
    done = shell(f"{PENNYFORM} {verb} {output}")
    assert done.stdout.splitlines()[-1] == str(code)
    assert "Traceback" not in done.stderr


# All verbs write through one output: each meets one way to lose it, and two verbs above meet every way.
@pytest.mark.parametrize(
    ("verb", "code", "output"),
    [
        ("validate invoices/none.yaml", 1, "| head -c0"),
        ("render .", 0, ">&- 2>&-"),
        ("rules", 0, "> /dev/full 2> /dev/full"),
        ("fmt --check .", 4, "| head -c0"),
        ("auth status", 0, ">&- 2>&-"),
        ("apply --environment production", 1, "> /dev/full 2> /dev/full"),
        ("sandbox reset", 0, "| head -c0"),
        ("plan --help", 0, ">&- 2>&-"),
        ("--nonsense", 64, "> /dev/full 2> /dev/full"),
    ],
)
def test_the_exit_code_of_every_verb_is_true(folder: Path, verb: str, code: int, output: str) -> None:
    (folder / "customers" / "acme.yaml").write_text(
        "name:   ACME\n" + CUSTOMER.replace("name: ACME SAS\n", "")
    )
    done = shell(f"{PENNYFORM} {verb} {output}")
    assert done.stdout.splitlines()[-1] == str(code)
    assert "Traceback" not in done.stderr
    assert "internal" not in done.stderr


def test_a_page_that_cannot_be_written_hides_no_result_and_stops_nothing(folder: Path) -> None:
    done = shell(f"{PENNYFORM} verify --html /dev/full")
    assert done.stdout.splitlines()[-1] == "3"
    assert "No space left on device" in done.stderr
    done = shell(f"{PENNYFORM} plan --html {folder}/nowhere/page.html --out it.plan")
    assert done.stdout.splitlines()[-1] == "1"
    assert "page-not-written" in done.stderr
    assert ".part" not in done.stderr
    assert (folder / "it.plan").exists()
    assert shell(f"{PENNYFORM} apply it.plan").stdout.splitlines()[-1] == "0"


def test_what_was_lost_is_said_unless_the_reader_left(folder: Path) -> None:
    assert "could not be written: No space left" in shell(f"{PENNYFORM} plan > /dev/full").stderr
    assert "could not be written" not in shell(f"{PENNYFORM} plan | true").stderr


def test_an_interrupted_apply_whose_reader_left_says_130(folder: Path) -> None:
    """Ctrl-C reaches every process of a pipe, and its reader is gone first."""
    reader, writer = os.pipe()
    os.close(reader)
    # Interrupted while it waits for a person: nothing was changed.
    controlling, terminal = os.openpty()
    command = [sys.executable, "-m", "pennyform", "apply"]
    with subprocess.Popen(command, stdin=terminal, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        assert process.stderr
        books = folder / ".pennyform" / "sandbox.db"
        while process.poll() is None:
            # It has begun once there are books, and waits for an answer soon after. One signal asks to stop
            # after the step at hand; a second one, as people do, while it still ends.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1 if not books.exists() else 3.0)
            if books.exists() and process.poll() is None:
                process.send_signal(signal.SIGINT)
        assert process.returncode == 130
    os.close(controlling)
    os.close(terminal)
    assert numbers(folder) == []


@pytest.fixture
def pipe() -> Iterator[tuple[int, Output]]:
    """The reading end of a pipe, and an output that gives up on its reader soon."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, Output(stream, patience=0.05)
    os.close(reader)


def test_a_reader_that_stalls_is_given_up(pipe: tuple[int, Output]) -> None:
    _, output = pipe
    output.write("x" * 1_000_000)
    assert output.lost == "its reader took nothing for 0.05 s"
    output.write("more")


def test_a_slow_reader_gets_everything(pipe: tuple[int, Output]) -> None:
    reader, output = pipe
    text = "é" * 200_000
    received: list[bytes] = []

    def read() -> None:
        while sum(map(len, received)) < len(text.encode()):
            received.append(os.read(reader, 4096))

    thread = threading.Thread(target=read)
    thread.start()
    patient = Output(output._stream, patience=30.0)
    patient.write(text)
    thread.join()
    assert b"".join(received).decode() == text
    assert not patient.lost


def test_json_is_whole_on_a_pipe(folder: Path) -> None:
    done = shell(f"{PENNYFORM} plan --format json 2>/dev/null | cat")
    assert len(json.loads(done.stdout.rpartition("}")[0] + "}")["changes"]) == 4
