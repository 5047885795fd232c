"""kill -9 before and after each system call of an apply; then a plain apply, and the server's books.

Every moment is a child that runs ``pennyform apply`` against a sandbox in another process. Where a second is
waited for, five milliseconds pass: everything else is as it would be.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.cli import main
from pennyform.engine.runtime import SystemClock
from pennyform.sandbox import TOKEN, Sandbox
from pennylane_company import Clock

from tests.engine.world import state_variables

from . import scene
from .ptrace import Stop, traced
from .service import Service, serving

_SPEED = 200
_MOST_SECONDS = 120
_UNKNOWN = 5


@dataclass
class Tally:
    """What a campaign met: stops by call, and how the applies after them ended."""

    killed: Counter[Stop] = field(default_factory=Counter)
    unknown_mails: int = 0
    leftovers: int = 0

    @property
    def points(self) -> int:
        """How often an apply was killed."""
        return self.killed.total()


class FailureAtError(AssertionError):
    """After a kill at this point the books are wrong, or nothing could be said about them."""


@dataclass
class _Moment:
    """Says yes at the stop of that number, counted over all threads from 0."""

    number: int
    stop: Stop | None = None

    def __call__(self, stop: Stop) -> bool:
        self.number -= 1
        if self.number == -1:
            self.stop = stop
        return self.number == -1


@dataclass
class Campaign:
    """A repository and its account as they are before each apply."""

    folder: Path
    template: Path
    service: Service
    books: bytes
    tally: Tally = field(default_factory=Tally)

    def kill_at(self, number: int) -> bool:
        """Kill an apply at the stop of this number, counted from 0, and look what the next one makes of it.

        Returns:
            Whether there was such a stop.

        Raises:
            FailureAtError: a rule was broken.
        """
        moment = _Moment(number)
        self.kill_when(moment, f"stop {number}")
        if moment.stop is not None:
            self.tally.killed[moment.stop] += 1
        return moment.stop is not None

    def kill_when(self, now: Callable[[Stop], bool], name: str = "stop") -> None:
        """Kill an apply at the first stop at which ``now`` says so, and look what the next one makes of it.

        Raises:
            FailureAtError: a rule was broken.
        """
        self.service.restore(self.books)
        root = self.folder / name.replace(" ", "-")
        shutil.copytree(self.template, root)
        status = traced(lambda: _pennyform(root, "apply", "--auto-approve"), now)
        if status not in {0, signal.SIGKILL}:
            raise FailureAtError(f"the apply failed by itself: {_output(root)}")
        self._resume(root, name)
        shutil.rmtree(root)

    def _resume(self, root: Path, where: str) -> None:
        code = _run(root, "apply", "--auto-approve")
        if code == _UNKNOWN and "--not-mailed INV-1" in _output(root):
            self.tally.unknown_mails += 1
            told = "--mailed" if self.service.mailed() else "--not-mailed"
            code = _run(root, "apply", "--auto-approve", told, "INV-1")
        codes = {
            "apply": code,
            "verify": _run(root, "verify"),
            "plan": _run(root, "plan", "--detailed-exitcode"),
        }
        with closing(Sandbox(self.service.database)) as sandbox:
            wrong = scene.complaints(sandbox)
            self.tally.leftovers += scene.leftovers(sandbox)
        wrong += [f"{verb} ends with {code}" for verb, code in codes.items() if code]
        if self.service.mailed() != 1:
            wrong.append(f"{self.service.mailed()} mails")
        if wrong:
            raise FailureAtError(f"{where}: {'; '.join(wrong)}\n{_output(root)}")


@contextlib.contextmanager
def campaign(folder: Path) -> Iterator[Campaign]:
    """Set a campaign up in ``folder``."""
    template = folder / "template"
    office = scene.build(template)
    books = office.sandbox.copy()
    office.close()
    (template / ".pennyform" / "sandbox.db").unlink()
    with serving(folder / "books.db") as service, _environment(service):
        service.restore(books)
        # What is imported and parsed before forking need not be in every child.
        _pennyform(template, "plan")
        yield Campaign(folder, template, service, books)


@contextlib.contextmanager
def _environment(service: Service) -> Iterator[None]:
    """What a user would export; and clocks that run faster."""
    os.environ |= {"PENNYLANE_API_TOKEN": TOKEN, "PENNYLANE_BASE_URL": service.url}
    for kind in (SystemClock, Clock):
        kind.monotonic = lambda _: time.monotonic() * _SPEED  # type: ignore[method-assign]
        kind.sleep = lambda _, seconds: time.sleep(seconds / _SPEED)  # type: ignore[method-assign]
    yield


def _run(root: Path, verb: str, *options: str) -> int:
    """The exit code of one command in a child of its own."""
    child = os.fork()
    if not child:
        code = 125
        try:
            code = _pennyform(root, verb, *options)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _pennyform(root: Path, verb: str, *options: str) -> int:
    signal.alarm(_MOST_SECONDS)
    os.environ |= state_variables(root)
    with (
        _output_file(root).open("a") as output,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        faulthandler.enable(output)
        code = main([verb, str(root), "--environment", "production", *options])
    signal.alarm(0)
    return code


def _output_file(root: Path) -> Path:
    return root.with_name(f"{root.name}.output")


def _output(root: Path) -> str:
    return _output_file(root).read_text()
