"""Commands as processes: each with a wire, a clock and a fate, each run looked at when it has ended."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pennyform import cli

from . import oracles, process_runtime
from .loop import Loop
from .machine import Clock, KilledError, Machine, Process
from .network import Death, Wire
from .service import Service
from .trace import Trace
from .workload import Workload

_RULE = re.compile(r"^(?:\S+: )?error ([a-z-]+):", re.MULTILINE)
_CLOSING = re.compile(r"^Apply: (.*)", re.MULTILINE)
_WORST = ("unknown", "differs", "conflict", "failed", "waiting", "partial", "not started")
_SUMMARY = re.compile(r"^(?:\S+: )?error [a-z-]+: (.*)", re.MULTILINE)
_DETAIL = re.compile(r"^  [?x] [^\n]*\n      (?!\S+\.yaml:)([^~+:\n]+(?::(?! is )[^\n]*)?)$", re.MULTILINE)
_STOPPED = re.compile(r"^(Stopped: .*)", re.MULTILINE)
_NAME = re.compile(r"(?:SIM|MINE)-[\w-]+|<folder>\S*|/\S*/simulated-\S*")
_NUMBER = re.compile(r"\d[\d,.]{2,}")
_KEPT = re.compile(r"^(?:(?:\S+: )?error .*|Apply: .*|Stopped: .*|  [?x] [^\n]*\n      .*)$", re.MULTILINE)


@dataclass
class Run:
    """One command and how it ended: ``exit`` is None for a process that was killed.

    ``finalized`` are the ids of the invoices that it made final.
    """

    words: tuple[str, ...]
    exit: int | None
    said: str
    stormy: bool
    finalized: frozenset[int]
    wrote: bool

    @property
    def ending(self) -> str:
        """The exit code and what it was about, in a word or two."""
        if self.exit is None:
            return "killed"
        closing = " ".join(_CLOSING.findall(self.said))
        about = [*_RULE.findall(self.said), *(word for word in _WORST if f" {word}" in closing)]
        return " ".join([f"exit {int(self.exit)}", *about[:1]])

    @property
    def message(self) -> str:
        """What it said about why it did not exit 0, without names and numbers; empty when it said nothing."""
        said = _SUMMARY.search(self.said) or _DETAIL.search(self.said) or _STOPPED.search(self.said)
        return _NUMBER.sub("N", _NAME.sub("…", said[1])) if said and self.exit else ""

    def forget(self) -> None:
        """Keep of what was said only what the ending and the message need."""
        self.said = "\n".join(_KEPT.findall(self.said))


@dataclass(eq=False)
class Runner:
    """Runs commands and remembers what is wrong with any of them, whatever its outcome."""

    loop: Loop
    service: Service
    trace: Trace
    rng: random.Random
    # The requests that each process may have under way at once.
    workers: int = 1
    runs: list[Run] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    requests: int = 0
    # Whether nothing but people who change cards can make an invoice go to another card.
    judges_buyers: bool = False

    def run(
        self,
        machine: Machine,
        workload: Workload,
        words: list[str],
        *,
        stormy: bool = False,
        death: Death | None = None,
        interrupt_at: int | None = None,
    ) -> Run:
        """Run one command to its end, or to the end of its process."""
        name = f"p{len(self.runs) + 1}{machine.root.name[0]}"
        process = Process(name, machine, workload, self.loop)
        process.clock = Clock(self.loop, machine)
        process.wire = Wire(process, self.service, self.loop, self.trace, self.rng, death, interrupt_at)
        self.service.declared_cards = workload.cards
        process_runtime.forget_queues()
        terminal = process_runtime.terminal(process)
        runtime = process_runtime.runtime(process, self.workers)
        exit_ = self._carried_out(process, lambda: cli.main(words, terminal=terminal, runtime=runtime))
        return self._noted(process, words, exit_, stormy=stormy)

    def _carried_out(self, process: Process, command: Callable[[], int]) -> int | None:
        task = self.loop.current
        before, task.process = task.process, process
        try:
            return command()
        except KilledError:
            return None
        finally:
            task.process = before

    def _noted(self, process: Process, words: list[str], exit_: int | None, *, stormy: bool) -> Run:
        said = process.output.getvalue() + process.errors.getvalue()
        self.trace.note(self.loop.now, process.name, "exit", exit_, said)
        writes = [done for done in self.service.watch.done if done.process == process.name]
        finalized = frozenset(done.invoice for done in writes if done.invoice and done.finalizes)
        run = Run(tuple(words), exit_, said, stormy, finalized, bool(writes))
        self.runs.append(run)
        self.requests += process.requests
        self.wrong += oracles.after_any_run(process, exit_)
        self.wrong += self.service.watch.objections
        if self.judges_buyers:
            self.wrong += self.service.watch.too_late
            self.wrong += oracles.buyers_right(
                self.service.watch.misissued.get(process.name, ()), said, exit_
            )
        return run
