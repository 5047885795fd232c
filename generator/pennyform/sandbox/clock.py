"""Time, passed in and written as the API writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
# Further than any test needs, and near enough that no date leaves the calendar.
_FURTHEST = timedelta(days=36_500)


def system_clock() -> datetime:
    """The computer's clock, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """``2025-10-01T08:30:00.123456Z``."""
    # Always six decimals and UTC: the database compares times as text.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def moment(text: str) -> datetime:
    """The time that :func:`timestamp` wrote."""
    return datetime.fromisoformat(text)


def with_zone(moment: datetime) -> datetime:
    """The time in UTC; one without a zone is taken to be so.

    Raises:
        ValueError: when it lies outside of the calendar there, as ``9999-12-31T23:00:00-02:00`` does.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is out of range") from error


class AdjustableClock:
    """A clock that can be set and moved. It runs as ``base`` does, at most 100 years away from it."""

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
        self._ahead = self._bounded(moment - self._base())

    def advance(self, delta: timedelta) -> None:
        """Move it, back when ``delta`` is negative."""
        self._ahead = self._bounded(self._ahead + delta)

    def restore(self) -> None:
        """Follow ``base`` again."""
        self._ahead = timedelta()

    @staticmethod
    def _bounded(ahead: timedelta) -> timedelta:
        return max(-_FURTHEST, min(_FURTHEST, ahead))
