"""Bugs that a campaign must catch, and what is done right before each write.

Each is planted in the worker's process, in place of what keeps the fleet from it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

# What happens before each write, in this order.
_ORDER = ["wait", "fence"]


def _without_deadline() -> None:
    """A request is sent however long it took: the fence alone is on trial."""
    from pennyform.fleet.journals import DatabaseJournals

    real = DatabaseJournals.__init__

    def init(self: DatabaseJournals, *words: Any, **more: Any) -> None:
        real(self, *words, **more)
        self.request_seconds = inf

    DatabaseJournals.__init__ = init  # type: ignore[method-assign]


def _no_fence() -> None:
    """A worker that woke up sends what it was about to send."""
    from pennyform.fleet.journals import DatabaseJournals

    _without_deadline()
    DatabaseJournals.before_write = lambda self: None  # type: ignore[method-assign]


def _fence_before_the_limiter() -> None:
    """The fence is looked at before the request has its turn, and not again afterwards."""
    _without_deadline()
    _ORDER.reverse()


def _no_look_up() -> None:
    """What a worker that died has sent is sent again."""
    from pennyform.engine.account.client import AccountClient

    AccountClient.invoices_with = lambda self, reference: []  # type: ignore[method-assign]
    AccountClient.invoices_dated = lambda self, first, last: iter([])  # type: ignore[method-assign]
    AccountClient.newest_drafts = lambda self: []  # type: ignore[method-assign]


def _lease_never_expires() -> None:
    """The company of a worker that died stays its company."""
    from pennyform.fleet import leases

    leases._ACQUIRE = leases._ACQUIRE.replace("lease.expires <= clock_timestamp()", "false")


def _approval_ignored() -> None:
    """A plan is applied whoever asks for it."""
    from pennyform.fleet.records import ConsumedPlan, Records

    def consume(self: Records, id_: str, job: int) -> ConsumedPlan:
        return ConsumedPlan(self.plan(id_).content, "nobody", resumed=False)

    Records.consume = consume  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    "no-fence": _no_fence,
    "fence-before-limiter": _fence_before_the_limiter,
    "no-look-up": _no_look_up,
    "lease-never-expires": _lease_never_expires,
    "approval-ignored": _approval_ignored,
}


def before_each_write(do: Callable[[], None]) -> None:
    """Call ``do`` when a request that writes has had its turn, before the last look at the fence."""
    from pennyform.engine.account.guarded_token import GuardedToken

    real = GuardedToken.__init__

    def init(self: GuardedToken, token: str, before_write: Any = None, observe: Any = None) -> None:
        def guarded() -> None:
            looks = {"wait": do, "fence": before_write or (lambda: None)}
            for name in _ORDER:
                looks[name]()

        real(self, token, guarded, observe)

    GuardedToken.__init__ = init  # type: ignore[method-assign]
