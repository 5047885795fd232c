"""What happens to connections: before, while and after a request is on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pennyform.sandbox.faults import (
    Dropped,
    Duplicate,
    Ending,
    Fault,
    FilterIgnored,
    Late,
    Latency,
    Unavailable,
)

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm


def _dropped(how: Ending, *, after: bool = False) -> Kind:
    when = " after it was carried out" if after else ""
    return Kind(f"{_SAID[how]}{when}", lambda storm: storm.on_any(Dropped, how=how, after_commit=after))


_SAID = {
    Ending.CONNECT_ERROR: "connection refused",
    Ending.CONNECT_TIMEOUT: "connecting times out",
    Ending.POOL_TIMEOUT: "no free connection",
    Ending.WRITE_ERROR: "reset while sending",
    Ending.WRITE_TIMEOUT: "sending times out",
    Ending.READ_ERROR: "reset while receiving",
    Ending.READ_TIMEOUT: "no answer in time",
    Ending.DISCONNECTED: "hung up without an answer",
}


def _late(storm: Storm) -> None:
    """Within the time that a request may be under way: the limit of the client, and as long again."""
    if storm.rng.random() < 0.5:
        storm.on_write(Late, seconds=storm.rng.uniform(1, 55), how=Ending.READ_TIMEOUT)
    else:
        storm.on_write(Late, seconds=storm.rng.uniform(1, 28), how=Ending.DISCONNECTED)


def _blind(look_ups: type[Fault]) -> Callable[[Storm], None]:
    """Just when it matters what became of an invoice, look-ups do not tell."""

    def brew(storm: Storm) -> None:
        where: dict[str, Any] = {
            "method": "POST",
            "path": "/customer_invoices",
            "skip": storm.rng.choice((0, 0, 1)),
        }
        storm.fault(Dropped, {**where, "times": 1}, how=Ending.READ_TIMEOUT, after_commit=True)
        begin = look_ups(method="GET", path="/customer_invoices", times=400)
        storm.meanwhile(lambda: storm.service.faults.schedule(begin), where)

    return brew


def _outage(storm: Storm) -> None:
    storm.fault(Dropped, {}, how=Ending.CONNECT_ERROR, skip=storm.rng.randrange(12), times=60)


KINDS = (
    *(_dropped(how) for how in _SAID),
    *(_dropped(how, after=True) for how in list(_SAID)[3:]),
    Kind("delivered late", _late),
    Kind(
        "delivered twice, first answer",
        lambda storm: storm.on_write(Duplicate, answer="first"),
        unique=True,
        twice=True,
    ),
    Kind(
        "delivered twice, second answer",
        lambda storm: storm.on_write(Duplicate, answer="second"),
        unique=True,
        twice=True,
    ),
    Kind("slow answers", lambda storm: storm.on_any(Latency, seconds=storm.rng.uniform(1, 29))),
    Kind(
        "answer after the time limit", lambda storm: storm.on_any(Latency, seconds=storm.rng.uniform(31, 50))
    ),
    Kind("network down for a while", _outage),
    Kind("no answer, and then look-ups fail", _blind(Unavailable)),
    Kind("no answer, and then filters are ignored", _blind(FilterIgnored)),
)
