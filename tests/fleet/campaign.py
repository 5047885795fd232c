"""A fleet under faults: workers are killed and stand still, the database restarts; then the books are read.

Nobody does anything meanwhile but start workers again, as a supervisor does.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

import msgspec
from pennyform.cli import main
from pennyform.cli.commands.fleet.submit import enqueue
from pennyform.cli.terminal import Terminal
from pennyform.engine.runtime import Origin, Runtime
from pennyform.fleet.database import Database
from pennyform.fleet.overview import overview
from pennyform.fleet.procrastinate_queue import ProcrastinateQueue
from pennyform.fleet.records import Records
from pennyform.sandbox.background_server import Served

from .books import STATE_KEY, Books, Firm
from .postgres import Postgres, postgres
from .proxy import Proxy

ROOT = Path(__file__).parents[2]
STALL = 4.0
_BUSY = "SELECT extract(epoch FROM max(ended) - min(begun))::float8 FROM outcome"


@dataclass(frozen=True)
class Scenario:
    """How large, what goes wrong, and which bug is planted.

    Attributes:
        companies: how many.
        invoices: of each.
        workers: processes.
        concurrency: companies that each works on at once.
        latency: seconds that each answer takes.
        kill_at: the draft that the first worker creates, and after which it is killed; 0 for never.
        stop_at: the write before which the last worker stands still, for longer than the stall time.
        cut_at: the share of final invoices at which the second worker is cut off from the database, for
            longer than the stall time; more than 1 for never.
        restart_at: the share of final invoices at which the database is restarted; more than 1 for never.
        clocks_apart: seconds by which the clock of each worker differs from that of the one before.
        submissions: how often everything is submitted, to one fleet after the other.
        fleets: how many there are in the one database; workers and submissions take turns.
        bug: what is planted; "" for nothing.
        seconds: when it is over at the latest.
    """

    companies: int = 12
    invoices: int = 5
    workers: int = 3
    concurrency: int = 3
    latency: float = 0.03
    kill_at: int = 9
    stop_at: int = 14
    cut_at: float = 0.2
    restart_at: float = 0.6
    clocks_apart: float = 7200.0
    submissions: int = 2
    fleets: int = 2
    bug: str = ""
    seconds: float = 300.0


@dataclass(eq=False)
class Worker:
    """A worker under a supervisor: it is started again whenever it ends."""

    number: int
    environ: Mapping[str, str]
    scenario: Scenario
    folder: Path
    starts: int = 0
    stop_at: int = 0
    process: subprocess.Popen[bytes] | None = None
    ended: list[int] = field(default_factory=list)

    def start(self, *words: str) -> None:
        """Start it; with `--once`, wait for it to end."""
        self.starts += 1
        name = f"worker-{self.number}.{self.starts}"
        bug = ["--bug", self.scenario.bug] if self.scenario.bug else []
        clock = ["--clock-off", str((self.number - 1) * self.scenario.clocks_apart)]
        stop = ["--stop-at", str(self.stop_at)] if self.stop_at and self.starts == 1 else []
        verb = ["fleet", "worker", "--concurrency", str(self.scenario.concurrency), "--grace", "2", *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fleet.worker_process", name, *clock, *bug, *stop, *verb],
                cwd=ROOT,
                env={**self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        if words:
            self.process.wait()

    def supervise(self) -> None:
        """Start it again if it ended."""
        if self.process is not None and self.process.poll() is not None:
            self.ended.append(self.process.returncode)
            self.start()

    @property
    def stands_still(self) -> bool:
        """Whether the process is stopped."""
        assert self.process is not None
        try:
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        return state == "T"

    @property
    def mebibytes(self) -> float:
        """The most memory that it had, in MiB."""
        assert self.process is not None
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text()
        except FileNotFoundError:
            return 0.0
        return int(text.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in text else 0.0

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)


@dataclass
class Result:
    """What came of it: violations, and what was done."""

    violations: list[str]
    seconds: float
    events: list[str]
    logs: str = ""
    busy_seconds: float = 0.0
    mebibytes: tuple[float, ...] = ()
    requests: int = 0


def run(scenario: Scenario) -> Result:
    """Run one campaign."""
    with tempfile.TemporaryDirectory(prefix="pennyform-campaign-") as name, postgres() as server:
        folder = Path(name).resolve()
        books = Books(scenario.latency)
        try:
            with Served(books) as served:
                firm = Firm(folder / "firm", books, scenario.companies, scenario.invoices)
                firm.write()
                environ = _environ(firm, folder, server, served.url)
                _command(environ, firm.root, "fleet", "init")
                course = _unapproved if scenario.bug == "approval-ignored" else _run
                return course(scenario, folder, server, firm, environ)
        finally:
            books.close()


def _environ(firm: Firm, folder: Path, server: Postgres, base_url: str) -> Mapping[str, str]:
    return {
        **firm.environ,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PENNYFORM_STATE_KEY": STATE_KEY,
        "PENNYFORM_DATABASE_URL": server.url,
        "PENNYFORM_STALL_SECONDS": str(STALL),
        "PENNYLANE_BASE_URL": base_url,
    }


def _unapproved(
    scenario: Scenario, folder: Path, server: Postgres, firm: Firm, environ: Mapping[str, str]
) -> Result:
    """Somebody queues the plans that nobody approved."""
    begun = time.monotonic()
    _command(environ, firm.root, "fleet", "submit", "plan", "--all")
    worker = Worker(0, {**environ, "PENNYFORM_STATE": str(folder / "state")}, scenario, folder)
    worker.start("--once")
    database = Database(server.url)
    queue, records = ProcrastinateQueue(database), Records(database)
    plans = overview(database, queue).plans
    requests = [
        msgspec.structs.replace(records.plan(row.id).request, verb="apply", plan=row.id) for row in plans
    ]
    enqueue(requests, {}, records, queue)
    worker.start("--once")
    issued = firm.books.finals
    violations = [f"approval: {issued} invoices are final, and nobody approved them"] if issued else []
    if len(plans) != scenario.companies:
        violations.append(f"lost: {len(plans)} plans of {scenario.companies} companies")
    return Result(violations, time.monotonic() - begun, ["nobody approved"])


def _run(
    scenario: Scenario, folder: Path, server: Postgres, firm: Firm, environ: Mapping[str, str]
) -> Result:
    # Two who submit know nothing of each other, and the second fleet nothing of the first.
    fleets = [{"PENNYFORM_FLEET": f"fleet-{number}" if number else ""} for number in range(scenario.fleets)]
    for number in range(scenario.submissions):
        of_fleet = {**environ, **fleets[number % scenario.fleets]}
        _command(of_fleet, firm.root, "fleet", "submit", "apply", "--all")
    # The machines of workers have nothing in common.
    workers = [
        Worker(
            number,
            {
                **environ,
                **fleets[number % scenario.fleets],
                "PENNYFORM_STATE": str(folder / f"state-{number}"),
            },
            scenario,
            folder,
        )
        for number in range(scenario.workers)
    ]
    workers[-1].stop_at = scenario.stop_at
    proxy = Proxy(server.port)
    if len(workers) > 2:
        workers[1].environ = {
            **workers[1].environ,
            "PENNYFORM_DATABASE_URL": server.url.replace(str(server.port), str(proxy.port)),
        }
    begun = time.monotonic()
    # Where a bug is planted, the worker that is to stand still has jobs before the others take them.
    for worker in reversed(workers) if scenario.bug else workers:
        worker.start()
        until = time.monotonic() + scenario.seconds
        while worker.stop_at and scenario.bug and not worker.stands_still and time.monotonic() < until:
            time.sleep(0.05)
    course = _Course(scenario, server, firm, workers, proxy)
    try:
        finished = course.follow()
        memory = tuple(worker.mebibytes for worker in workers)
    finally:
        proxy.close()
        _end(workers)
    database = Database(server.url)
    status = overview(database, ProcrastinateQueue(database))
    violations = [f"failed: {row.company}: {row.reason}" for row in status.failed] + firm.violations()
    logs = "".join(file.read_text() for file in sorted(folder.glob("*.log")))
    if not finished:
        violations.append(f"stuck: after {scenario.seconds:.0f} s, {course.state()}, jobs {status.queue}")
        violations += [f"stuck: {line}" for line in logs.splitlines() if '"retried"' in line][-5:]
    with database.connection() as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM max(ended) - min(begun))::float8 FROM outcome"
        ).fetchone()
    requests = sum(firm.books.watch.requests.values())
    busy = row[0] if row else 0.0
    return Result(violations, time.monotonic() - begun, course.events, logs, busy, memory, requests)


@dataclass(eq=False)
class _Course:
    """What goes wrong when, by how many invoices are final."""

    scenario: Scenario
    server: Postgres
    firm: Firm
    workers: list[Worker]
    proxy: Proxy
    events: list[str] = field(default_factory=list)
    _woken: float = 0.0
    _drafts: int = 0

    def follow(self) -> bool:
        """Let things go wrong until all is done; whether it is, in time."""
        begun, queue = time.monotonic(), ProcrastinateQueue(Database(self.server.url))
        will_restart, will_cut = self.scenario.restart_at <= 1, self.scenario.cut_at <= 1
        mend_at = inf
        if self.scenario.kill_at:
            self.firm.books.after_write = self._count
        while time.monotonic() - begun < self.scenario.seconds:
            time.sleep(0.1)
            if will_restart and self.firm.books.finals >= self.scenario.restart_at * self.firm.expected:
                will_restart = False
                self._restart()
            if will_cut and self.firm.books.finals >= self.scenario.cut_at * self.firm.expected:
                will_cut, mend_at = False, time.monotonic() + 1.5 * STALL
                self.proxy.cut()
            if time.monotonic() >= mend_at:
                mend_at = inf
                self.proxy.mend()
                self.events.append("a worker was cut off from the database for a while")
            self._wake()
            for worker in self.workers:
                worker.supervise()
            if not self._pending(queue) and not self._sleepers() and mend_at == inf:
                return True
        return False

    def _count(self, name: str, method: str, path: str) -> None:
        """Kill the first worker once it has created so many drafts, before it hears of the last.

        A draft is what is there twice if nobody looks for it.
        """
        if (name, method, path) == ("worker-0.1", "POST", "/customer_invoices"):
            self._drafts += 1
            if self._drafts == self.scenario.kill_at:
                self.workers[0].signal(signal.SIGKILL)
                self.events.append("a worker was killed")

    def _pending(self, queue: ProcrastinateQueue) -> bool:
        counts = queue.state(STALL).counts
        return bool(counts.get("todo", 0) + counts.get("doing", 0))

    def _restart(self) -> None:
        self.server.stop()
        self.server.start()
        self.events.append("the database was restarted")

    def _sleepers(self) -> bool:
        return any(worker.stands_still for worker in self.workers)

    def _wake(self) -> None:
        """Wake a worker once it has stood still for so long that others have its jobs."""
        for worker in self.workers:
            if worker.stands_still and not self._woken:
                self._woken = time.monotonic() + 2.5 * STALL
                self.firm.sleeps[f"worker-{worker.number}.{worker.starts}"] = (time.monotonic(), inf)
            # A write that comes before those of the others is found by them, and shows no bug.
            elif (
                worker.stands_still
                and time.monotonic() >= self._woken
                and not (self.scenario.bug and self.firm.books.finals < self.firm.expected)
            ):
                name = f"worker-{worker.number}.{worker.starts}"
                self.firm.sleeps[name] = (self.firm.sleeps[name][0], time.monotonic())
                worker.signal(signal.SIGCONT)
                self.events.append("a worker stood still, and was woken")

    def state(self) -> str:
        """How far it came."""
        return f"{self.firm.books.finals} of {self.firm.expected} are final"


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        if worker.process and worker.process.poll() is None:
            worker.signal(signal.SIGCONT)
            worker.signal(signal.SIGTERM)
    for worker in workers:
        if worker.process:
            try:
                worker.process.wait(20)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _command(environ: Mapping[str, str], folder: Path, *words: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    runtime = replace(Runtime.system(), origin=lambda _: Origin("submitter", "host", "commit"))
    with _inside(folder):
        code = main(words, terminal=Terminal(io.StringIO(), out, err, environ), runtime=runtime)
    assert code == 0, err.getvalue()
