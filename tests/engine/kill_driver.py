"""Runs applies in child processes that kill themselves at a chosen moment, then once more to the end.

Started by test_kill.py as a process of its own, so that forking is safe. For each moment there is a folder;
what is printed is the number of moments.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import sys
from pathlib import Path

import httpx
from pennyform import sandbox
from pennyform.cli import main
from pennyform.engine.runtime import Disk
from pennyform.sandbox import Rules
from pennyform.sandbox.http.transports import Transport


class Countdown:
    """Kills this process when it reaches zero."""

    def __init__(self, moments: int) -> None:
        self.left = moments

    def moment(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def arm(countdown: Countdown) -> None:
    """A moment before and after each durable write and each request, and one in the middle of a write."""
    append, handle = Disk.append, Transport.handle_request

    def dying_append(self: Disk, path: Path, data: bytes, size: int) -> None:
        countdown.moment()
        if countdown.left == 0:
            append(self, path, data[: len(data) // 2], size)
        countdown.moment()
        append(self, path, data, size)
        countdown.moment()

    def dying_request(self: Transport, request: httpx.Request) -> httpx.Response:
        countdown.moment()
        answer = handle(self, request)
        countdown.moment()
        return answer

    Disk.append = dying_append  # type: ignore[method-assign]
    Transport.handle_request = dying_request  # type: ignore[method-assign]


def apply_in_child(folder: Path, moments: int | None) -> int:
    """The wait status of ``pennyform apply`` in a child, killed after so many moments."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    if moments is not None:
        arm(Countdown(moments))
    os._exit(quietly(folder, "apply", "--auto-approve"))


def quietly(folder: Path, verb: str, *options: str) -> int:
    """Run one command, its output into a file."""
    os.environ["PENNYFORM_STATE"] = str(folder / ".pennyform")
    with (
        (folder / "output").open("a") as output,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        return main([verb, str(folder), "--sandbox", *options])


def log_mails() -> None:
    """The sandbox sends none; each one carried out becomes a line in the file ``mails``."""
    handle = Transport.handle_request

    def logging(self: Transport, request: httpx.Request) -> httpx.Response:
        answer = handle(self, request)
        if request.url.path.endswith("send_by_email") and answer.is_success:
            with Path("mails").open("a") as mails:
                mails.write("1\n")
        return answer

    Transport.handle_request = logging  # type: ignore[method-assign]


def drive(template: Path, folders: Path, start: int, step: int) -> int:
    # A killed process leaves its writes to the system, so waiting for the disk would only take time.
    os.fsync = lambda fd: None
    # What is imported and parsed before forking need not be in every child.
    quietly(template, "plan")
    sandbox.Sandbox = functools.partial(sandbox.Sandbox, rules=Rules(pdf_seconds=0.0))  # type: ignore[assignment, misc]
    log_mails()
    moments = start
    while True:
        folder = folders / f"{moments:03}"
        shutil.copytree(template, folder)
        os.chdir(folder)
        killed = os.WIFSIGNALED(apply_in_child(folder, moments))
        # 5: whether it was mailed before the kill is unknown.
        if os.waitstatus_to_exitcode(apply_in_child(folder, None)) not in {0, 5}:
            sys.exit((folder / "output").read_text())
        if not killed:
            return moments
        moments += step


if __name__ == "__main__":
    sys.stdout.write(str(drive(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
