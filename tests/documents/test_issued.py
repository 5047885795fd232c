"""What the sandbox issues is what was asked for, by the rules and by every line; each fault of it is found.

The sandbox makes its documents with code of its own, so that no error is hidden by the same one there.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from pennyform.cli.documents import document_check
from pennyform.cli.downloads import fetch_link
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteFile
from pennyform.engine.applying.report import Result
from pennyform.engine.limits import IMMEDIATE
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import open_session
from pennyform.engine.verify import Verification, verify, with_documents
from pennyform.extras import missing_packages
from pennyform.invoices.sources.factur_x import invoice_xml
from pennyform.results.verification import InvoiceVerdict
from pennyform.sandbox import Rules
from pennyform.sandbox.faults.kinds import Unavailable, WrongDocument, WrongPart
from pennylane_company import Client

from tests.engine.world import Office

from .invoices import FILES
from .test_documents import ROOT, matrix, sample

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

CHANGED_BYTES = [
    (b"", b"\xef\xbb\xbf", set()),
    (b"<ram:DuePayableAmount>", b"<ram:DuePayableAmount>a", {"/document/rules"}),
]
FINAL = "options: {finalize: true}\n"


def examples(folder: Path) -> dict[str, str | bytes]:
    """The files of a repository of examples, without what lies in it and is none of it."""
    files: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.partition("/")[0] not in {"workflows", "deposits", ".pennyform"}:
            files[name] = path.read_bytes() if path.suffix == ".pdf" else path.read_text(encoding="utf-8")
    return files


def sampled() -> dict[str, str | bytes]:
    """The matrix without most of its invoices."""
    kept = sample()
    return {
        name: text
        for name, text in matrix().items()
        if not name.startswith("invoices/") or Path(name).stem in kept
    }


def finalized(files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The same, every invoice of them to be issued; what is imported is already."""
    changed = dict(files)
    for name, text in files.items():
        if name.startswith("invoices/") and isinstance(text, str) and "\nfile:" not in text:
            if "options:\n" in text and "finalize" not in text:
                changed[name] = text.replace("options:\n", "options:\n  finalize: true\n")
            elif "finalize" not in text:
                changed[name] = text.rstrip("\n") + "\n" + FINAL
    return changed


def opened(root: Path, files: Mapping[str, str | bytes]) -> Office:
    office = Office(root, rules=Rules(pdf_seconds=0))
    (root / "customers/acme.yaml").unlink()
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    report = office.apply()
    assert {str(result.status) for result in report.results} == {"done"}, report.document()
    return office


def looked_at(office: Office) -> Verification:
    """What ``verify --document`` makes of the repository."""
    repository = office.repository()
    client = Client(office.token, transport=office.wire, rate_limit=None, clock=office.clock)
    account = AccountClient(client, fetch=partial(fetch_link, office.wire))
    verification = verify(repository, office.looked_up())
    return with_documents(verification, account, document_check(repository), Runtime.system())


def verdicts(office: Office) -> dict[str, InvoiceVerdict]:
    return {invoice.external_reference: invoice for invoice in looked_at(office).document().invoices}


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Office]]:
    """An account for each repository, in which everything was issued; opened when first asked for."""
    made: dict[str, Office] = {}
    sources: dict[str, Callable[[], Mapping[str, str | bytes]]] = {
        "examples": lambda: examples(ROOT / "examples"),
        "deposits": lambda: examples(ROOT / "examples" / "deposits"),
        "matrix": sampled,
    }

    def open_office(name: str) -> Office:
        if name not in made:
            made[name] = opened(tmp_path_factory.mktemp(name), finalized(sources[name]()))
        return made[name]

    yield open_office
    for office in made.values():
        office.close()


@pytest.mark.parametrize("name", ["examples", "deposits", "matrix"])
def test_what_is_issued_is_what_was_asked_for(name: str, offices: Callable[[str], Office]) -> None:
    seen = verdicts(offices(name))
    assert {reference: one.differences for reference, one in seen.items() if one.differences} == {}
    sources = {reference: one.document.source if one.document else None for reference, one in seen.items()}
    assert set(sources.values()) <= {"xml", "file"}
    assert [reference for reference, source in sources.items() if source == "file"] == (
        ["INV-2025-118"] if name == "examples" else []
    )


class Planted(NamedTuple):
    """What is wrong, and the pointer at which it is found, of INV-2026-003 (three lines at three rates)."""

    what: str
    at: str


FOUND = [
    Planted("total", "/document/currency_amount"),
    Planted("vat_rate", "/document/invoice_lines/0/vat_rate"),
    Planted("vat_amount", "/document/vat/5.5/tax"),
    Planted("missing_line", "/document/invoice_lines/2"),
    Planted("additional_line", "/document/invoice_lines/3"),
    Planted("line_price", "/document/invoice_lines/0/raw_currency_unit_price"),
    Planted("line_quantity", "/document/invoice_lines/0/quantity"),
    Planted("line_text", "/document/invoice_lines/0/label"),
    Planted("buyer", "/document/buyer/name"),
    Planted("number", "/document/number"),
    Planted("date", "/document/date"),
    Planted("deadline", "/document/deadline"),
    Planted("currency", "/document/currency"),
    Planted("kind", "/document/type"),
    Planted("no_xml", "/document/xml"),
    Planted("broken_xml", "/document"),
    Planted("other_invoice", "/document/number"),
    Planted("truncated", "/document"),
    Planted("no_pdf", "/document"),
]


