"""What a run takes from the machine, passed in as one value: time, threads, signals, files, the network.

The engine reaches for none of it itself, so that tests/simulation can let all of it fail. Of files:
what a method of :class:`Storage` did survives a power cut once it returns.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, NamedTuple, Protocol, TextIO, TypeVar

import httpx

from pennyform.engine.limits import FILE_BYTES, WORKERS, Patience
from pennyform.engine.state_folder import work_tree
from pennyform.findings import Finding
from pennyform.invoices import Repository, load
from pennyform.invoices.schema.schema import FindSchemas
from pennyform.safe_files import UnsafeFileError, check_private, open_inside

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_COMMAND_SECONDS = 60


class Clock(Protocol):
    """What the engine needs to know of time, and the only way in which it waits."""

    def now(self) -> datetime:
        """The wall clock, in UTC. It may jump; it is written down, never waited by."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start. Never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(seconds)


def pause(clock: Clock, seconds: float, stop: Callable[[], bool]) -> None:
    """Wait ``seconds``, or less when ``stop`` says so: it is asked once a second."""
    until = clock.monotonic() + seconds
    while not stop() and (rest := until - clock.monotonic()) > 0:
        clock.sleep(min(rest, 1.0))


# --- threads ------------------------------------------------------------------------------------------------


class PendingJob(Protocol):
    """A submitted piece of work: a :class:`concurrent.futures.Future`."""

    def done(self) -> bool:
        """Whether it has ended."""

    def result(self) -> object:
        """What it returned; raises what it raised."""


class Executor(AbstractContextManager["Executor"], Protocol):
    """Runs work in threads, from entering its context to leaving it, which waits for all of it."""

    def submit(self, work: Callable[[], object], /) -> PendingJob:
        """Begin ``work`` as soon as a thread is free."""

    def wait_for_any(self, jobs: Collection[Any], /) -> None:
        """Block until one of ``jobs``, all of this executor, is done."""


class ThreadPool(ThreadPoolExecutor):
    """Real threads."""

    def wait_for_any(self, jobs: Collection[Future[object]]) -> None:
        """Block until one of ``jobs`` is done."""
        wait(jobs, return_when=FIRST_COMPLETED)


# --- Ctrl-C and SIGTERM -------------------------------------------------------------------------------------


class Interruption(AbstractContextManager["Interruption"], Protocol):
    """Whether somebody wants a run to stop; known from entering its context to leaving it."""

    def requested(self) -> bool:
        """Whether somebody wants it to stop."""


class SignalInterruption:
    """The first signal asks to stop between two steps, the second stops at once.

    Signals are noted so for as long as the context lasts.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._requested = False
        self._handlers_before: dict[int, Any] = {}

    def requested(self) -> bool:
        """Whether somebody wants it to stop."""
        return self._requested

    def __enter__(self) -> SignalInterruption:
        for number in _SIGNALS:
            self._handlers_before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)

    # Called between two bytecodes of the main thread: it may only set a flag and print.
    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        print("\nstopping after the step at hand; once more stops at once", file=self._stream)


@contextmanager
def stop_at_once() -> Iterator[None]:
    """For as long as the context lasts, the first signal raises :class:`KeyboardInterrupt`.

    That is right while a person is asked for consent: nothing is under way then.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handlers_before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers_before.items():
            signal.signal(number, handler)


# --- files ------------------------------------------------------------------------------------------------


class SystemCalls(Protocol):
    """The functions of :mod:`os` that decide what survives a crash. A simulation lets them fail and kill."""

    def open(self, path: Path, flags: int, mode: int = 0o777, /) -> int:
        """A file descriptor."""

    def write(self, file: int, data: memoryview, /) -> int:
        """How many bytes were written: it may take less than it was given, without an error."""

    def fsync(self, file: int, /) -> None:
        """Make everything written to ``file`` durable."""

    def ftruncate(self, file: int, size: int, /) -> None:
        """Cut ``file`` to ``size`` bytes."""

    def pread(self, file: int, size: int, offset: int, /) -> bytes:
        """Up to ``size`` bytes from ``offset`` on."""

    def pwrite(self, file: int, data: bytes, offset: int, /) -> int:
        """Write ``data`` at ``offset``."""

    def close(self, file: int, /) -> None:
        """Let go of ``file``, and of a lock held through it."""

    def getpid(self) -> int:
        """The id of this process."""


class JournalFiles(Protocol):
    """Durable files that journals are kept in: on a disk, or by their names in a database."""

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``, a file of this user alone; None when there is no such file."""

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Add ``data`` behind the ``size`` bytes of ``path``; durable on return.

        Without any bytes yet, the file and its folder are created.
        """

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to its first ``size`` bytes; durable on return."""

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Let ``path`` hold ``data`` and ``keep`` what it held, in its folder; durable on return.

        Whenever the power goes, ``path`` holds either the one or the other, whole. What cannot be read, such
        as a pipe in its place, is not copied but renamed.
        """


