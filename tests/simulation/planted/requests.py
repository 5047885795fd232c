"""Mistakes in how requests are sent and answers are taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pennyform.engine.account import answers, client, writes
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import RefusedError
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.limits import Patience
from pennyform.engine.recovery import UnknownOutcomeResolver
from pennylane_company import _exchange, convert, errors, models
from pennylane_company._connections.failures import Fate
from pennylane_company._exchange import Exchange, Operation
from pennylane_company._limits import RateLimiter
from pennylane_company._secrets.redaction import Redactor

from tests.simulation import process_runtime
from tests.simulation.planted.bug import Bug, replaced


@contextmanager
def _server_errors_refuse() -> Iterator[None]:
    try:
        yield
    except errors.ServerError as problem:
        raise RefusedError(str(problem), status=problem.status) from problem
    except errors.OutcomeUnknownError as problem:
        raise client.UnknownOutcomeError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise client._definite(problem) from problem


@contextmanager
def _everything_refuses() -> Iterator[None]:
    try:
        yield
    except errors.OutcomeUnknownError as problem:
        raise RefusedError(str(problem), status=0) from problem
    except errors.ServerError as problem:
        raise client.UnknownOutcomeError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise client._definite(problem) from problem


def _create_final(self: AccountClient, body: Any) -> Any:
    final = convert({**body, "draft": False}, models.FinalizedCustomerInvoiceCreate)
    return client._created(lambda: self._client.customer_invoices.create(final))


def _first_lines(self: AccountClient, row: Any, included: Any) -> RemoteInvoice:
    lines = sorted(map(answers.line, included.items if included else ()), key=lambda line: line.id)
    return replace(answers.invoice(row, tuple(lines)), exact=True)


def _failing_proves(self: UnknownOutcomeResolver, kind: str, references: Any) -> dict[str, int]:
    try:
        return _look_up(self, kind, references)
    except client.OutcomeError:
        return {}


_look_up = UnknownOutcomeResolver._look_up


BUGS: tuple[Bug, ...] = (
    replaced(
        "writes are repeated after a lost answer",
        Operation,
        "repeatable",
        property(lambda _: True),
        "no answer in time after it was carried out",
    ),
    replaced(
        "a broken connection counts as never opened",
        _exchange,
        "fate",
        lambda _: Fate.NOT_SENT,
        "hung up without an answer after it was carried out",
    ),
    replaced("retry-after is ignored", Exchange, "_pause", lambda *_: 0.0, "429 with retry-after"),
    replaced("the rate is left to the service", RateLimiter, "_next_free", lambda _: float("-inf"), "none"),
    replaced(
        "5xx counts as refused",
        writes,
        "_writing",
        _server_errors_refuse,
        "503 after it was carried out, and look-ups lag behind",
        "500 after it was carried out",
    ),
    replaced(
        "an unreadable success counts as refused",
        writes,
        "_writing",
        _everything_refuses,
        "undecodable JSON",
        "a proxy's page with 200, carried out",
    ),
    replaced(
        "one empty look-up proves absence",
        process_runtime,
        "PATIENCE",
        replace(Patience(), settle=(0.0,)),
        "503 after it was carried out, and look-ups lag behind",
        "delivered late",
    ),
    replaced(
        "a look-up that failed proves absence",
        UnknownOutcomeResolver,
        "_look_up",
        _failing_proves,
        "no answer, and then look-ups fail",
    ),
    replaced(
        "rows that were not asked for are taken",
        client,
        "_check_asked",
        lambda *_: None,
        test="test_rows_that_were_not_asked_for_are_refused",
    ),
    replaced(
        "invoices are created without draft: true", AccountClient, "create_draft", _create_final, "none"
    ),
    replaced("lines beyond the twentieth are not read", AccountClient, "_with_lines", _first_lines, "none"),
    replaced(
        "the token is left in messages",
        Exchange,
        "_redactor",
        lambda *_: Redactor(),
        "error page repeats the token",
    ),
)
