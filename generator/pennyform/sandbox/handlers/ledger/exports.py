"""Exports of the ledger: asked for, made in the background, and fetched by a link."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.accounting import status
from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.documents.exports import FILES
from pennyform.sandbox.generic import show
from pennyform.sandbox.request_context import Handler, RequestContext


def _create(kind: str, context: RequestContext) -> Any:
    """``POST /exports/…``."""
    if context.body["period_start"] > context.body["period_end"]:
        raise bad_request("period_start must not be later than period_end")
    return show(context, context.records.insert(kind, dict(context.body)), status="pending")


def _get(kind: str, context: RequestContext) -> Any:
    """``GET /exports/…/{id}``."""
    record = context.find(kind, context.parameters["id"])
    if not status.passed(record.created_at, context.rules.pdf_seconds, context.now):
        return show(context, record, status="pending", file_url=None)
    return show(
        context, record, status="ready", file_url=context.public_url(kind, record.id, FILES[kind].name)
    )


OPERATIONS: dict[str, Handler] = {
    "exportFec": partial(_create, "fec"),
    "getFecExport": partial(_get, "fec"),
    "exportGeneralLedger": partial(_create, "general_ledger"),
    "getGeneralLedgerExport": partial(_get, "general_ledger"),
    "exportAnalyticalGeneralLedger": partial(_create, "analytical_general_ledger"),
    "getAnalyticalGeneralLedgerExport": partial(_get, "analytical_general_ledger"),
}
