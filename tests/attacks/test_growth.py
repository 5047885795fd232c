"""Twice the input takes about twice the work: every report, contract reader, e-invoice and request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pennyform.cli import main
from pennyform.codegen import schemas
from pennyform.engine.journal.records import Acknowledged, Intent
from pennyform.engine.journal.store import open_journal, replay_file
from pennyform.engine.plan_files import plan_file
from pennyform.engine.plan_files.plan_file import SavedDocument
from pennyform.engine.runtime import Disk
from pennyform.findings import Failure
from pennyform.invoices.sources import factur_x
from pennyform.report import apply as apply_report
from pennyform.report import contract_diff, verification
from pennyform.report.plan import html, markdown, text
from pennyform.results.apply import ApplyDocument
from pennyform.results.contract_diff import ContractDiffDocument
from pennyform.results.documents import json_text
from pennyform.results.plan import PlanDocument
from pennyform.results.verification import VerificationDocument
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.documents import e_invoices as of_the_sandbox
from pennyform.spec import normalise
from pennyform.spec.diff import compare
from pennyform.spec.diff.report.document import diff_document
from pennyform.spec.document.load import load
from pennyform.spec.document.structure import structure_errors
from pennyform.spec.pin import pin

from tests.engine.test_journal import NOW
from tests.engine.world import CUSTOMER, KEY, Office, invoice, line
from tests.invoices.growth import MOST_GROWTH, growth
from tests.sandbox import bodies
from tests.sandbox.test_e_invoices import cii
from tests.spec.hostile_contracts import closed, contract, query, sending

SAVED = Path(__file__).parents[1] / "fuzz" / "saved.plan"


# --- reports ------------------------------------------------------------------------------------------------


def _plan(size: int) -> PlanDocument:
    """A plan with so many invoices, each called otherwise."""
    plan = msgspec.json.decode(SAVED.read_bytes(), type=SavedDocument)
    (customer, change) = plan.changes
    many = (msgspec.structs.replace(change, external_reference=f"INV-{each}") for each in range(size))
    return msgspec.structs.replace(plan, changes=[customer, *many])


@pytest.mark.parametrize(
    "render", [text.render, markdown.render, html.render, json_text], ids=["text", "markdown", "html", "json"]
)
def test_a_plan_is_shown_in_proportion(render: Callable[[PlanDocument], str]) -> None:
    def prepare(size: int) -> Callable[[], object]:
        plan = _plan(size)
        return lambda: render(plan)

    assert growth(prepare, 40) < MOST_GROWTH


@pytest.fixture
def reports(tmp_path: Path) -> tuple[ApplyDocument, VerificationDocument]:
    """What an apply and a verify of one invoice report."""
    office = Office(tmp_path / "repository")
    office.define("INV-1", finalize=True)
    reports = office.apply().document(), office.verify().document()
    office.close()
    return reports


def test_an_apply_is_reported_in_proportion(reports: tuple[ApplyDocument, VerificationDocument]) -> None:
    def prepare(size: int) -> Callable[[], object]:
        document = msgspec.structs.replace(reports[0], results=[*reports[0].results] * size)
        return lambda: (apply_report.render(document), json_text(document))

    assert growth(prepare, 40) < MOST_GROWTH


def test_a_verification_is_reported_in_proportion(
    reports: tuple[ApplyDocument, VerificationDocument],
) -> None:
    def prepare(size: int) -> Callable[[], object]:
        document = msgspec.structs.replace(reports[1], invoices=[*reports[1].invoices] * size)
        return lambda: (
            verification.render_text(document),
            verification.render_html(document),
            json_text(document),
        )

    assert growth(prepare, 40) < MOST_GROWTH


# --- the engine: state, plans, the account, formatting -----------------------------------------------------


def test_a_journal_is_read_in_proportion(tmp_path: Path) -> None:
    def prepare(size: int) -> Callable[[], object]:
        journal = tmp_path / f"{size}.jsonl"
        opened = open_journal(journal, Disk(), lambda: NOW, KEY)
        for number in range(size):
            opened.write(Intent(kind="invoice", reference=f"INV-{number}", step="create_draft"))
            opened.write(
                Acknowledged(kind="invoice", reference=f"INV-{number}", step="create_draft", id=number + 1)
            )
        return lambda: replay_file(journal, Disk(), lambda: KEY)

    assert growth(prepare, 40) < MOST_GROWTH


def test_a_saved_plan_is_read_in_proportion(tmp_path: Path) -> None:
    def prepare(size: int) -> Callable[[], object]:
        file = tmp_path / f"{size}.plan"
        content = msgspec.to_builtins(_plan(size))
        content.pop("id")
        plan_file.write(file, content, KEY)
        return lambda: plan_file.read(file, KEY)

    assert growth(prepare, 20) < MOST_GROWTH


def test_plans_applies_and_verifications_are_made_in_proportion(tmp_path: Path) -> None:
    """With what the account answers, and the sandbox that answers it."""

    def prepare(size: int) -> Callable[[], object]:
        office = Office(tmp_path / f"{size}")
        for number in range(size):
            office.define(f"INV-{number}", finalize=True)

        def run() -> None:
            office.plan().document()
            office.apply().document()
            assert not office.verify().drift
            office.close()

        return run

    assert growth(prepare, 8) < MOST_GROWTH


READING: dict[str, tuple[str, ...]] = {
    "status": ("--sandbox",),
    "audit": ("--sandbox", "--format", "json"),
    "verify": ("--sandbox",),
    "adopt": ("--sandbox", "--from", "2025-10-01", "--to", "2025-10-31"),
    "list": ("customers",),
}
"""Commands that only read, and what each is told besides the folder."""


@pytest.mark.parametrize("verb", READING)
def test_what_was_issued_is_read_in_proportion(verb: str, tmp_path: Path) -> None:
    """Account, journal and report: with what the sandbox answers."""

    def prepare(size: int) -> Callable[[], object]:
        office = Office(tmp_path / f"{verb}{size}")
        for number in range(size):
            customer = CUSTOMER.replace("ACME", f"C{number}").replace("contact@", f"c{number}@")
            office.write(f"customers/c{number}.yaml", customer)
            office.define(f"INV-{number}", finalize=True)
        office.apply()
        if verb == "adopt":
            for file in (office.root / "invoices").iterdir():
                file.unlink()
        office.close()
        folder = str(office.root)
        words = READING[verb]
        command = [verb, words[0], folder, *words[1:]] if verb == "list" else [verb, folder, *words]

        def run() -> None:
            assert main(command) == 0

        return run

    assert growth(prepare, 6) < MOST_GROWTH


def test_a_definition_is_formatted_in_proportion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def prepare(size: int) -> Callable[[], object]:
        definition = invoice("INV-1", lines=line(more="") * size).replace("quantity: 2", "quantity:   2")
        (tmp_path / "a.yaml").write_text(definition)
        return lambda: main(["fmt", "a.yaml"])

    assert growth(prepare, 30) < MOST_GROWTH


# --- contracts ----------------------------------------------------------------------------------------------


def _names(size: int, prefix: str = "field") -> list[str]:
    return [f"{prefix}_{number}" for number in range(size)]


CONTRACTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "fields": lambda size: sending(closed(*_names(size))),
    "components": lambda size: sending(
        closed("a"), **{name: closed(name) for name in _names(size, "Component")}
    ),
    "references": lambda size: sending(
        {
            "type": "object",
            "properties": {
                name: {"$ref": f"#/components/schemas/C{index}"} for index, name in enumerate(_names(size))
            },
        },
        **{f"C{index}": closed(name) for index, name in enumerate(_names(size))},
    ),
    "parameters": lambda size: contract(
        parameters=[query(name, {"type": "string"}) for name in _names(size)]
    ),
    "values of an enum": lambda size: sending(
        {"type": "object", "properties": {"a": {"type": "string", "enum": _names(size)}}}
    ),
    "members of a union": lambda size: sending(
        {"type": "object", "properties": {"a": {"oneOf": [closed(name) for name in _names(size)]}}}
    ),
}


def _read(path: Path) -> object:
    document = load(path).document
    try:
        return schemas.emit(normalise(pin(document, api="example")[0]))
    except Failure as problem:
        return problem


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_read_in_proportion(name: str, tmp_path: Path) -> None:
    def prepare(size: int) -> Callable[[], object]:
        path = tmp_path / f"{size}.json"
        path.write_text(json.dumps(CONTRACTS[name](size)))
        return lambda: _read(path)

    assert growth(prepare, 40) < MOST_GROWTH


@pytest.mark.parametrize("name", CONTRACTS)
def test_contracts_are_compared_in_proportion(name: str) -> None:
    before = pin(contract(), api="example")[0]

    def prepare(size: int) -> Callable[[], object]:
        after = pin(CONTRACTS[name](size), api="example")[0]
        return lambda: _diff(before, after)

    assert growth(prepare, 40) < MOST_GROWTH


def _diff(before: dict[str, Any], after: dict[str, Any]) -> object:
    documents: list[ContractDiffDocument] = [
        diff_document(compare(*pair), old="old", new="new", accepted={}, uses=None)
        for pair in ((before, after), (after, before))
    ]
    return [
        (
            contract_diff.render_text(document),
            contract_diff.render_markdown(document),
            json_text(document),
        )
        for document in documents
    ]


def test_all_that_is_wrong_with_a_contract_is_said_in_proportion() -> None:
    def prepare(size: int) -> Callable[[], object]:
        document = sending({"type": "object", "properties": dict.fromkeys(_names(size), 1)})
        return lambda: list(structure_errors(document))

    assert growth(prepare, 40) < MOST_GROWTH


# --- electronic invoices ------------------------------------------------------------------------------------

_LINE = "<ram:IncludedSupplyChainTradeLineItem>"


def _lines(size: int) -> bytes:
    xml = cii().decode()
    before, _, rest = xml.partition(_LINE)
    line, end, after = rest.partition(_LINE.replace("<", "</"))
    return (before + (_LINE + line + end) * size + after).encode()


@pytest.mark.parametrize("read", [factur_x.read, of_the_sandbox.read_e_invoice], ids=["tool", "sandbox"])
def test_an_electronic_invoice_is_read_in_proportion(read: Callable[[bytes], object]) -> None:
    def prepare(size: int) -> Callable[[], object]:
        content = _lines(size)
        return lambda: read(content)

    assert growth(prepare, 40) < MOST_GROWTH


# --- requests to the sandbox --------------------------------------------------------------------------------

_API = "https://app.pennylane.com/api/external/v2"
REQUESTS: dict[str, Callable[[int], tuple[str, str, bytes, str]]] = {
    "lines of an invoice": lambda size: (
        *("POST", "/customer_invoices"),
        json.dumps(bodies.invoice(1, *[bodies.line()] * size, draft=True)).encode(),
        "application/json",
    ),
    "unknown fields": lambda size: (
        *("POST", "/company_customers"),
        json.dumps(bodies.company(**dict.fromkeys(_names(size), 1))).encode(),
        "application/json",
    ),
    "addresses": lambda size: (
        *("POST", "/company_customers"),
        json.dumps(bodies.company(emails=[f"{name}@acme.example" for name in _names(size)])).encode(),
        "application/json",
    ),
    "brackets": lambda size: ("POST", "/products", b"[" * size, "application/json"),
    "parameters": lambda size: ("GET", f"/customers?{'&'.join(_names(size))}", b"", "application/json"),
    "a long filter": lambda size: (
        *("GET", f"/customers?filter=[{','.join(['{}'] * size)}]"),
        *(b"", "application/json"),
    ),
    "parts of a form": lambda size: (
        *("POST", "/file_attachments"),
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n' * size + b"--b--\r\n",
        "multipart/form-data; boundary=b",
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_read_in_proportion(name: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        method, path, content, kind = REQUESTS[name](size)
        sandbox = Sandbox(rate_limit=False)
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": kind}
        client = httpx.Client(transport=sandbox.transport(), headers=headers)
        client.post(f"{_API}/company_customers", json=bodies.company())

        def send() -> None:
            assert client.request(method, _API + path, content=content).status_code < 500
            client.close()
            sandbox.close()

        return send

    assert growth(prepare, 100) < MOST_GROWTH
