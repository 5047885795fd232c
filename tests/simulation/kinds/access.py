"""Tokens that expire and scopes that are taken away, while a run is on."""

from __future__ import annotations

from pennyform.sandbox.faults import ClockJump, TokenExpired

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm


def _revoked(storm: Storm) -> None:
    lost = storm.rng.choice(("customer_invoices:all", "customers:all", "products:all"))
    storm.meanwhile(lambda: storm.service.allow(storm.service.scopes - {lost}))


def _jump(sign: int) -> Kind:
    way = "forward" if sign > 0 else "back"

    def brew(storm: Storm) -> None:
        storm.on_any(ClockJump, seconds=sign * storm.rng.choice((2, 90, 4_000, 90_000)), times=1)

    return Kind(f"the service's clock jumps {way}", brew)


def _own_jump(storm: Storm) -> None:
    wrong = storm.rng.choice((-90_000.0, -3.0, 3.0, 4_000.0, 400_000.0))

    def jump() -> None:
        storm.machine.clock_error = wrong

    storm.meanwhile(jump)


KINDS = (
    Kind(
        "token expired", lambda storm: storm.fault(TokenExpired, {}, skip=storm.rng.randrange(14), times=30)
    ),
    Kind("scope revoked", _revoked),
    _jump(+1),
    _jump(-1),
    Kind("the machine's clock jumps", _own_jump),
)
