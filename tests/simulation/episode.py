"""One seed: a folder of definitions is carried out through a storm, then in calm weather, and judged."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pennyform.cli.terminal import Exit
from pennyform.sandbox import Rules
from pennyform.sandbox.faults import Faults

from . import oracles, process_runtime
from .kinds import BY_NAME, KINDS, Kind, Storm
from .loop import Loop
from .machine import Machine
from .runner import Run, Runner
from .service import Service
from .trace import Trace
from .workload import PREFIX, PRICE, STREET, Wanted, Workload, content_of, drawn, edited, masters, redeclared

# Faster than a disk where there is one, and nothing in it is worth keeping.
_SCRATCH = Path("/dev/shm")
_CALM_RUNS = 2
_A_DAY = 100_000.0


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


def play(seed: int, *, only: str = "", keep: bool = False, database: str = "") -> Verdict:
    """Play one seed.

    Args:
        seed: decides everything.
        only: the name of the one kind of fault to play, instead of those that the seed draws.
        keep: keep the lines of the trace.
        database: the URL of a database that all machines keep their journals in, instead of on their disks.
    """
    rng = random.Random(f"{seed}")
    kinds = (BY_NAME[only],) if only else _kinds(seed, rng)
    folder = Path(tempfile.mkdtemp(prefix="simulated-", dir=_SCRATCH if _SCRATCH.is_dir() else None))
    try:
        episode = Episode(seed, rng, kinds, folder, Trace(keep=keep))
        episode.here.database = episode.elsewhere.database = database
        return episode.play()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kinds(seed: int, rng: random.Random) -> tuple[Kind, ...]:
    """Each kind comes up equally often; in half of the seeds, others besides."""
    first = KINDS[seed % len(KINDS)]
    others = rng.sample(KINDS[1:], rng.choice((0, 0, 0, 1, 2, 3)))
    return tuple(dict.fromkeys([first, *others]))


def _rules(rng: random.Random, kinds: Sequence[Kind]) -> Rules:
    """Undocumented behaviour of the real service varies between seeds."""
    return Rules(
        taken_status=rng.choice((422, 409)),
        deleted_reference_is_free=rng.random() < 0.5,
        pdf_seconds=rng.choice((0.0, 20.0, 60.0)),
        pa_needs_reg_no=False,
        rounding="document" if any(kind.rounds for kind in kinds) else "line",
    )


class Episode:
    """The state of one seed."""

    def __init__(
        self, seed: int, rng: random.Random, kinds: tuple[Kind, ...], folder: Path, trace: Trace
    ) -> None:
        self.seed, self.rng, self.kinds, self.trace = seed, rng, kinds, trace
        # Of its own, so that what is declared does not change what else a seed draws.
        self.cards = random.Random(f"cards {seed}")
        self.loop = Loop()
        self.once = not any(kind.twice for kind in kinds)
        self.lasting = any(kind.lasting for kind in kinds)
        # Without the service's own uniqueness every invoice that is sent twice shows.
        unique = any(kind.unique for kind in kinds) or rng.random() < 0.4
        self.service = Service(self.loop, _rules(rng, kinds), Faults(seed), unique=unique)
        if rng.random() < 0.5:
            # Half of these accounts know them as they were before their declarations changed.
            is_old = self.cards.random() < 0.5
            old = ("41.30", "9 rue Ancienne")
            self.service.know(masters(*(old if is_old else (PRICE, STREET))))
        self.runner = Runner(self.loop, self.service, trace, rng)
        self.runner.judges_buyers = all(kind.cards or kind.name == "none" for kind in kinds)
        self.wrong = self.runner.wrong
        self.workload: Workload = drawn(rng)
        self.here, self.elsewhere = self._machine(folder / "here"), self._machine(folder / "elsewhere")
        trace.hidden[str(folder)] = "<folder>"
        self.storm = Storm(rng, self.service, self.here, self.workload)
        self.met = not kinds[0].name or kinds[0].name == "none"
        self.more: list[str] = []
        self.runner.workers = rng.choice((1, 1, 4))

    def _machine(self, root: Path) -> Machine:
        root.mkdir()
        (root / "terms.pdf").write_bytes(content_of("terms.pdf"))
        return Machine(root, self.rng, self.trace)

    @property
    def untouched(self) -> list[str]:
        """The references that only pennyform worked on."""
        return [name for name in self.workload.by_reference if name not in self.storm.touched]

    # --- the course of things -------------------------------------------------------------------------------

    def play(self) -> Verdict:
        """Storm and calm, now and then with other definitions before or after, and what must hold by then."""
        try:
            with process_runtime.logging_of(self.loop):
                self._rounds()
        finally:
            self.service.close()
        return Verdict(
            self.seed,
            tuple(kind.name for kind in self.kinds),
            self.runner.runs,
            self.wrong,
            self.met,
            self.runner.requests,
            len(self.workload.invoices),
            self.trace.digest(),
            self.trace.lines,
        )

    def _rounds(self) -> None:
        rounds = self.rng.choice((1, 1, 1, 2))
        stormy = self.rng.randrange(rounds)
        for number in range(rounds):
            if number:
                self._edit()
            self._provide_files()
            if number == stormy:
                self._storm()
            self._calm()
            if self.wrong:
                return
        if not self.storm.touched and not self.lasting:
            draw = self.rng.random()
            if draw < 0.25:
                self._nothing_left()
            elif draw < 0.4:
                self._saved_plan()
            elif draw < 0.6:
                self._credited_by_hand()

    def _edit(self) -> None:
        """The author works on the folder; what left it is pruned."""
        before = self.workload
        self.workload = self._redeclared(edited(self.rng, before))
        self.storm.workload = self.workload
        if before.by_reference.keys() - self.workload.by_reference.keys():
            self.more = ["--prune"]

    def _redeclared(self, workload: Workload) -> Workload:
        """Other prices and addresses, now and then; what is final keeps what it took."""
        books = self.service.kept()
        final = {name for name, rows in books.items() if not all(row.draft for row in rows)}
        return redeclared(self.cards, workload, final)

    def _provide_files(self) -> None:
        for machine in (self.here, self.elsewhere):
            for one in self.workload.invoices:
                if one.file:
                    (machine.root / one.file).write_bytes(content_of(one.file))

    def _storm(self) -> None:
        for kind in self.kinds:
            kind.brew(self.storm)
        for _ in range(self.storm.runs or self.rng.randint(1, 2)):
            if self.storm.rival:
                self._two_at_once()
            else:
                self._apply(stormy=True)
            if self.wrong:
                return
            self.storm.strike()
        self.met = self.met or self.storm.struck
        self.storm.calm()

    def _calm(self) -> None:
        """After faults stop, two runs are enough; each thing that only a person can say is asked once."""
        more: list[str] = []
        allowed, last, waited = _CALM_RUNS, None, False
        while allowed:
            allowed -= 1
            last = self._apply(*more)
            more = []
            if self.wrong or last.exit == 0:
                break
            if "journal-damaged" in last.said and self.storm.damage:
                more, allowed = ["--repair-journal"], allowed + 1
            elif "--mailed" in last.said:
                more, allowed = self._tell_about_mails(), allowed + 1
            elif last.exit == Exit.TRY_LATER and "waiting for its PDF" in last.said and not waited:
                # The service's clock was set back: what it works on is due tomorrow.
                self.loop.sleep(_A_DAY)
                waited, allowed = True, allowed + 1
        if last and last.exit != 0 and not self.wrong and not self.storm.touched and not self.lasting:
            self.wrong.append(f"two calm runs did not converge, the last exits {last.exit}")
        self.service.let_everything_arrive()
        self._judge(last)
        if last and last.exit == 0 and not self.wrong:
            self.wrong += oracles.as_declared(self.service.declared(), self.workload)

    def _tell_about_mails(self) -> list[str]:
        """A person looks into the mailbox: the books know what is in it."""
        words: list[str] = []
        books = self.service.kept()
        for one in self.workload.invoices:
            rows = books.get(one.reference, [])
            if one.mail and rows and not rows[0].draft:
                words += ["--mailed" if rows[0].mails else "--not-mailed", one.reference]
        return words

    # --- what else must hold in the end ---------------------------------------------------------------------

    def _nothing_left(self) -> None:
        words = self.rng.choice((["plan", "--detailed-exitcode"], ["verify"]))
        run = self._run([words[0], str(self.here.root), *words[1:]])
        if run.exit != 0:
            self.wrong.append(f"{words[0]} after the last apply exits {run.exit}")

    def _saved_plan(self) -> None:
        """A saved plan is carried out once, even when the account is put back to what it was before."""
        self.workload = self._redeclared(edited(self.rng, self.workload))
        self._provide_files()
        file = str(self.here.root / "saved.plan")
        before = self.service.copy()
        self._run(["plan", str(self.here.root), "--out", file])
        stale = self.rng.random() < 0.3
        if stale:
            self.workload = self._redeclared(edited(self.rng, self.workload, always=True))
        first = self._run(["apply", file, "--auto-approve"])
        if stale and (first.exit == 0 or first.wrote):
            self.wrong.append("a saved plan was carried out after its definitions had changed")
        if stale or first.exit != 0 or not first.wrote:
            return
        self.service.restore(before)
        again = self._run(["apply", file, "--auto-approve"])
        if again.exit == 0 or again.wrote:
            self.wrong.append("a saved plan was carried out twice")

    def _credited_by_hand(self) -> None:
        """Somebody credits a line of an invoice; its author, who does not know, wants all of it back."""
        corrected = {one.corrects for one in self.workload.invoices}
        books = self.service.kept()
        final = [
            (one, row)
            for one in self.workload.invoices
            if one.finalize and not one.paid and not one.corrects and one.reference not in corrected
            for row in books.get(one.reference, [])
            if not row.draft and sum(row.amounts) > 0 and sum(one.lines[0].amounts) > 0
        ]
        if not final or any(kind.rounds for kind in self.kinds):
            return
        one, row = self.rng.choice(final)
        note = Wanted(
            f"{PREFIX}Z-LATE",
            tuple(replace(line, quantity=-line.quantity, product=False) for line in one.lines),
            one.customer,
            finalize=True,
            corrects=one.reference,
        )
        self.workload = replace(self.workload, invoices=(*self.workload.invoices, note))
        # Before the plan is made, or while it is carried out.
        if self.rng.random() < 0.5:
            self.service.credit_by_hand(row)
        else:
            self.storm.meanwhile(
                lambda: self.service.credit_by_hand(row),
                {"method": "POST", "path": "/customer_invoices"},
                skip=0,
            )
        run = self._apply()
        if run.exit == 0:
            self.wrong.append(f"{note.reference} takes back what was credited by hand, and apply exits 0")

    # --- commands -------------------------------------------------------------------------------------------

    def _apply(self, *more: str, stormy: bool = False) -> Run:
        return self._apply_on(self.here, *more, stormy=stormy)

    def _apply_on(self, machine: Machine, *more: str, stormy: bool = False) -> Run:
        words = ["apply", str(machine.root), "--auto-approve", *self.more, *more]
        return self._run(words, machine, stormy=stormy)

    def _run(self, words: list[str], machine: Machine | None = None, *, stormy: bool = False) -> Run:
        death, interrupt_at = self.storm.fate() if stormy else (None, None)
        run = self.runner.run(
            machine or self.here,
            self.workload,
            words,
            stormy=stormy,
            death=death,
            interrupt_at=interrupt_at,
        )
        self.storm.happened = self.storm.happened or run.exit in (None, 130)
        self._judge(run)
        return run

    def _two_at_once(self) -> None:
        other = self.here if self.storm.rival == "on this machine" else self.elsewhere
        delay = self.rng.choice((0.0, 0.5, 2.0, 5.0))
        patience = self.rng.choice(([], ["--lock-timeout", "600"]))

        def second() -> None:
            self.loop.sleep(delay)
            self._apply_on(other, *patience, stormy=True)

        tasks = [self.loop.spawn(lambda: self._apply(stormy=True)), self.loop.spawn(second)]
        self.loop.join(tasks)
        self.storm.happened = True
        for task in tasks:
            if task.error:
                raise task.error

    # --- judgement ------------------------------------------------------------------------------------------

    def _judge(self, run: Run | None) -> None:
        if not self.wrong:
            self.wrong += self._objections(run)

    def _objections(self, run: Run | None) -> Iterator[str]:
        books = self.service.kept()
        # The service takes a second file of the same name: another machine may be a moment too early.
        files = self.once and self.storm.rival != "on another machine"
        yield from oracles.once_each(books, self.untouched, mails=self.once, files=files)
        yield from (f"there are two of {name}" for name in self.service.named_twice())
        yield from oracles.final_as_planned(books, self.workload, self.untouched)
        yield from oracles.credited_within_bounds(books, self.workload)
        yield from oracles.deposits_taken_once(books, self.workload, self.untouched)
        if run:
            yield from oracles.numbers_in_order(books, self.workload, self.untouched, run.finalized)
        if run and run.exit == 0 and run.words[0] == "apply":
            pruned = "--prune" in run.words
            yield from oracles.all_done(
                books, self.workload, self.untouched, pruned=pruned, mails=self.once, files=files
            )
