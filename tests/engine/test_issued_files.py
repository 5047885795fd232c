"""``open`` and ``pdf``: the documents that the service made, by the references of their invoices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pennyform.cli.commands.documents.open import checked_link
from pennyform.cli.commands.documents.pdf import file_names
from pennyform.cli.issued import IssuedDocument
from pennyform.engine.account.records import RemoteFile
from pennyform.findings import Failure

from .firm import Firm
from .test_doctor import completed, said
from .world import Fault, Handler, invoice

LINK = "https://app.pennylane.com/public/x/invoice.pdf"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A company with two final invoices and a draft; documents are there."""
    before = Path.cwd()
    firm = Firm(tmp_path_factory.mktemp("issued") / "firm", names=("alder", "birch"))
    for reference in ("A-1", "A-2"):
        firm.write(f"companies/alder/invoices/{reference}.yaml", invoice(reference, finalize=True))
    firm.write("companies/alder/invoices/one.yaml", invoice("A-3"))
    assert firm("apply", str(firm.root), "--company", "alder", "--auto-approve") == 0, firm.err
    firm.clock.seconds += 3600
    # A token that can do nothing but read invoices.
    scopes = ["customer_invoices:readonly"]
    firm.sandbox.add_token("reads-only", company=firm.ids["alder"], scopes=scopes)
    firm.environ["PENNYLANE_TOKEN_ALDER"] = "reads-only"
    os.chdir(firm.root)
    yield firm
    os.chdir(before)
    firm.sandbox.close()


@pytest.fixture(autouse=True)
def _nothing_asked_yet(issued: Firm) -> None:
    issued.wire.sent.clear()
    issued.wire.faults.clear()
    issued.opened = []  # type: ignore[attr-defined]
    issued.runtime = replace(issued.runtime, open_page=lambda url: not issued.opened.append(url))  # type: ignore[attr-defined]


def linked(url: str | None) -> Fault:
    """Rows of invoices have this link."""

    def trick(request: httpx.Request, handle: Handler) -> httpx.Response:
        body = handle(request).json()
        for row in body["items"]:
            row["public_file_url"] = url
        return httpx.Response(200, json=body)

    return Fault("GET", "/customer_invoices", trick, times=9)


# --- pdf ----------------------------------------------------------------------------------------------------


