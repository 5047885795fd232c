"""Which library should the emitted models be made of? Measure msgspec against attrs + cattrs and pydantic.

Run it with ``python benchmarks/client_models.py``. One shape (an invoice of ten lines, a request of fifty)
is written in each library; what is printed are rates, import times and memory on this machine. The answer
is in docs/decisions/2026-11-21-model-library.md. A library that is not installed is skipped.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

AMOUNTS = ("currency_amount", "currency_amount_before_tax", "currency_tax", "amount", "tax")
LINE = {
    "id": 81224367431680,
    "label": "Consulting services",
    "unit": "hour",
    "quantity": "2.0",
    "raw_currency_unit_price": "100.00",
    "vat_rate": "FR_200",
    "description": None,
    **dict.fromkeys(AMOUNTS, "240.0"),
}
INVOICE = {
    "id": 81224367431680,
    "label": None,
    "invoice_number": "F-2026-0001",
    "external_reference": "INV-ACME-2026-001",
    "currency": "EUR",
    "status": "upcoming",
    "draft": False,
    "date": "2026-10-01",
    "deadline": "2026-10-31",
    "created_at": "2026-10-01T10:08:08.146343Z",
    "updated_at": "2026-10-01T10:08:08.146343Z",
    **dict.fromkeys(AMOUNTS, "2400.0"),
    "lines": [LINE] * 10,
}
PAGE = json.dumps({"items": [INVOICE] * 100, "has_more": True, "next_cursor": "abc"}).encode()

LINE_TYPES: dict[str, Any] = {
    "id": int,
    "label": str,
    "unit": str,
    "quantity": Decimal,
    "raw_currency_unit_price": Decimal,
    "vat_rate": str,
    "description": str | None,
    **dict.fromkeys(AMOUNTS, Decimal),
}
INVOICE_TYPES: dict[str, Any] = {
    "id": int,
    "label": str | None,
    "invoice_number": str,
    "external_reference": str,
    "currency": str,
    "status": str,
    "draft": bool,
    "date": date,
    "deadline": date,
    "created_at": datetime,
    "updated_at": datetime,
    **dict.fromkeys(AMOUNTS, Decimal),
}


@dataclass(frozen=True)
class Candidate:
    """One library: how it reads a page, how it writes a request of fifty lines."""

    name: str
    imports: str
    decode: Callable[[bytes], Any]
    encode: Callable[[], bytes]


def msgspec_candidate() -> Candidate:
    import msgspec

    line = msgspec.defstruct("Line", list(LINE_TYPES.items()), frozen=True, kw_only=True, gc=False)
    invoice = msgspec.defstruct(
        "Invoice", [*INVOICE_TYPES.items(), ("lines", list[line])], frozen=True, kw_only=True, gc=False
    )
    page = msgspec.defstruct("Page", [("items", list[invoice]), ("has_more", bool), ("next_cursor", str)])
    decoder, encoder = msgspec.json.Decoder(page, float_hook=Decimal), msgspec.json.Encoder()
    lines = decoder.decode(PAGE).items[0].lines * 5
    return Candidate("msgspec", "msgspec", decoder.decode, lambda: encoder.encode(lines))


def cattrs_candidate() -> Candidate:
    import attrs
    from cattrs.preconf.json import make_converter

    line = attrs.make_class("Line", {n: attrs.field(type=t) for n, t in LINE_TYPES.items()}, frozen=True)
    invoice = attrs.make_class(
        "Invoice",
        {n: attrs.field(type=t) for n, t in {**INVOICE_TYPES, "lines": list[line]}.items()},
        frozen=True,
    )
    page = attrs.make_class(
        "Page", {"items": attrs.field(type=list[invoice]), "has_more": attrs.field(type=bool)}
    )
    converter = make_converter(detailed_validation=False)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(Decimal, str)
    decode = lambda text: converter.loads(text, page)  # noqa: E731
    lines = decode(PAGE).items[0].lines * 5
    return Candidate(
        "attrs + cattrs",
        "attrs, cattrs.preconf.json",
        decode,
        lambda: converter.dumps(lines, list[line]).encode(),
    )


def pydantic_candidate() -> Candidate:
    import pydantic

    line = pydantic.create_model("Line", **{n: (t, ...) for n, t in LINE_TYPES.items()})
    invoice = pydantic.create_model(
        "Invoice", **{n: (t, ...) for n, t in {**INVOICE_TYPES, "lines": list[line]}.items()}
    )
    page = pydantic.create_model("Page", items=(list[invoice], ...), has_more=(bool, ...))
    writer = pydantic.TypeAdapter(list[line])
    lines = page.model_validate_json(PAGE).items[0].lines * 5
    return Candidate("pydantic v2", "pydantic", page.model_validate_json, lambda: writer.dump_json(lines))


def per_second(work: Callable[[], Any], *, seconds: float = 0.3, repeats: int = 5) -> float:
    """The best rate of several rounds: on a shared machine the best is the least disturbed."""
    best = 0.0
    for _ in range(repeats):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            work()
            count += 1
        best = max(best, count / spent)
    return best


def import_seconds(modules: str) -> float:
    """The best of seven cold starts that import ``modules``, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {modules}; print(time.perf_counter() - t)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(7))


def page_bytes(candidate: Candidate) -> int:
    candidate.decode(PAGE)
    tracemalloc.start()
    kept = candidate.decode(PAGE)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return size


def main() -> None:
    print(f"import httpx: {import_seconds('httpx') * 1000:.0f} ms\n")
    print(f"{'library':<16}{'decode inv./s':>14}{'encode req./s':>14}{'import ms':>11}{'page MiB':>10}")
    wanted = (("msgspec", msgspec_candidate), ("cattrs", cattrs_candidate), ("pydantic", pydantic_candidate))
    for module, make in wanted:
        if importlib.util.find_spec(module) is None:
            print(f"{module:<16}not installed")
            continue
        candidate = make()
        decode = 100 * per_second(lambda c=candidate: c.decode(PAGE))
        encode = per_second(candidate.encode)
        loaded = import_seconds(candidate.imports) * 1000
        size = page_bytes(candidate) / 2**20
        print(f"{candidate.name:<16}{decode:>14,.0f}{encode:>14,.0f}{loaded:>11.1f}{size:>10.2f}")


if __name__ == "__main__":
    main()
