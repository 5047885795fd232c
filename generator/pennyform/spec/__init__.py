"""Contracts: read, pinned, corrected, normalised. The ground floor of the contract wing.

``load → pin → overlay → normalise``; see ARCHITECTURE.md. Nothing here knows invoices or how code is emitted.
"""

from pennyform.spec.contracts import read_contract
from pennyform.spec.document.canonical import canonical_json
from pennyform.spec.normaliser.contract import (
    ANSWER,
    REQUEST,
    Body,
    Contract,
    Operation,
    Parameter,
    Schema,
)
from pennyform.spec.normaliser.normalise import normalise

__all__ = [
    "ANSWER",
    "REQUEST",
    "Body",
    "Contract",
    "Operation",
    "Parameter",
    "Schema",
    "canonical_json",
    "normalise",
    "read_contract",
]
