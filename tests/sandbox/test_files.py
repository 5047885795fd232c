from __future__ import annotations

from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import GIF, PDF
from .conftest import Caller, Clock, Draft

CUT_OFF = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n%PDF-1.7 cut"
)


def test_a_file_is_kept_and_can_be_fetched_by_its_link(api: Caller, clock: Clock) -> None:
    sent = api.post("/file_attachments", files={"file": ("a.pdf", PDF, "application/pdf")})
    assert sent.status_code == 201, sent.text
    link = sent.json()["url"]
    assert sent.json()["filename"] == "a.pdf"
    found = api.fetch(link)
    assert (found.content, found.headers["content-type"]) == (PDF, "application/pdf")
    clock.advance(minutes=30)
    assert api.fetch(link).status_code == 404


def test_how_long_a_link_opens(api: Caller, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.rules = Rules(attachment_minutes=90)
    link = api.upload()["url"]
    clock.advance(minutes=89)
    assert api.fetch(link).status_code == 200
    clock.advance(minutes=1)
    assert api.fetch(link).status_code == 404


def test_contents_are_told_apart(api: Caller) -> None:
    links = [api.upload(PDF + content)["url"] for content in (b"a", b"b")]
    assert [api.fetch(link).content for link in links] == [PDF + b"a", PDF + b"b"]


def test_a_changed_link_does_not_open(api: Caller) -> None:
    link = api.upload()["url"]
    *_, expires, _, _ = link.split("/")
    assert api.fetch(link.replace(expires, str(int(expires) + 1))).status_code == 404
    other = link.replace("/file_attachment/", "/appendix/")
    assert api.fetch(other).status_code == 404


def test_the_same_content_may_be_sent_twice(api: Caller) -> None:
    assert api.upload()["id"] != api.upload()["id"]


def test_a_name_can_be_given(api: Caller) -> None:
    sent = api.post(
        "/file_attachments",
        files={"file": ("../../a.pdf", PDF, "application/pdf")},
        data={"filename": "Été 2025.pdf"},
    )
    assert sent.json()["filename"] == "Été 2025.pdf"
    sent = api.post("/file_attachments", files={"file": ("..\\x/a.gif", GIF, "image/gif")})
    assert sent.json()["filename"] == "a.gif"


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (("a.pdf", b"%PDF-", "application/pdf"), 201),
        (("a.exe", b"MZ", "application/octet-stream"), 422),
        (("a.pdf", b"", "application/pdf"), 422),
        (("a.pdf", GIF, "application/pdf"), 422),
        (("x" * 256, PDF, "application/pdf"), 422),
    ],
)
def test_only_documents_and_pictures_are_taken(api: Caller, file: Any, status: int) -> None:
    assert api.post("/file_attachments", files={"file": file}).status_code == status


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=" + "x" * 71, b""),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", CUT_OFF),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--x--\r\n",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n--x--\r\n',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 101 + b"--x--\r\n"),
    ],
)
def test_what_is_no_form_is_refused(api: Caller, content_type: str, body: bytes) -> None:
    sent = api.post("/file_attachments", content=body, headers={"content-type": content_type})
    assert sent.status_code == 400, sent.text


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ({}, {"file": "text"}),
        ({"filename": ("a", b"a", "text/plain")}, {}),
        ({"file": ("a.pdf", PDF, "application/pdf")}, {"folder": "x"}),
        ({"file": ("a.pdf", PDF, "application/pdf")}, {"filename": "x" * 256}),
    ],
)
def test_a_form_follows_the_contract(api: Caller, files: dict[str, Any], data: dict[str, Any]) -> None:
    form = {name: (None, value) for name, value in data.items()}
    sent = api.post("/file_attachments", files={**form, **files})
    assert sent.status_code == 400, sent.text


def test_appendices_hang_on_drafts_too_and_as_often_as_sent(api: Caller, draft: Draft) -> None:
    invoice = api.made("/customer_invoices", draft())["id"]
    path = f"/customer_invoices/{invoice}/appendices"
    first, second = (
        api.post(path, files={"file": ("terms.pdf", PDF, "application/pdf")}).json() for _ in range(2)
    )
    shown = api.get(path).json()["items"]
    assert [one["id"] for one in shown] == [second["id"], first["id"]]
    assert {one["filename"] for one in shown} == {"terms.pdf"}
    assert api.fetch(shown[0]["url"]).content == PDF
    assert api.post("/customer_invoices/42/appendices", files={"file": ("a.pdf", PDF)}).status_code == 404
    assert api.post(path, files={"nothing": (None, "")}).status_code == 400