def test_every_switch_has_a_row() -> None:
    assert [planted.what for planted in FOUND] == list(get_args(WrongPart))


@pytest.fixture(scope="module")
def three_lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An account with an invoice of three lines at three rates, and another one."""
    wanted = {"invoices/2026-003-vat-rates.yaml", "invoices/2026-001-minimal.yaml"}
    files = examples(ROOT / "examples")
    files = {name: text for name, text in files.items() if not name.startswith("invoices/") or name in wanted}
    office = opened(tmp_path_factory.mktemp("three"), finalized(files))
    yield office
    office.close()


@pytest.mark.parametrize("planted", FOUND, ids=[planted.what for planted in FOUND])
def test_each_wrong_document_is_found(planted: Planted, three_lines: Office) -> None:
    three_lines.sandbox.faults.schedule(WrongDocument(what=planted.what))  # type: ignore[arg-type]
    try:
        seen = verdicts(three_lines)["INV-2026-003"]
    finally:
        three_lines.sandbox.faults.clear()
    found = [difference.pointer for difference in seen.differences]
    assert (seen.status, planted.at in found) == ("differs", True), seen.differences


def test_nothing_is_found_without_a_switch(three_lines: Office) -> None:
    seen = looked_at(three_lines)
    assert [invoice.differences for invoice in seen.invoices] == [(), ()]
    assert seen.drift is False


def test_a_pdf_without_xml_is_compared_by_its_text(three_lines: Office) -> None:
    three_lines.sandbox.faults.schedule(WrongDocument(what="no_xml"))
    seen = verdicts(three_lines)["INV-2026-003"]
    three_lines.sandbox.faults.clear()
    assert seen.document
    assert (seen.document.source, seen.document.compared) == ("text", ("number", "currency_amount"))
    assert "no line and no VAT" in seen.notes[0]
    assert [difference.pointer for difference in seen.differences] == ["/document/xml"]


MAILED = "options: {finalize: true, send_by_email: true, send_to_pa: true}\n"


@pytest.fixture
def required(tmp_path: Path) -> Iterator[Office]:
    """A repository that mails one invoice, once its document was looked at."""
    office = Office(tmp_path / "required", rules=Rules(pdf_seconds=0))
    for name, text in FILES.items():
        office.write(name, text + (MAILED if name.startswith("invoices/") else ""))
    yield office
    office.close()


def applied(office: Office) -> Result:
    """What became of the invoice, with the policy ``document: required``."""
    repository, state = office.repository(), office.state()
    runtime = replace(Runtime.system(), clock=office.clock, patience=IMMEDIATE, workers=1)
    account = AccountClient(
        Client(office.token, transport=office.wire, rate_limit=None), None, partial(fetch_link, office.wire)
    )
    with open_session(repository, account, state, runtime, interrupted=lambda: False) as session:
        report = session.apply(session.plan(), lambda done, total: None, "", document_check(repository))
    (result,) = (result for result in report.results if result.change.kind == "invoice")
    return result


def test_a_wrong_document_is_neither_mailed_nor_sent(required: Office) -> None:
    required.sandbox.faults.schedule(WrongDocument(what="line_price"))
    result = applied(required)
    assert (result.status, result.draft, result.remaining_steps) == (
        "differs",
        False,
        ("send_to_pa", "send_by_email"),
    )
    assert "it was neither mailed nor given to the platform" in result.detail
    assert "/document/invoice_lines/0/raw_currency_unit_price" in {one.pointer for one in result.differences}
    assert required.wire.done("/send_by_email") == required.wire.done("/send_to_pa") == 0
    # The next apply looks again, and finds it as it should be.
    required.sandbox.faults.clear()
    assert applied(required).status == "done"
    assert required.wire.done("/send_by_email") == required.wire.done("/send_to_pa") == 1


def test_a_document_that_cannot_be_read_keeps_the_mail_back(required: Office) -> None:
    required.sandbox.faults.schedule(Unavailable(path="/public/files/**"))
    result = applied(required)
    assert (result.status, result.draft) == ("failed", False)
    assert "its document cannot be read (its link answered 503)" in result.detail
    assert required.wire.done("/send_by_email") == 0


def test_a_document_that_is_being_made_is_waited_for(required: Office) -> None:
    required.reopen(Rules(pdf_seconds=10**6))
    result = applied(required)
    assert (result.status, result.draft) == ("waiting", False)
    assert required.wire.done("/send_by_email") == 0


def test_a_document_of_which_nothing_can_be_compared_keeps_the_mail_back(
    required: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a picture: neither XML nor text."""
    from pypdf import PdfWriter  # of the extra

    empty = PdfWriter()
    empty.add_blank_page(100, 100)
    content = io.BytesIO()
    empty.write(content)
    monkeypatch.setattr(AccountClient, "files", lambda _, ids: {id_: RemoteFile("x", False) for id_ in ids})
    monkeypatch.setattr(AccountClient, "download", lambda *_: content.getvalue())
    result = applied(required)
    assert (result.status, result.draft) == ("failed", False)
    assert "nothing of its document can be compared" in result.detail
    assert required.wire.done("/send_by_email") == 0


@pytest.mark.parametrize(("old", "new", "expected"), CHANGED_BYTES)
def test_xml_that_rules_stumble_over(
    required: Office, monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes, expected: set[str]
) -> None:
    monkeypatch.setattr(
        "pennyform.documents.issued.invoice_xml",
        lambda content: ((found := invoice_xml(content))[0].replace(old, new, 1), found[1]),
    )
    assert {one.pointer for one in applied(required).differences} == expected
