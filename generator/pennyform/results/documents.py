"""The top-level results by name, as JSON and as JSON Schemas."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from pennyform.results.apply import ApplyDocument
from pennyform.results.companies import (
    CompaniesApplyDocument,
    CompaniesPlanDocument,
    CompaniesVerificationDocument,
)
from pennyform.results.contract_diff import ContractDiffDocument
from pennyform.results.findings import FindingsDocument, RulesDocument
from pennyform.results.fleet import FleetStatusDocument, SubmittedDocument
from pennyform.results.listing import ListDocument
from pennyform.results.plan import PlanDocument
from pennyform.results.rendering import RenderDocument
from pennyform.results.status import AuditDocument, StatusDocument
from pennyform.results.values import JsonObject, Record
from pennyform.results.verification import VerificationDocument
from pennyform.text import json_document

DOCUMENTS: dict[str, type[Record]] = {
    "plan": PlanDocument,
    "apply": ApplyDocument,
    "verification": VerificationDocument,
    "render": RenderDocument,
    "findings": FindingsDocument,
    "rules": RulesDocument,
    "contract-diff": ContractDiffDocument,
    "status": StatusDocument,
    "audit": AuditDocument,
    "list": ListDocument,
    "fleet-status": FleetStatusDocument,
    "fleet-submit": SubmittedDocument,
    "companies-plan": CompaniesPlanDocument,
    "companies-apply": CompaniesApplyDocument,
    "companies-verification": CompaniesVerificationDocument,
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_data(document: Record) -> dict[str, Any]:
    """``document`` as plain JSON data, as a reader of :func:`json_text` gets it."""
    content: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(document)))
    return content


def json_text(document: Record) -> str:
    """``document`` as indented JSON with a line feed at its end.

    Not by msgspec's own encoder: it refuses lone surrogates, which is how Python carries the bytes of a file
    name that is not UTF-8.
    """
    return json_document(json.dumps(msgspec.to_builtins(document), ensure_ascii=False, indent=2)) + "\n"


def json_text_with_decimals(document: Record) -> str:
    """Like :func:`json_text`; decimals are written as numbers with exactly their digits."""
    encoded = msgspec.json.Encoder(decimal_format="number").encode(document)
    return json_document(msgspec.json.format(encoded, indent=2).decode()) + "\n"


def json_schema(name: str) -> JsonObject:
    """The JSON Schema (2020-12) of one of :data:`DOCUMENTS`."""
    return {"$schema": _DIALECT, **msgspec.json.schema(DOCUMENTS[name])}
