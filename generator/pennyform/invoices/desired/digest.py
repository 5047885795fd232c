"""One text for all that an invoice asks for, so that a change of it is seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.desired.json_bodies import after_finalize, first_request
from pennyform.invoices.model import DesiredInvoice, Key, Options
from pennyform.invoices.money.amounts import canonical


def digest(one: DesiredInvoice) -> str:
    """The SHA-256 of operation, body, options, files and everything else that ``one`` asks for.

    Where a definition is written, and how it is laid out, is not in it. What an invoice does not use adds
    nothing: a new option leaves the digests of all others alone.
    """
    defaults = Options()._asdict()
    wishes = {name: value for name, value in one.options._asdict().items() if value != defaults[name]}
    later = after_finalize(one.body)
    content = {
        "operation": one.operation,
        "body": first_request(one.body),
        "finalize": one.options.finalize,
        **{name: value for name, value in wishes.items() if name != "finalize"},
        **({"file": one.file.sha256} if one.file else {}),
        **({"credit_note_of": one.credit_note_of} if one.credit_note_of else {}),
        **({"after_finalize": later} if later else {}),
        **({"expect": one.expect} if one.expect else {}),
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