def test_documents_are_written_as_the_service_made_them(issued: Firm, tmp_path: Path) -> None:
    out = tmp_path / "issued"
    assert issued("pdf", "A-2", "A-1", "--company", "alder", "--out", str(out)) == 0, issued.err
    assert sorted(path.name for path in out.iterdir()) == ["F-2025-0001_A-1.pdf", "F-2025-0002_A-2.pdf"]
    assert issued.err.count("Wrote ") == 2
    content = (out / "F-2025-0001_A-1.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    downloads = [request for request in issued.wire.sent if "/api/" not in request.url.path]
    assert len(downloads) == 2
    # Whose links these are, the token is no business of theirs.
    assert all("authorization" not in request.headers for request in downloads)
    assert {request.method for request in issued.wire.sent} == {"GET"}
    file = tmp_path / "one.pdf"
    assert issued("pdf", "A-1", "--company", "alder", "--out", str(file)) == 0
    assert file.read_bytes() == content


def test_what_has_no_document_is_said_and_stops_no_other(issued: Firm, tmp_path: Path) -> None:
    out = tmp_path / "issued"
    assert issued("pdf", "A-3", "A-9", "A-1", "--company", "alder", "--out", str(out)) == 1
    assert "the document of A-3 cannot be had: it is a draft" in issued.err
    assert "the document of A-9 cannot be had: the account has no such invoice" in issued.err
    assert [path.name for path in out.iterdir()] == ["F-2025-0001_A-1.pdf"]
    assert issued("pdf", "A-1", "A-2", "--company", "alder", "--out", str(tmp_path / "one.pdf")) == 1
    assert "error pdf-output: 2 documents cannot be written into one file" in issued.err
    issued.wire.faults = [linked(None)]
    assert issued("pdf", "A-1", "--company", "alder", "--out", str(tmp_path)) == 1
    assert "Pennylane is still making its PDF" in issued.err


def test_no_other_file_is_replaced(issued: Firm, tmp_path: Path) -> None:
    note = tmp_path / "note.pdf"
    settings = issued.root / "pennyform.yaml"
    for file, rule in (
        (note, "not-writable"),
        (tmp_path / "notes.txt", "pdf-output"),
        (settings, "pdf-output"),
    ):
        content = file.read_bytes() if file.exists() else b"mine"
        file.write_bytes(content)
        assert issued("pdf", "A-1", "--company", "alder", "--out", str(file)) == 1
        assert f"error {rule}: it is" in issued.err or f"error {rule}: a file" in issued.err, issued.err
        assert "write `--out` and " in issued.err
        assert file.read_bytes() == content
    note.write_bytes(b"%PDF-1.4 of last month")
    assert issued("pdf", "A-1", "--company", "alder", "--out", str(note)) == 0, issued.err
    assert note.stat().st_size > 1000


def test_a_folder_may_have_a_dot_in_its_name(issued: Firm, tmp_path: Path) -> None:
    out = tmp_path / "2026.01"
    for reference in ("A-1", "A-2"):
        assert issued("pdf", reference, "--company", "alder", "--out", str(out)) == 0, issued.err
    assert sorted(path.name for path in out.iterdir()) == ["F-2025-0001_A-1.pdf", "F-2025-0002_A-2.pdf"]
    assert issued("pdf", "A-1", "--company", "alder", "--out", f"{tmp_path}/all.pdf/") == 0, issued.err
    assert [path.name for path in (tmp_path / "all.pdf").iterdir()] == ["F-2025-0001_A-1.pdf"]


def test_a_page_and_a_file_without_end_are_no_documents(issued: Firm, tmp_path: Path) -> None:
    large = httpx.Response(200, content=b"%PDF-" + bytes(33 * 1024 * 1024))
    for answer, words in (
        (httpx.Response(200, text="<html>sign in</html>"), "is not a PDF"),
        (large, "larger than 33,554,432 bytes"),
        (httpx.Response(404), "its link answered 404"),
    ):
        issued.wire.faults = [Fault("GET", "pdf", lambda *_, answer=answer: answer)]
        assert issued("pdf", "A-1", "--company", "alder", "--out", str(tmp_path)) == 1
        assert words in issued.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_of_the_repository(issued: Firm, tmp_path: Path) -> None:
    (issued.root / "linked").symlink_to(tmp_path)
    assert issued("pdf", "A-1", "--company", "alder", "--out", "linked") == 1
    assert "not-writable" in issued.err
    assert list(tmp_path.iterdir()) == []


def test_file_names_are_safe_and_differ() -> None:
    numbers = {
        "A/1": "F-1",
        "A:1": "F-1",
        "a_1": "f-1",
        "../../x": "../..",
        "\u202e": "\u202e",
        "": "",
        "y" * 300: "F",
    }
    documents = [IssuedDocument(key, number, RemoteFile("", False)) for key, number in numbers.items()]
    names = file_names(documents)
    assert list(names.values()) == [
        "F-1_A_1.pdf",
        "F-1_A_1_2.pdf",
        "f-1_a_1_3.pdf",
        "_..__.._x.pdf",
        "___.pdf",
        "document.pdf",
        f"F_{'y' * 100}.pdf",
    ]


# --- open ---------------------------------------------------------------------------------------------------


def test_open_opens_the_link_of_the_service(issued: Firm) -> None:
    assert issued("open", "A-1", "--company", "alder") == 0, issued.err
    (link,) = issued.opened  # type: ignore[attr-defined]
    assert link.startswith("https://app.pennylane.com/")
    assert issued.err.endswith("Opened A-1 (F-2025-0001) in the browser.\n")
    assert issued.out == ""
    assert issued("open", "A-1", "--company", "alder", "--print") == 0
    assert issued.out.startswith("https://app.pennylane.com/")
    assert len(issued.opened) == 1  # type: ignore[attr-defined]
    issued.runtime = replace(issued.runtime, open_page=lambda _: False)
    assert issued("open", "A-1", "--company", "alder") == 1
    assert "no-browser" in issued.err
    assert {request.method for request in issued.wire.sent} == {"GET"}


@pytest.mark.parametrize("option", [[], ["--print"]])
def test_a_link_that_leads_elsewhere_is_neither_opened_nor_printed(issued: Firm, option: list[str]) -> None:
    issued.wire.faults = [linked("https://app.pennylane.com.example.org/a.pdf")]
    assert issued("open", "A-1", "--company", "alder", *option) == 1
    assert "link-refused" in issued.err
    assert issued.opened == []  # type: ignore[attr-defined]
    assert issued.out == ""


@pytest.mark.parametrize(
    "link",
    [
        "http://app.pennylane.com/a.pdf",
        "https://app.pennylane.com:8443/a.pdf",
        "https://app.pennylane.com@evil.test/a.pdf",
        "https://evil.test/https://app.pennylane.com/",
        "https://127.0.0.1/a.pdf",
        "http://127.0.0.1:9999/a.pdf",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "--version",
        "https://app.pennylane.com/a\nb",
        "https://app.pennylane.com/\u202e",
        "",
    ],
)
def test_links_that_are_refused(link: str) -> None:
    with pytest.raises(Failure) as failed:
        checked_link(link, "http://127.0.0.1:8787")
    assert [finding.rule for finding in failed.value.findings] == ["link-refused"]


def test_links_of_the_service_and_of_a_served_sandbox() -> None:
    assert checked_link(LINK, "https://app.pennylane.com") == LINK
    assert checked_link(LINK, "https://proxy.test") == LINK
    for url in ("http://127.0.0.1:8787/files/a.pdf", "https://proxy.test/a.pdf"):
        assert checked_link(url, url.partition("/files")[0].removesuffix("/a.pdf")) == url


def test_the_embedded_sandbox_has_no_address(issued: Firm) -> None:
    assert issued("open", "A-1", "--company", "alder", "--sandbox") == 1
    assert "pennyform pdf A-1" in issued.err


@pytest.mark.parametrize("words", [("open", "A-1"), ("pdf", "A-1")])
def test_one_company_at_a_time(issued: Firm, words: tuple[str, ...]) -> None:
    assert issued(*words, "--company", "alder", "--company", "birch") == 1
    assert "this command is about one" in issued.err
    assert issued(*words) == 1
    assert "company-unnamed" in issued.err


def test_shells_complete_references(issued: Firm) -> None:
    assert completed("pennyform pdf A-1 A", issued.root / "companies" / "alder") == ["A-1", "A-2", "A-3"]


def test_help_shows_examples_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(tmp_path, monkeypatch, "help", "pdf")[1]
    assert "examples:\n  pennyform pdf INV-2026-009 --out invoice.pdf\n  pennyform pdf " in text
