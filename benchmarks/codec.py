"""How fast one emitted client reads a page of invoice lines and writes a draft of fifty, as JSON figures.

``python benchmarks/codec.py pennyform|stock|pydantic [FOLDER]``, the folder being where the client was
emitted. Each client has this process to itself. The stock client cannot read the list of invoices, which is
why the page is one of invoice lines. Amounts become ``Decimal`` in pennyform's models, text in the others.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from shapes import INVOICES, draft, lines_page

Codec = tuple[Callable[[bytes], Any], Callable[[], bytes]]


def _pennyform() -> Codec:
    from pennylane_company import convert, models
    from pennylane_company._codec import decoder, encode

    body = convert(draft(), models.DraftCustomerInvoiceCreate)
    return decoder(models.CustomerInvoiceInvoiceLinePage).decode, lambda: encode(body)


def _stock() -> Codec:
    from stock_client.models.get_customer_invoice_invoice_lines_response_200 import (
        GetCustomerInvoiceInvoiceLinesResponse200 as Page,
    )
    from stock_client.models.post_customer_invoices_body_type_0 import PostCustomerInvoicesBodyType0 as Draft

    body = Draft.from_dict(draft())
    compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)  # as httpx does
    return lambda text: Page.from_dict(json.loads(text)), lambda: compact.encode(body.to_dict()).encode()


def _pydantic() -> Codec:
    import pydantic_models

    page = pydantic_models.ApiExternalV2CustomerInvoicesCustomerInvoiceIdInvoiceLinesGetResponse
    body = pydantic_models.CustomerInvoicesPostDraftRequest.model_validate(draft())
    return page.model_validate_json, lambda: body.model_dump_json(exclude_unset=True).encode()


def per_second(work: Callable[[], Any], *, rounds: int = 5, seconds: float = 0.2) -> float:
    """Rate by processor time, in the least disturbed of several rounds."""
    best = 0.0
    for _ in range(rounds):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds:
            work()
            count += 1
        best = max(best, count / spent)
    return best


def main() -> None:
    """Check that the client reads and writes what the contract says, then measure it."""
    name, *folders = sys.argv[1:]
    sys.path[:0] = folders
    decode, encode = {"pennyform": _pennyform, "stock": _stock, "pydantic": _pydantic}[name]()
    page = lines_page()
    assert len(decode(page).items) == 10 * INVOICES
    assert json.loads(encode()) == draft()
    figures = {"decode": INVOICES * per_second(lambda: decode(page)), "encode": per_second(encode)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
