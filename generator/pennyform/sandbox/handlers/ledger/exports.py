"""Exports of the ledger: asked for, made in the background, and fetched by a link."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.accounting import status
from pennyform.sandbox.documents.exports import FILES
from pennyform.sandbox.generic import show
from pennyform.sandbox.problems import bad_request
from pennyform.sandbox.request_context import Handler, RequestContext


def _create(kind: str, call: RequestContext) -> Any:
    """``POST /exports/…``."""
    if call.body["period_start"] > call.body["period_end"]:
        raise bad_request("period_start must not be later than period_end")
    return show(call, call.books.insert(kind, dict(call.body)), status="pending")


def _get(kind: str, call: RequestContext) -> Any:
    """``GET /exports/…/{id}``."""
    record = call.find(kind, call.parameters["id"])
    if not status.passed(record.created_at, call.rules.pdf_seconds, call.now):
        return show(call, record, status="pending", file_url=None)
    return show(call, record, status="ready", file_url=call.public_url(kind, record.id, FILES[kind].name))


OPERATIONS: dict[str, Handler] = {
    "exportFec": partial(_create, "fec"),
    "getFecExport": partial(_get, "fec"),
    "exportGeneralLedger": partial(_create, "general_ledger"),
    "getGeneralLedgerExport": partial(_get, "general_ledger"),
    "exportAnalyticalGeneralLedger": partial(_create, "analytical_general_ledger"),
    "getAnalyticalGeneralLedgerExport": partial(_get, "analytical_general_ledger"),
}
