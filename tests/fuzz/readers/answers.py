"""What a server answers, as the client and the engine read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import httpx
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennylane_company import Client, Clock, Retries

# What separates the answers in one input.
PART = b"\n~~~\n"


class _StillClock(Clock):
    """Sleeping takes no time."""

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        pass


_LOOKUPS: Sequence[Callable[[AccountClient], object]] = (
    lambda account: account.company(),
    lambda account: account.customers(["ACME"]),
    lambda account: account.products_by_id([1]),
    lambda account: account.ledger_accounts(["706000"]),
    lambda account: account.templates(),
    lambda account: account.category_groups(),
    lambda account: account.transactions("2026-11-01"),
    lambda account: [account.exactly(invoice) for invoice in account.invoices_with("A-1")],
    lambda account: [account.with_sections(invoice) for invoice in account.newest_drafts()],
    lambda account: account.remaining_amounts([1]),
    lambda account: account.create_draft({"draft": True}),
    lambda account: account.finalize(1, "A-1"),
)


def read_answers(content: bytes) -> None:
    """What a server answers to look-ups and writes: its first byte says which, then come the answers."""
    if not content:
        return
    answers = content[1:].split(PART)
    turn = iter([*answers, *[answers[-1]] * 20])

    def answer(_: httpx.Request) -> httpx.Response:
        head, _, body = next(turn, b"200\n").partition(b"\n")
        status = int(head) if head.isdigit() and 200 <= int(head[:3]) < 600 and len(head) == 3 else 200
        return httpx.Response(status, headers={"content-type": "application/json"}, content=body)

    client = Client(
        "a-token",
        transport=httpx.MockTransport(answer),
        rate_limit=None,
        retries=Retries(attempts=1),
        clock=_StillClock(),
    )
    with client, suppress(OutcomeError):
        _LOOKUPS[content[0] % len(_LOOKUPS)](AccountClient(client))
