"""``/_sandbox/clock``: set and advance the sandbox's time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from pennyform.sandbox.admin.admin_request import AdminRequest, Answer, Handler, refusal
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.setup.token_requests import with_zone


class _Shift(msgspec.Struct, forbid_unknown_fields=True):
    days: float = 0
    hours: float = 0
    minutes: float = 0
    seconds: float = 0


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    now: datetime | None = None
    advance: _Shift | None = None


def shown(order: AdminRequest) -> Answer:
    """The time, and how far it is ahead of the computer's."""
    clock = order.sandbox.clock
    return 200, {"now": timestamp(clock()), "ahead_seconds": clock.ahead.total_seconds()}


def _move(order: AdminRequest) -> Answer:
    wanted = order.body(_Wanted)
    if (wanted.now is None) == (wanted.advance is None):
        raise refusal(400, 'give {"now": "2026-01-31T09:00:00Z"} or {"advance": {"days": 30}}')
    if wanted.now is not None:
        order.sandbox.clock.set(with_zone(wanted.now))
    if wanted.advance is not None:
        order.sandbox.clock.advance(_delta(wanted.advance))
    return shown(order)


def _delta(shift: _Shift) -> timedelta:
    try:
        return timedelta(days=shift.days, hours=shift.hours, minutes=shift.minutes, seconds=shift.seconds)
    except (OverflowError, ValueError) as problem:
        raise refusal(400, f"advance is out of range: {problem}") from problem


def _restore(order: AdminRequest) -> Answer:
    order.sandbox.clock.restore()
    return 204, None


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "clock"): shown,
    ("PUT", "clock"): _move,
    ("DELETE", "clock"): _restore,
}
