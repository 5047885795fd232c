"""Leases: the exclusive right to write for a company, which ends by itself when its holder stands still.

Only one clock says when a lease ends: that of the database. A holder measures on its own machine how long
ago it was last heard of, and stops after half of that time, so that the rest is left for what it has sent.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable

from pennyform.engine.account.errors import NotSentError
from pennyform.engine.journal.lock import LockFileError, LockHeldError, Retry
from pennyform.fleet.database import Connection, DatabaseError, Link, over_after, seconds_since_boot

# Heartbeats within the stall time.
_HEARTBEATS = 8
_ACQUIRE_SECONDS = 15.0

_ACQUIRE = """
    INSERT INTO lease (company, holder, fence, heartbeat, expires)
    VALUES (%(company)s, %(holder)s, 1, clock_timestamp(),
            clock_timestamp() + %(stall)s * interval '1 second')
    ON CONFLICT (company) DO UPDATE
    SET holder = excluded.holder, heartbeat = excluded.heartbeat, expires = excluded.expires,
        fence = lease.fence + CASE WHEN lease.holder = excluded.holder THEN 0 ELSE 1 END
    -- The same holder asks again when the answer to its first statement was lost.
    WHERE lease.expires <= clock_timestamp() OR lease.holder = excluded.holder
    RETURNING fence
"""
_HOLDER = """
    SELECT holder, extract(epoch FROM clock_timestamp() - heartbeat)::float8 FROM lease WHERE company = %s
"""
# What has expired is not renewed, also if nobody else has asked for it yet.
_RENEW = """
    UPDATE lease
    SET heartbeat = clock_timestamp(), expires = clock_timestamp() + %(stall)s * interval '1 second'
    WHERE company = %(company)s AND fence = %(fence)s AND holder = %(holder)s AND expires > clock_timestamp()
    RETURNING fence
"""
_RELEASE = """
    UPDATE lease SET expires = clock_timestamp()
    WHERE company = %(company)s AND fence = %(fence)s AND holder = %(holder)s
"""


def new_holder() -> str:
    """The name of a holder that no other one has: a restored backup may give out a fence a second time."""
    return f"{os.uname().nodename}, process {os.getpid()}, {secrets.token_hex(8)}"


class Lease:
    """The right of one holder. Made by :func:`acquire`.

    ``fence`` is higher than that of every earlier holder. Once it is lost, it stays lost.
    """

    def __init__(
        self, link: Link, company: str, holder: str, fence: int, confirmed: float, clock: Callable[[], float]
    ) -> None:
        self.company, self.holder, self.fence = company, holder, fence
        self._link, self._clock = link, clock
        # When the last statement that confirmed it was sent, not when its answer came.
        self._confirmed = confirmed
        self._lost = ""
        self._ended = threading.Event()

    @property
    def parameters(self) -> dict[str, object]:
        """What statements ask for."""
        stall = self._link.database.stall_seconds
        return {"company": self.company, "holder": self.holder, "fence": self.fence, "stall": stall}

    @property
    def lost(self) -> str:
        """Why it is lost, in a sentence; "" while it is not."""
        limit = self._link.database.stall_seconds / 2
        if not self._lost and self._clock() - self._confirmed > limit:
            self._lost = f"nothing was heard of this process for more than {limit:g} s, so it stops itself"
        return self._lost

    def check(self) -> None:
        """Ask the database whether it still holds, and renew it: the very last thing before a write is sent.

        Raises:
            NotSentError: it does not, or that cannot be asked.
        """
        if not self.lost:
            try:
                self._renewed(self._link.run(self._renew, lambda: bool(self.lost)))
            except DatabaseError as problem:
                self._lost = self._lost or str(problem)
        # Looked at once more: the process may have been stopped while it waited for the answer.
        if self.lost:
            raise NotSentError(f"the right to write for this company is lost: {self.lost}")

    def still_held(self) -> bool:
        """Whether it still holds; asks the database."""
        try:
            self.check()
        except NotSentError:
            return False
        return True

    def _renew(self, connection: Connection) -> float | None:
        sent = self._clock()
        row = connection.execute(_RENEW, self.parameters).fetchone()
        return sent if row else None

    def _renewed(self, sent: float | None) -> None:
        if sent is None:
            self._lost = self._lost or "somebody else has it, or it has expired"
        # A thread that stood still must not confirm what is lost by now.
        elif not self.lost:
            self._confirmed = max(self._confirmed, sent)

    def keep(self) -> None:
        """Send heartbeats until it is released or lost; the work of a thread of its own."""
        pause = self._link.database.stall_seconds / _HEARTBEATS
        while not self._ended.wait(pause) and not self.lost:
            self._link.try_run(lambda connection: self._renewed(self._renew(connection)), pause)

    def release(self) -> None:
        """Give it back at once; if that fails, it expires."""
        self._ended.set()
        self._link.try_run(lambda connection: connection.execute(_RELEASE, self.parameters), _ACQUIRE_SECONDS)


def acquire(link: Link, company: str, retry: Retry, clock: Callable[[], float] = seconds_since_boot) -> Lease:
    """Get the lease of a company: nobody has it, or its holder was not heard of for the stall time.

    Args:
        link: to the database.
        company: its name, as that of its journal.
        retry: asked when somebody else has it, whether to try again; it may wait before it answers.
        clock: seconds that never go back.

    Raises:
        LockHeldError: somebody else has it.
        LockFileError: the database cannot be reached.
    """
    holder = new_holder()
    parameters = {"company": company, "holder": holder, "stall": link.database.stall_seconds}

    def ask(connection: Connection) -> tuple[float, int | None, str]:
        sent = clock()
        if row := connection.execute(_ACQUIRE, parameters).fetchone():
            return sent, int(row[0]), ""
        row = connection.execute(_HOLDER, [company]).fetchone()
        return sent, None, f"{row[0].rpartition(',')[0]}, heard of {row[1]:.0f} s ago" if row else "another"

    while True:
        try:
            sent, fence, other = link.run(ask, over_after(_ACQUIRE_SECONDS))
        except DatabaseError as problem:
            raise LockFileError(f"the lease of {company} cannot be asked for: {problem}") from None
        if fence is not None:
            return Lease(link, company, holder, fence, sent, clock)
        held = LockHeldError(other)
        if not retry(held):
            raise held
