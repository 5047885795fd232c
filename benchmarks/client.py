"""What the emitted client weighs and costs, beside the client that stock openapi-python-client emits.

``python benchmarks/client.py [--stock]`` from a checkout. ``--stock`` also runs the stock generator on the
same pinned contract, for the ratios; that takes a while. Seconds depend on the machine, ratios much less.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pennylane_company
from pennylane_company import Client, models
from pennylane_company._codec import decoder, encode
from shapes import lines_page

ROOT = Path(__file__).parent.parent


def request() -> models.DraftCustomerInvoiceCreate:
    """A draft of fifty lines."""
    line = models.DraftInvoiceLineWithoutProduct(
        label="Consulting services",
        quantity=Decimal("2"),
        raw_currency_unit_price=Decimal("100.00"),
        unit="hour",
        vat_rate="FR_200",
    )
    day = dt.date(2026, 10, 1)
    return models.DraftCustomerInvoiceCreate(
        date=day, deadline=day, customer_id=1, invoice_lines=[line] * 50, external_reference="A-1"
    )


def best(work: Callable[[], Any], *, rounds: int = 7, seconds: float = 0.2) -> float:
    """CPU seconds for one piece of work, in the least disturbed of several rounds."""
    fastest = float("inf")
    for _ in range(rounds):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds:
            work()
            count += 1
        fastest = min(fastest, spent / count)
    return fastest


def started(code: str) -> float:
    """CPU seconds that a fresh interpreter spends on ``code``, beyond its own start, at best of nine."""
    script = f"import time; t = time.process_time(); {code}; print(time.process_time() - t)"
    return min(float(subprocess.check_output([sys.executable, "-c", script])) for _ in range(9))


def weight(folder: Path) -> tuple[int, int, int]:
    """Files, lines and bytes of the Python in a folder."""
    contents = [path.read_bytes() for path in folder.rglob("*.py")]
    return len(contents), sum(each.count(b"\n") for each in contents), sum(map(len, contents))


def emitting() -> float:
    """CPU seconds to read, normalise and emit the client."""
    from pennyform import data
    from pennyform.codegen.client import emit
    from pennyform.spec import read_contract

    start = time.process_time()
    emit(read_contract("company"), data.templates() / "client")
    return time.process_time() - start


def stock() -> tuple[float, tuple[int, int, int]]:
    """CPU seconds and weight of the stock generator on the same pinned contract."""
    import resource

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        options = ["--path", str(ROOT / "specs/company/contract.json"), "--output-path", str(target)]
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", *options]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, weight(target)


LABELS = {
    "": "x",
    ", accents": "Société Générale, 3e trimestre: l'été à 100 €",
    ", escapes": 'Dupont & Fils\n"TVA 20 %"',
}
"""What an answer has in it, as answers about French invoices do."""


def overhead(label: str) -> tuple[float, float]:
    """Seconds of one call: through httpx alone, and through the client, over the same transport in memory.

    Args:
        label: what the answer has in it; secrets are looked for in all of it, however they are spelled.
    """
    token = "a-token-as-long-as-those-of-the-service-are"  # Shorter ones are not looked for in answers.
    body = json.dumps({"id": 1, "label": label}, ensure_ascii=False).encode()
    headers = {"content-type": "application/json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body, headers=headers))
    raw = httpx.Client(
        transport=transport, headers={"authorization": f"Bearer {token}"}, base_url="https://x.example"
    )
    client = Client(token, transport=transport, rate_limit=None)
    path = "/api/external/v2/customer_invoices/1"
    rounds = [
        (
            best(lambda: raw.get(path).json(), rounds=1, seconds=0.01),
            best(lambda: client.customer_invoices.get(1), rounds=1, seconds=0.01),
        )
        for _ in range(200)
    ]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


def main() -> None:
    files, lines, size = weight(Path(pennylane_company.__file__).parent)
    print(f"client: {files} files, {lines:,} lines, {size:,} bytes")
    alone = started("import httpx")
    ready = started("from pennylane_company import Client; Client('t')")
    used = started(
        "from pennylane_company import Client; Client('t').customer_invoices; "
        "import pennylane_company.models.customer_invoices"
    )
    with_models = used / alone
    print(f"import: {ready / alone:.2f} of httpx's, {with_models:.2f} with a resource and its models")
    page, reader, body = lines_page(), decoder(models.CustomerInvoiceInvoiceLinePage), request()
    print(f"decode: {100 / best(lambda: reader.decode(page)):,.0f} invoices of ten lines a second")
    print(f"encode: {1 / best(lambda: encode(body)):,.0f} requests of fifty lines a second")
    for kind, label in LABELS.items():
        raw, ours = overhead(label)
        figures = f"{ours / raw:.3f} of a raw httpx call, without any network ({ours * 1e6:.0f} µs)"
        print(f"call:   {figures}{kind}")
    seconds = emitting()
    print(f"emit:   {seconds:.1f} s of CPU")
    if "--stock" in sys.argv:
        theirs, (files, lines, size) = stock()
        print(f"stock:  {files:,} files, {lines:,} lines, {size:,} bytes, {theirs:.1f} s of CPU")
        print(f"        emitting costs {seconds / theirs:.2f} of it")


if __name__ == "__main__":
    main()
