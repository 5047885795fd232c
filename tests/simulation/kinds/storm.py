"""What kinds of faults can do to one episode."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pennyform.sandbox.faults import Fault, Meanwhile

from tests.simulation.machine import Machine, Trick
from tests.simulation.network import Death
from tests.simulation.service import Service
from tests.simulation.workload import Workload

# Where a write can be met; what is most of a run's work is met most often.
_WRITES = (
    ("POST", "/**"),
    ("PUT", "/**"),
    ("POST", "/customer_invoices"),
    ("POST", "/customer_invoices"),
    ("PUT", "/customer_invoices/*/finalize"),
    ("PUT", "/customer_invoices/*/finalize"),
    ("PUT", "/customer_invoices/*"),
)
_MAIL = ("POST", "/customer_invoices/*/send_by_email")
_OPTION = ("POST", "/customer_invoices/*/*")
_IMPORT = ("POST", "/customer_invoices/import")
_READS = ("/**", "/customer_invoices")


@dataclass(eq=False)
class Storm:
    """The faults of one episode, as its kinds brew them.

    ``damage`` is done to the machine between two runs; ``deaths`` and ``interrupts`` are for successive runs;
    ``rival`` says where a second apply runs at the same time (``here`` or ``elsewhere``).
    """

    rng: random.Random
    service: Service
    machine: Machine
    workload: Workload
    deaths: list[Death] = field(default_factory=list)
    interrupts: list[int] = field(default_factory=list)
    damage: list[Callable[[Machine], object]] = field(default_factory=list)
    rival: str = ""
    power: bool = False
    # How many runs there are while it lasts; drawn when 0.
    runs: int = 0
    # References that a person laid hands on.
    touched: set[str] = field(default_factory=set)
    acts: int = 0
    happened: bool = False

    @property
    def struck(self) -> bool:
        """Whether anything of it was met so far."""
        met = sum(found.applied for found in self.service.faults.scheduled())
        return bool(met or self.machine.met or self.acts or self.happened)

    def fate(self) -> tuple[Death | None, int | None]:
        """What awaits the next process: its death, and the request at which somebody interrupts it."""
        death = self.deaths.pop(0) if self.deaths else None
        return death, self.interrupts.pop(0) if self.interrupts else None

    def strike(self) -> None:
        """Do to the machine what is done to it between two runs."""
        for damage in self.damage:
            damage(self.machine)
        if self.power:
            self.machine.cut_power()

    def calm(self) -> None:
        """Let everything be as it should, but for what was damaged already, and what is still under way."""
        self.service.faults.clear()
        self.service.allow(self.service.scopes)
        self.machine.tricks.clear()
        self.deaths, self.interrupts, self.power = [], [], False

    def fault(self, make: Callable[..., Fault], where: dict[str, Any], **details: Any) -> None:
        """Schedule one fault; a few requests pass unharmed first, and a few are met then."""
        often = {"skip": self.rng.choice((0, 0, 0, 1, 2, 4)), "times": self.rng.choice((1, 1, 1, 2, 3, 5))}
        self.service.faults.schedule(make(**{**often, **where, **details}))

    def note(self) -> None:
        """It lies in how the service is, not in anything that happens."""
        self.happened = True

    def _targets(self) -> list[tuple[str, str]]:
        """Where this folder's writes can be met; what is asked for seldom is met the more often then."""
        wanted = self.workload.invoices
        targets = list(_WRITES)
        targets += [_MAIL] * 3 if any(one.mail for one in wanted) else []
        targets += [_OPTION] * 2 if any(one.appendices or one.corrects for one in wanted) else []
        return targets + ([_IMPORT] * 3 if any(one.file for one in wanted) else [])

    def on_write(self, make: Callable[..., Fault], **details: Any) -> None:
        """A fault that meets writes."""
        method, path = self.rng.choice(self._targets())
        self.fault(make, {"method": method, "path": path}, **details)
        if self.rng.random() < 0.5:
            self.fault(make, {"method": "POST"}, **details)

    def on_read(self, make: Callable[..., Fault], **details: Any) -> None:
        """A fault that meets look-ups."""
        self.fault(make, {"method": "GET", "path": self.rng.choice(_READS)}, **details)

    def on_any(self, make: Callable[..., Fault], **details: Any) -> None:
        """A fault that meets whatever comes."""
        self.on_write(make, **details) if self.rng.random() < 0.6 else self.on_read(make, **details)

    def meanwhile(
        self, act: Callable[[], object], where: dict[str, Any] | None = None, **details: Any
    ) -> None:
        """Something happens besides, just before a request arrives."""

        def acting(_: object) -> None:
            self.acts += 1
            act()

        skip = self.rng.randrange(12)
        self.service.faults.schedule(
            Meanwhile(action=acting, **{"skip": skip, "times": 1, **(where or {}), **details})
        )

    def trick(self, call: str, **details: Any) -> None:
        """The disk fails at one of the next calls."""
        at = details.pop("at", self.rng.randrange(14))
        self.machine.tricks.append(Trick(call, at, **details))
