"""Everything that goes wrong between a client and the service, on demand and repeatable.

The same faults serve the transport in-process, where they raise what httpx raises, and the port, where
they act on the socket.
"""

from pennyform.sandbox.faults.fault import Ending, Fault, RequestOutcome
from pennyform.sandbox.faults.kinds import (
    ClockJump,
    Dropped,
    Duplicate,
    FilterIgnored,
    Garbled,
    Html,
    Lag,
    Late,
    Latency,
    Meanwhile,
    NewerContract,
    RateLimited,
    Slow,
    Stale,
    TokenExpired,
    Truncated,
    Unavailable,
)
from pennyform.sandbox.faults.schedule import Faults, ScheduledFault

__all__ = [
    "ClockJump",
    "Dropped",
    "Duplicate",
    "Ending",
    "Fault",
    "Faults",
    "FilterIgnored",
    "Garbled",
    "Html",
    "Lag",
    "Late",
    "Latency",
    "Meanwhile",
    "NewerContract",
    "RateLimited",
    "RequestOutcome",
    "ScheduledFault",
    "Slow",
    "Stale",
    "TokenExpired",
    "Truncated",
    "Unavailable",
]
