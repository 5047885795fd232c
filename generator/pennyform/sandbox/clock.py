"""Time, passed in and written as the API writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The computer's clock, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """``2025-10-01T08:30:00.123456Z``."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def moment(text: str) -> datetime:
    """The time that :func:`timestamp` wrote."""
    return datetime.fromisoformat(text)
