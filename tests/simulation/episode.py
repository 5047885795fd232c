"""One seed: a folder of definitions is carried out through a storm, then in calm weather, and judged."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pennyform import cli
from pennyform.sandbox import Rules
from pennyform.sandbox.faults import Faults

from . import oracles, patches
from .kinds import BY_NAME, KINDS, Kind, Storm
from .loop import Loop
from .machine import Clock, Machine, Process
from .network import Death, Wire
from .service import Service
from .trace import Trace
from .workload import Workload, content_of, drawn, edited

# Faster than a disk where there is one, and nothing in it is worth keeping.
_SCRATCH = Path("/dev/shm")
_CALM_RUNS = 2
_RULE = re.compile(r"^(?:\S+: )?error ([a-z-]+):", re.MULTILINE)
_CLOSING = re.compile(r"^Apply: (.*)", re.MULTILINE)
_WORST = ("unknown", "differs", "conflict", "failed", "waiting", "partial", "not started")


@dataclass
class Run:
    """One command and how it ended: ``exit`` is None for a process that was killed."""

    words: tuple[str, ...]
    exit: int | None
    said: str
    stormy: bool

    @property
    def ending(self) -> str:
        """The exit code and what it was about, in a word or two."""
        if self.exit is None:
            return "killed"
        rules = _RULE.findall(self.said)
        counts = _CLOSING.findall(self.said)
        worst = [word for word in _WORST if any(f" {word}" in line for line in counts)]
        about = rules[:1] or worst[:1]
        return " ".join([f"exit {int(self.exit)}", *about])

    def forget(self) -> None:
        """Keep of what was said only what the ending needs."""
        self.said = "\n".join(
            line for line in self.said.splitlines() if line.startswith(("error ", "Apply:"))
        )


@dataclass
class Verdict:
    """What became of one seed."""

    seed: int
    kinds: tuple[str, ...]
    runs: list[Run] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    met: bool = False
    requests: int = 0
    invoices: int = 0
    digest: str = ""
    lines: Sequence[str] = ()


def play(seed: int, *, only: str = "", keep: bool = False) -> Verdict:
    """Play one seed.

    Args:
        seed: decides everything.
        only: the name of the one kind of fault to play, instead of those that the seed draws.
        keep: keep the lines of the trace.
    """
    rng = random.Random(f"{seed}")
    kinds = (BY_NAME[only],) if only else _kinds(seed, rng)
    folder = Path(tempfile.mkdtemp(prefix="simulated-", dir=_SCRATCH if _SCRATCH.is_dir() else None))
    try:
        return Episode(seed, rng, kinds, folder, Trace(keep=keep)).play()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kinds(seed: int, rng: random.Random) -> tuple[Kind, ...]:
    """Each kind comes up equally often; in half of the seeds, others besides."""
    first = KINDS[seed % len(KINDS)]
    others = rng.sample(KINDS[1:], rng.choice((0, 0, 0, 1, 2, 3)))
    return tuple(dict.fromkeys([first, *others]))


class Episode:
    """The state of one seed."""

    def __init__(
        self, seed: int, rng: random.Random, kinds: tuple[Kind, ...], folder: Path, trace: Trace
    ) -> None:
        self.rng, self.kinds, self.trace = rng, kinds, trace
        self.verdict = Verdict(seed, tuple(kind.name for kind in kinds))
        self.loop = Loop()
        self.doubles = any(kind.doubles for kind in kinds)
        rules = Rules(
            taken_status=rng.choice((422, 409)),
            deleted_reference_is_free=rng.random() < 0.5,
            pdf_seconds=rng.choice((0.0, 20.0, 60.0)),
            pa_needs_reg_no=False,
        )
        # Without the service's own uniqueness every invoice that is sent twice shows.
        unique = self.doubles or rng.random() < 0.4
        self.service = Service(self.loop, rules, Faults(seed), unique=unique)
        self.workload: Workload = drawn(rng)
        self.machines = [self._machine(folder / "here"), self._machine(folder / "elsewhere")]
        trace.hidden[str(folder)] = "<folder>"
        references = tuple(self.workload.by_reference)
        self.storm = Storm(rng, self.service, self.machines[0], references)
        patches.enter(self.loop, rng, rng.choice((1, 1, 4)))

    def _machine(self, root: Path) -> Machine:
        root.mkdir()
        for name in ("terms.pdf", *(one.file for one in self.workload.invoices if one.file)):
            (root / name).write_bytes(content_of(name))
        return Machine(root, self.rng, self.trace)

    @property
    def untouched(self) -> list[str]:
        """The references that only pennyform worked on."""
        return [name for name in self.workload.by_reference if name not in self.storm.touched]

    # --- the course of things -------------------------------------------------------------------------------

    def play(self) -> Verdict:
        """Storm, calm, and now and then the same again with other definitions."""
        try:
            self._rounds()
        finally:
            self.service.close()
        self.verdict.digest = self.trace.digest()
        self.verdict.lines = self.trace.lines
        self.verdict.invoices = len(self.workload.invoices)
        return self.verdict

    def _rounds(self) -> None:
        rounds = self.rng.choice((1, 1, 1, 2))
        stormy = self.rng.randrange(rounds)
        for number in range(rounds):
            if number:
                self.workload = edited(self.rng, self.workload)
                self._provide_files()
            if number == stormy:
                self._storm()
            self._calm()
            if self.verdict.wrong:
                return
        if self.rng.random() < 0.5:
            self._nothing_left()

    def _provide_files(self) -> None:
        for machine in self.machines:
            for one in self.workload.invoices:
                if one.file:
                    (machine.root / one.file).write_bytes(content_of(one.file))

    def _storm(self) -> None:
        for kind in self.kinds:
            kind.brew(self.storm)
        for number in range(self.rng.randint(1, 2)):
            if number:
                self._damage()
            if self.storm.rival:
                self._two_at_once()
            else:
                self._apply(self.machines[0], stormy=True)
            if self.verdict.wrong:
                return
        self._damage()
        met = sum(found.met for found in self.service.faults.scheduled())
        marks = (
            met,
            self.machines[0].met,
            self.storm.acts,
            self.storm.happened,
            self.verdict.kinds == ("none",),
        )
        self.verdict.met = any(marks)
        self.service.faults.clear()
        self.service.allow(self.service.scopes)
        self.machines[0].tricks.clear()
        self.storm.deaths, self.storm.interrupts = [], []

    def _damage(self) -> None:
        for damage in self.storm.damage:
            damage(self.machines[0])
        if self.storm.power:
            self.machines[0].cut_power()

    def _calm(self) -> None:
        """After faults stop, two runs are enough; each thing that only a person can say is asked once."""
        more: list[str] = []
        allowed, last = _CALM_RUNS, None
        while allowed:
            allowed -= 1
            last = self._apply(self.machines[0], *more)
            more = []
            if self.verdict.wrong or last.exit == 0:
                break
            if "journal-damaged" in last.said:
                more, allowed = ["--repair-journal"], allowed + 1
            elif "--mailed" in last.said:
                more, allowed = self._tell_about_mails(), allowed + 1
        if last and last.exit != 0 and not self.verdict.wrong and not self.storm.touched:
            self.verdict.wrong.append(f"two calm runs did not converge, the last exits {last.exit}")
        self.service.let_everything_arrive()
        self._judge(last)

    def _tell_about_mails(self) -> list[str]:
        """A person looks into the mailbox: the books know what is in it."""
        words: list[str] = []
        books = self.service.kept()
        for one in self.workload.invoices:
            rows = books.get(one.reference, [])
            if one.mail and rows and not rows[0].draft:
                words += ["--mailed" if rows[0].mails else "--not-mailed", one.reference]
        return words

    def _nothing_left(self) -> None:
        if self.storm.touched:
            return
        words = self.rng.choice((["plan", "--detailed-exitcode"], ["verify"]))
        run = self._run(self.machines[0], words)
        if run.exit != 0:
            self.verdict.wrong.append(f"{words[0]} after the last apply exits {run.exit}")

    # --- processes ------------------------------------------------------------------------------------------

    def _apply(self, machine: Machine, *more: str, stormy: bool = False) -> Run:
        return self._run(machine, ["apply", "--auto-approve", *more], stormy=stormy)

    def _two_at_once(self) -> None:
        here, elsewhere = self.machines
        other = here if self.storm.rival == "on this machine" else elsewhere
        delay = self.rng.choice((0.0, 0.5, 2.0, 5.0))

        def second() -> None:
            self.loop.sleep(delay)
            self._apply(other, stormy=True)

        tasks = [self.loop.spawn(lambda: self._apply(here, stormy=True)), self.loop.spawn(second)]
        self.loop.join(tasks)
        self.storm.happened = True
        for task in tasks:
            if task.error:
                raise task.error

    def _run(self, machine: Machine, words: list[str], *, stormy: bool = False) -> Run:
        process = self._process(machine, stormy=stormy)
        task, before = self.loop.current, self.loop.current.process
        task.process = process
        patches.begin_process()
        try:
            exit_: int | None = cli.main([words[0], str(machine.root), *words[1:]])
        except patches.KilledError:
            exit_ = None
        finally:
            task.process = before
        if exit_ is None or process.interrupted:
            self.storm.happened = True
        run = Run(tuple(words), exit_, process.output.getvalue() + process.errors.getvalue(), stormy)
        self.trace.note(self.loop.now, process.name, "exit", exit_, run.said)
        self.verdict.runs.append(run)
        self.verdict.requests += process.requests
        self.verdict.wrong += oracles.after_any_run(process, exit_)
        self.verdict.wrong += self.service.watch.objections
        self._judge(run)
        return run

    def _process(self, machine: Machine, *, stormy: bool) -> Process:
        number = len(self.verdict.runs) + 1
        process = Process(f"p{number}{machine.root.name[0]}", machine, self.workload)
        process.clock = Clock(self.loop, machine)
        process.wire = Wire(process, self.service, self.loop, self.trace, self.rng)
        if stormy:
            process.wire.death = self.storm.deaths.pop(0) if self.storm.deaths else None
            process.wire.interrupt_at = self.storm.interrupts.pop(0) if self.storm.interrupts else None
        return process

    # --- judgement ------------------------------------------------------------------------------------------

    def _judge(self, run: Run | None) -> None:
        if not self.verdict.wrong:
            self.verdict.wrong += self._objections(run)

    def _objections(self, run: Run | None) -> Iterator[str]:
        books = self.service.kept()
        if not any(kind.doubles for kind in self.kinds):
            yield from oracles.once_each(books, self.untouched)
        yield from oracles.final_as_planned(books, self.workload, self.untouched)
        if run and run.exit == 0 and run.words[0] == "apply":
            yield from oracles.all_done(books, self.workload, self.untouched)


__all__ = ["Death", "Episode", "Run", "Verdict", "play"]
