"""Fuzz one target or all: ``python -m tests.fuzz [--target NAME] [--minutes N] [--seed S] [--keep]``.

Each target runs in a process of its own under libFuzzer, as many at a time as there are cores. It ends when
an input takes too long or too much memory. What fails is written to ``found/``, and the exit code is 1. The
same seed tries the same inputs, as many as there is time for.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .corpus import keep, kept, seeds
from .targets import TARGETS

# For one input of an instrumented process, which is slower than the product by far.
_MOST_SECONDS = 30
_MOST_MEGABYTES = 500
_SHORT_SECONDS = 1
_HERE = Path(__file__).parent
_FOUND = _HERE / "found"


def main() -> int:
    """Fuzz; returns the exit code."""
    options = _options()
    with ThreadPoolExecutor(os.cpu_count()) as at_work:
        held = at_work.map(lambda name: _fuzz(name, options), options.target)
        failed = [name for name, has_held in zip(options.target, held, strict=True) if not has_held]
    _say(f"failed: {', '.join(failed)}: see {_FOUND}" if failed else "nothing failed")
    return bool(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be repeated")
    parser.add_argument(
        "--minutes", type=float, help=f"for each target; {_SHORT_SECONDS} seconds if left out"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is tried")
    parser.add_argument("--keep", action="store_true", help="keep the inputs that lead somewhere new")
    options = parser.parse_args()
    options.target = options.target or list(TARGETS)
    options.seconds = round(options.minutes * 60) if options.minutes else _SHORT_SECONDS
    return options


def _fuzz(name: str, options: argparse.Namespace) -> bool:
    """Fuzz one target; False when something failed."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        inputs = work / "inputs"
        inputs.mkdir()
        for number, content in enumerate(seeds(name)):
            (inputs / str(number)).write_bytes(content)
        _FOUND.mkdir(exist_ok=True)
        began = time.monotonic()
        code, said = _libfuzzer(
            name,
            f"-seed={options.seed}",
            f"-max_total_time={options.seconds}",
            f"-timeout={_MOST_SECONDS}",
            f"-rss_limit_mb={_MOST_MEGABYTES}",
            f"-dict={_HERE / 'words' / name}.txt",
            f"-artifact_prefix={_FOUND}/{name}-",
            str(inputs),
        )
        runs = re.findall(r"^#(\d+)\t.*cov: (\d+)", said, re.MULTILINE)
        tried, reached = runs[-1] if runs else ("0", "0")
        _say(
            f"{name:12} {time.monotonic() - began:5.0f} s  {int(tried):>9,} inputs  {reached:>5} branches  "
            f"{'FAILED' if code else 'held'}"
        )
        if code:
            _say(said[-6000:])
        if options.keep:
            # libFuzzer writes what reaches something new, and takes out what another input made superfluous.
            new = (path.read_bytes() for path in inputs.iterdir() if not path.name.isdecimal())
            keep(name, [*kept(name), *new])
    return code == 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _libfuzzer(name: str, *arguments: str) -> tuple[int, str]:
    command: Sequence[str] = [sys.executable, "-m", "tests.fuzz.worker", name, *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, env=environment
    )
    return done.returncode, done.stderr + done.stdout


if __name__ == "__main__":
    sys.exit(main())
