"""A clock that can be set and moved, over one that cannot."""

from __future__ import annotations

from datetime import datetime, timedelta

from pennyform.sandbox.clock import Clock

# Further than any test needs, and near enough that no date leaves the calendar.
FURTHEST = timedelta(days=36_500)


class AdjustableClock:
    """Runs as ``base`` does, from wherever it was set; at most 100 years away from it.

    Args:
        base: gives the time, with a time zone.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """The time, with a time zone."""
        return self._base() + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of ``base``."""
        return self._ahead

    def set(self, moment: datetime) -> None:
        """Make it ``moment`` now; time goes on from there."""
        self._ahead = _within_reach(moment - self._base())

    def advance(self, delta: timedelta) -> None:
        """Move it, back when ``delta`` is negative."""
        self._ahead = _within_reach(self._ahead + delta)

    def restore(self) -> None:
        """Follow ``base`` again."""
        self._ahead = timedelta()


def _within_reach(ahead: timedelta) -> timedelta:
    return max(-FURTHEST, min(FURTHEST, ahead))