class Storage(JournalFiles, Protocol):
    """Durable files. A simulation passes in one that tears writes and runs out of space."""

    def read_inside(self, root: Path, path: Path) -> bytes | None:
        """All bytes of ``path``, which lies in ``root``; None when there is no such file."""


class Disk:
    """The real file system, through plain system calls."""

    def __init__(self, system_calls: SystemCalls = os) -> None:
        self._calls = system_calls
        # Files whose names this process has made durable. A name that was found may have been made by a
        # process that died before it got to that.
        self._durable_names: set[Path] = set()

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``, a file of this user alone; None when there is no such file.

        Raises:
            OSError: it cannot be read, others may write it, or it is too large to be held in memory.
        """
        try:
            descriptor = open_inside(path.parent, path)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
                check_private(descriptor, what="it")
                return _read_whole(file)
        except FileNotFoundError:
            return None

    def read_inside(self, root: Path, path: Path) -> bytes | None:
        """All bytes of ``path``, which lies in ``root``; None when there is no such file.

        Raises:
            OSError: it cannot be read, leads elsewhere, or is too large to be held in memory.
        """
        try:
            with open(open_inside(root, path), "rb") as file:  # noqa: PTH123 - a descriptor
                return _read_whole(file)
        except FileNotFoundError:
            return None

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Write, then fsync the file, and the first time its folder too.

        Raises:
            OSError: nothing may be assumed about how much of ``data`` is there. With another size than
                ``size``, none of it is: somebody removed the file, or wrote into it.
        """
        new = path not in self._durable_names
        if new:
            make_folder(path.parent, self._calls)
        self._write(path, data, os.O_APPEND | (0 if size else os.O_CREAT), size)
        if new:
            sync_folder(path.parent, self._calls)
            self._durable_names.add(path)

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to ``size`` bytes and fsync it."""
        file = self._calls.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            check_private(file, what="it")
            self._calls.ftruncate(file, size)
            self._calls.fsync(file)
        finally:
            self._calls.close(file)

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Write a copy of ``path`` and then ``data``, each beside where it goes, and rename it there."""
        # The copy first: should the power go between the two, nothing is lost yet.
        try:
            content = self.read(path) or b""
        except OSError:
            former = path
        else:
            former = self._write_beside(keep, content)
        unfinished = self._write_beside(path, data)
        former.replace(keep)
        unfinished.replace(path)
        sync_folder(path.parent, self._calls)

    def _write_beside(self, path: Path, data: bytes) -> Path:
        unfinished = path.with_name(f"{path.name}.unfinished")
        self._write(unfinished, data, os.O_TRUNC | os.O_CREAT)
        return unfinished

    def _write(self, path: Path, data: bytes, mode: int, size: int | None = None) -> None:
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | mode
        file = self._calls.open(path, flags, 0o600)
        try:
            check_private(file, what="it")
            if size is not None and os.fstat(file).st_size != size:
                raise UnsafeFileError("somebody else wrote into it, or removed it")
            rest = memoryview(data)
            while rest:
                rest = rest[self._calls.write(file, rest) :]
            self._calls.fsync(file)
        finally:
            self._calls.close(file)


def _read_whole(file: BinaryIO) -> bytes:
    size = os.fstat(file.fileno()).st_size
    if size > FILE_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {FILE_BYTES:,} bytes")
    data = file.read(size + 1)
    if len(data) > size:
        raise OSError(errno.EAGAIN, "it grows while it is read")
    return data


