"""Inputs to begin with: those that were found to lead somewhere new, and what the repository has anyway.

Found inputs are kept in ``corpus/``, one file for each target with one input on a line: a JSON string whose
characters are the bytes. ``fixed.jsonl`` has those that failed once, each with its target.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pennyform import data
from pennyform.sandbox.contract import contract

from tests.engine.world import CUSTOMER, PRODUCT, invoice
from tests.invoices.test_budget import NOT_THERE, TOO_LARGE
from tests.sandbox import bodies
from tests.sandbox.test_e_invoices import UBL, cii, factur_x
from tests.spec.hostile_contracts import DOCUMENTS, UNREADABLE

from .readers.answers import PART
from .targets import TARGETS

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "corpus"
LONGEST = 1024
"""Bytes of one input that is kept."""
MOST_BYTES = 24 * 1024
"""And of all inputs of one target, as they are written."""


def kept(target: str) -> list[bytes]:
    """The inputs in ``corpus/``."""
    path = FOLDER / f"{target}.jsonl"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [json.loads(line).encode("latin-1") for line in lines]


def fixed(target: str) -> list[bytes]:
    """Inputs that a target failed on once."""
    lines = (FOLDER / "fixed.jsonl").read_text(encoding="ascii").splitlines()
    return [content.encode("latin-1") for name, content in map(json.loads, lines) if name == target]


def keep(target: str, inputs: Iterable[bytes]) -> None:
    """Write ``corpus/``: the shortest inputs, as many as there is room for."""
    size, lines = 0, []
    for content in sorted(set(inputs), key=lambda content: (len(content), content)):
        line = json.dumps(content.decode("latin-1")) + "\n"
        size += len(line)
        if size > MOST_BYTES or len(content) > LONGEST:
            break
        lines.append(line)
    (FOLDER / f"{target}.jsonl").write_text("".join(lines), encoding="ascii")


def seeds(target: str) -> Iterator[bytes]:
    """What is kept, and what the repository has for a target; never longer than its inputs may be."""
    yield from kept(target)
    yield from fixed(target)
    for content in _SEEDS[target]():
        if len(content) <= TARGETS[target].longest:
            yield content


def _definitions() -> Iterator[bytes]:
    for folder in (data.examples(), ROOT / "cases"):
        for path in sorted(folder.rglob("*.yaml")):
            yield path.read_bytes()


def _settings() -> Iterator[bytes]:
    yield b"version: 1\nenvironment: sandbox\ncompanies: [companies/*]\n"
    yield b"version: 1\nenvironment: production\ntoken: {file: acme}\npolicies: {company_id: 1}\n"
    yield b"version: 1\ncontract: {specs: specs, output: out}\n"
    for folder in (data.examples(), ROOT / "cases"):
        for path in sorted(folder.rglob("pennyform.yaml")):
            yield path.read_bytes()


def _files(*suffixes: str) -> Iterator[bytes]:
    for path in sorted((ROOT / "cases").rglob("*")):
        if path.suffix in suffixes and path.is_file():
            yield path.read_bytes()


def _tables() -> Iterator[bytes]:
    yield b"number;label;price\n1;x;10\n2;y;20\n"
    yield b'number,label,price\r\n1,"a ""b"", c",10.00\r\n'
    yield from _files(".csv")


def _expressions() -> Iterator[bytes]:
    yield from (text.encode() for text in (*TOO_LARGE, *NOT_THERE))
    for path in (data.templates() / "invoices").glob("*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "{{" in line:
                yield line.partition(":")[2].strip(' "').encode()


def _e_invoices() -> Iterator[bytes]:
    yield cii()
    yield UBL.encode()
    yield from _files(".xml")


def _pdfs() -> Iterator[bytes]:
    for listed in ("tree", "levels", "AF"):
        yield factur_x(cii(), listed=listed).partition(b"\n")[2]
    yield from (content.partition(b"\n")[2] for content in _files(".pdf"))


def _plans() -> Iterator[bytes]:
    yield (Path(__file__).parent / "saved.plan").read_bytes()


def _journals() -> Iterator[bytes]:
    for path in sorted((ROOT / "engine" / "journals").glob("*")):
        lines = path.read_bytes().splitlines()
        for first in range(0, len(lines), 8):
            yield b"\n".join(line.partition(b" ")[2] for line in lines[first : first + 8])


def _contracts() -> Iterator[bytes]:
    yield from (content for content in UNREADABLE.values() if isinstance(content, bytes))
    yield from (json.dumps(document).encode() for document in DOCUMENTS.values())


def _overlays() -> Iterator[bytes]:
    begin = b"overlay: 1.0.0\nactions:\n  - target: "
    yield begin + b"$.paths.*[?@.operationId == 'a']\n    update: {summary: x}\n"
    yield begin + b"$..schema\n    remove: true\n"
    yield b'{"format_version": 1, "contracts": {}}'


def _answers() -> Iterator[bytes]:
    """A list of one of each record, as the contract has it, for each look-up."""
    records = {
        "invoice": {
            "id": 1,
            "draft": True,
            "external_reference": "A-1",
            "date": "2026-11-01",
            "currency": "EUR",
        },
        "customer": {"id": 1, "external_reference": "ACME", "customer_type": "company", "name": "Acme"},
        "product": {"id": 1, "external_reference": "DAY", "price_before_tax": "10.00", "vat_rate": "FR_200"},
        "line": {
            "id": 1,
            "label": "x",
            "quantity": "1.0",
            "raw_currency_unit_price": "10.0",
            "vat_rate": "FR_200",
        },
        "account": {"id": 1, "number": "706000", "label": "Sales"},
        "company": {"company": {"id": 1, "name": "Acme", "reg_no": "123"}, "user": {"id": 1}},
    }
    for number in range(12):
        for record in records.values():
            page = {"items": [record], "has_more": False, "next_cursor": None}
            bodies_ = [b"200\n" + json.dumps(body).encode() for body in (page, record)]
            yield bytes([number]) + PART.join(bodies_)


def _calls() -> Iterator[bytes]:
    samples = (bodies.company(), bodies.product(), bodies.invoice(1), {})
    for operation in contract.load(data.schemas() / "company").operations.values():
        steps = operation.path.removeprefix("/api/external/v2").split("/")
        path = "/".join("1" if step.startswith("{") else step for step in steps)
        for sample in samples if operation.method in ("POST", "PUT") else ({},):
            body = json.dumps(sample).encode() if sample else b""
            yield (
                f"{operation.method} /api/external/v2{path.removeprefix('/api/external/v2')}\n".encode()
                + body
            )
    filters = '[{"field":"external_reference","operator":"eq","value":"A"}]'
    yield f"GET /api/external/v2/customers?limit=10&sort=-id&filter={filters}\n".encode()
    for path in ("", "faults", "rules", "clock", "requests", "snapshots/a", "companies", "tokens", "reset"):
        yield f"PUT /_sandbox/{path}\n{{}}".encode()
    for path in ("/", "/faults", "/requests", "/companies/1", "/oauth/authorize?client_id=1", "/public/a"):
        yield f"GET {path}\n".encode()


def _requests() -> Iterator[bytes]:
    head = b"Host: localhost\r\nAuthorization: Bearer sandbox\r\nContent-Type: application/json\r\n"
    for call in _calls():
        line, _, body = call.partition(b"\n")
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        yield line + b" HTTP/1.1\r\n" + head + length + b"\r\n" + body


_SEEDS: Mapping[str, Callable[[], Iterable[bytes]]] = {
    "yaml": _definitions,
    "definitions": lambda: [
        *(invoice("A-1").encode(), CUSTOMER.encode(), PRODUCT.encode()),
        *_definitions(),
    ],
    "settings": _settings,
    "csv": _tables,
    "expressions": _expressions,
    "e-invoices": _e_invoices,
    "pdfs": _pdfs,
    "plans": _plans,
    "journals": _journals,
    "contracts": _contracts,
    "overlays": _overlays,
    "answers": _answers,
    "requests": _requests,
    "calls": _calls,
}
