"""Measure whole commands: wall time, peak memory, and the weight of what they wrote."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One finished command: seconds on the wall and of processor time, peak resident memory in MiB."""

    seconds: float
    processor: float
    mebibytes: float


@dataclass(frozen=True)
class Weight:
    """What a folder of Python code weighs."""

    files: int
    lines: int
    bytes: int


def run(command: Sequence[str], *, cwd: Path | None = None) -> Run:
    """Run a command to its end and measure it; a failing command is an error, not a measurement.

    It may leave bytecode behind, as on the machines of users: the first run of several pays for that.
    """
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(command: Sequence[str], *, times: int) -> Run:
    """Several runs of a command: each figure the least of all."""
    return least(run(command) for _ in range(times))


def least(runs: Iterable[Run]) -> Run:
    """Each figure the least of some runs: what else a machine does can only add to it."""
    figures = [(each.seconds, each.processor, each.mebibytes) for each in runs]
    return Run(*map(min, zip(*figures, strict=True)))


def weigh(*folders: Path) -> Weight:
    """Count the Python files below some folders, their lines and bytes."""
    contents = [path.read_bytes() for folder in folders for path in folder.rglob("*.py")]
    return Weight(len(contents), sum(text.count(b"\n") for text in contents), sum(map(len, contents)))