def make_folder(folder: Path, system_calls: SystemCalls = os) -> None:
    """Create ``folder`` and what is missing above it; durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent, system_calls)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent, system_calls)


def sync_folder(folder: Path, system_calls: SystemCalls = os) -> None:
    """Make the names in ``folder`` durable: a new file survives a power cut only once that is done."""
    handle = system_calls.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        system_calls.fsync(handle)
    finally:
        system_calls.close(handle)


# --- all of it ----------------------------------------------------------------------------------------------


class LoadDefinitions(Protocol):
    """:func:`pennyform.invoices.load`, or what takes its place."""

    def __call__(
        self,
        paths: Sequence[str | Path],
        *,
        environment: str | None = None,
        find_schemas: FindSchemas | None = None,
    ) -> tuple[Repository, list[Finding]]:
        """The definitions under ``paths``, and everything that is wrong with them."""


class Origin(NamedTuple):
    """Who begins a run, on which machine, and the commit of the definitions; "" where unknown.

    ``approved_by`` is another person who approved it, where one did.
    """

    person: str = ""
    host: str = ""
    commit: str = ""
    approved_by: str = ""


def system_origin(root: Path) -> Origin:
    """What Git and the system say: the author that a commit would have, else the user's name.

    Args:
        root: the folder of the repository. Git is only asked where it lies in a work tree.
    """
    from getpass import getuser

    host = os.uname().nodename
    if (work_tree(root) / ".git").exists():
        author = _git(root, "var", "GIT_AUTHOR_IDENT").rpartition(">")
        # With `-dirty` where files of the work tree are not those of the commit.
        commit = _git(root, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
        if author[1]:
            return Origin(author[0] + author[1], host, commit)
    else:
        commit = ""
    try:
        return Origin(getuser(), host, commit)
    except (KeyError, OSError):
        return Origin(str(os.getuid()), host, commit)


def _git(root: Path, *words: str) -> str:
    try:
        return run_command(["git", "-C", str(root), *words]).decode(errors="replace").strip()
    except OSError:
        return ""


def run_command(words: Sequence[str]) -> bytes:
    """What a command prints on standard output.

    Raises:
        OSError: it cannot be run, it fails, or it takes longer than a minute.
    """
    import subprocess  # which only those who name a command need

    try:
        done = subprocess.run(  # noqa: S603 - named by the user's own settings, never by a repository
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_COMMAND_SECONDS,
        )
    except subprocess.CalledProcessError as problem:
        # What it prints may be the secret that it was asked for.
        raise OSError(f"it ended with {problem.returncode}") from None
    except subprocess.TimeoutExpired:
        raise OSError("it took too long") from None
    return done.stdout


def open_page(url: str) -> bool:
    """Open an address in the browser of the user; whether there is one."""
    import webbrowser  # which one command needs

    return webbrowser.open(url)


@dataclass(frozen=True, slots=True)
class Runtime:
    """The machine under a run. The simulation of ``tests/simulation`` passes in one that can fail.

    Attributes:
        clock: the only source of time and the only way to wait, for the engine and for the API client.
        storage: durable files: the journal, attachments, what is set aside.
        system_calls: what :mod:`os` offers to the lock.
        executor: makes the pool of threads that sends up to so many requests at once.
        random_bytes: unpredictable bytes; ``os.urandom``.
        load_definitions: reads the folder of definitions.
        interruption: listens for Ctrl-C and SIGTERM; told where to say that it was heard.
        transport: what carries requests to the service; the network when None.
        patience: how long to wait before something is believed.
        workers: the requests that may be under way at once.
        run_command: runs a command without a shell, and returns what it printed on standard output.
        origin: who begins a run, for the repository in a folder.
        open_page: opens an address in a browser; whether there is one.
    """

    clock: Clock
    storage: Storage
    system_calls: SystemCalls
    executor: Callable[[int], Executor]
    random_bytes: Callable[[int], bytes]
    load_definitions: LoadDefinitions
    interruption: Callable[[TextIO], Interruption]
    transport: httpx.BaseTransport | None = None
    patience: Patience = field(default_factory=Patience)
    workers: int = WORKERS
    run_command: Callable[[Sequence[str]], bytes] = run_command
    origin: Callable[[Path], Origin] = lambda _: Origin()
    open_page: Callable[[str], bool] = open_page

    @classmethod
    def system(cls) -> Runtime:
        """The real machine."""
        machine = (SystemClock(), Disk(), os, ThreadPool, os.urandom, load, SignalInterruption)
        return cls(*machine, origin=system_origin)


# --- the worker pool ----------------------------------------------------------------------------------------

# Several requests are under way at once, so that a slow answer does not leave the rate unused. The thread
# that hands out the jobs decides their order; each is done by whichever worker is free.


class Job(NamedTuple):
    """A piece of work. ``then`` is called once it is done, in the thread that hands out the jobs."""

    work: Callable[[], object]
    then: Callable[[], object] = lambda: None


def run_jobs(next_job: Callable[[], Job | None], runtime: Runtime) -> None:
    """Do the jobs that ``next_job`` hands out, up to ``runtime.workers`` at once; with one worker, in order.

    ``next_job`` is called whenever a worker is free, always by the calling thread. When it has nothing it is
    called again after the next job is done; the end is when it has nothing and nothing is under way. Whatever
    a job raises is raised here, after what was begun has ended; nothing more is begun.
    """
    # Without threads the order of requests is always the same, which tests and the sandbox rely on.
    if runtime.workers == 1:
        while job := next_job():
            job.work()
            job.then()
        return
    # Leaving the pool waits for what was begun, also when a job has raised.
    with runtime.executor(runtime.workers) as pool:
        pending: dict[PendingJob, Job] = {}
        while True:
            while len(pending) < runtime.workers and (job := next_job()):
                pending[pool.submit(job.work)] = job
            if not pending:
                return
            pool.wait_for_any(list(pending))
            for future in [future for future in pending if future.done()]:
                job = pending.pop(future)
                future.result()
                job.then()


def run_for_each(work: Callable[[T], object], items: Sequence[T], runtime: Runtime) -> None:
    """Do ``work`` on every item, up to ``runtime.workers`` of them at once; with one worker, in order."""
    jobs = iter([Job(lambda item=item: work(item)) for item in items])  # type: ignore[misc]
    run_jobs(lambda: next(jobs, None), runtime)
