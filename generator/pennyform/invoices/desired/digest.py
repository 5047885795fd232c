"""One text for all that an invoice asks for, so that a change of it is seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.desired.json_bodies import after_finalize, first_request
from pennyform.invoices.model import DesiredInvoice, Key, Options
from pennyform.invoices.money.amounts import canonical


def digest(invoice: DesiredInvoice) -> str:
    """The SHA-256 of operation, body, options, files and everything else that ``invoice`` asks for.

    Where a definition is written, and how it is laid out, is not in it. What an invoice does not use adds
    nothing: a new option leaves the digests of all others alone.
    """
    defaults = Options()._asdict()
    options = {name: value for name, value in invoice.options._asdict().items() if value != defaults[name]}
    later = after_finalize(invoice.body)
    content = {
        "operation": invoice.operation,
        "body": first_request(invoice.body),
        "finalize": invoice.options.finalize,
        **{name: value for name, value in options.items() if name != "finalize"},
        **({"file": invoice.file.sha256} if invoice.file else {}),
        **({"credit_note_of": invoice.credit_note_of} if invoice.credit_note_of else {}),
        **({"after_finalize": later} if later else {}),
        **({"expect": invoice.expect} if invoice.expect else {}),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    import hashlib  # loads OpenSSL, which checking alone does not need

    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, Key):
        return value.to_json()
    if isinstance(value, Decimal):
        # 2, 2.0 and 2.00 are one quantity.
        return canonical(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
