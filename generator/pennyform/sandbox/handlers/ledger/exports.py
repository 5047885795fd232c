"""Exports of the ledger: asked for, made in the background, and fetched by a link."""

from __future__ import annotations

from pennyform.sandbox.accounting.status import has_elapsed
from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.documents.exports import EXPORT_FILES
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import Json
from pennyform.sandbox.request_context import RequestContext


@handles("exportFec", "fec")
@handles("exportGeneralLedger", "general_ledger")
@handles("exportAnalyticalGeneralLedger", "analytical_general_ledger")
def create_export(kind: str, context: RequestContext) -> Json:
    """``POST /exports/…``."""
    if context.body["period_start"] > context.body["period_end"]:
        raise bad_request("period_start must not be later than period_end")
    record = context.records.insert(kind, dict(context.body))
    return present_by_schema(context, record, status="pending")


@handles("getFecExport", "fec")
@handles("getGeneralLedgerExport", "general_ledger")
@handles("getAnalyticalGeneralLedgerExport", "analytical_general_ledger")
def get_export(kind: str, context: RequestContext) -> Json:
    """``GET /exports/…/{id}``: ready after as long as a PDF takes (assumed: ``Rules.pdf_seconds``)."""
    record = context.find(kind, context.parameters["id"])
    if not has_elapsed(record.created_at, context.rules.pdf_seconds, context.now):
        return present_by_schema(context, record, status="pending", file_url=None)
    url = context.public_url(kind, record.id, EXPORT_FILES[kind].name)
    return present_by_schema(context, record, status="ready", file_url=url)
