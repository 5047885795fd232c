"""Files to send: inside the repository whatever the path says, and of a type that the API takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pennyform.invoices.sources import attachments
from pennyform.invoices.sources.attachments import read_attachment
from pennyform.invoices.sources.source_file import UnsafePathError, resolve_inside

PDF = b"%PDF-1.4\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "repository"
    (folder / "invoices").mkdir(parents=True)
    (folder / "inside.pdf").write_bytes(PDF)
    (tmp_path / "outside.pdf").write_bytes(PDF)
    return folder


def refused(root: Path, stated: str) -> str:
    with pytest.raises(UnsafePathError) as raised:
        resolve_inside(root, root / "invoices", stated)
    return str(raised.value)


def test_paths_are_relative_to_the_definition(root: Path) -> None:
    assert resolve_inside(root, root / "invoices", "../inside.pdf") == root / "inside.pdf"


def test_a_link_may_lead_elsewhere_inside(root: Path) -> None:
    (root / "invoices" / "link.pdf").symlink_to("../inside.pdf")
    assert resolve_inside(root, root / "invoices", "link.pdf") == root / "inside.pdf"


def test_a_link_may_not_lead_out(root: Path) -> None:
    (root / "invoices" / "file.pdf").symlink_to(root.parent / "outside.pdf")
    (root / "folder").symlink_to(root.parent)
    assert refused(root, "file.pdf") == "a symbolic link leads out of the invoice repository"
    assert refused(root, "../folder/outside.pdf") == "a symbolic link leads out of the invoice repository"


def test_links_in_circles_are_no_traceback(root: Path) -> None:
    (root / "invoices" / "loop.pdf").symlink_to("loop.pdf")
    assert "cannot be read" in refused(root, "loop.pdf")


@pytest.mark.parametrize("stated", ["../../outside.pdf", "../../repository/../outside.pdf", "a/../../../x"])
def test_a_path_may_not_lead_out(root: Path, stated: str) -> None:
    assert refused(root, stated) == "it lies outside the invoice repository"


@pytest.mark.parametrize("stated", ["/etc/hostname", "..\\inside.pdf", "a\0b"])
def test_strange_paths_are_refused(root: Path, stated: str) -> None:
    assert refused(root, stated)


def test_only_regular_files_are_opened(root: Path) -> None:
    os.mkfifo(root / "invoices" / "pipe.pdf")
    assert refused(root, "pipe.pdf") == "it is not a regular file"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.PDF", PDF, "application/pdf"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.tiff", b"II*\0", "image/tiff"),
        ("a.tif", b"MM\0*", "image/tiff"),
        ("a.bmp", b"BM", "image/bmp"),
        ("a.gif", b"GIF89a", "image/gif"),
    ],
)
def test_types_follow_from_content(root: Path, name: str, content: bytes, media_type: str) -> None:
    (root / name).write_bytes(content)
    assert read_attachment(root, root / name).media_type == media_type


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"GIF89a"), ("a.txt", b"text"), ("a.pdf", b"")])
def test_other_content_is_refused(root: Path, name: str, content: bytes) -> None:
    (root / name).write_bytes(content)
    with pytest.raises(UnsafePathError):
        read_attachment(root, root / name)


def test_a_file_has_a_largest_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "LARGEST", len(PDF) - 1)
    with pytest.raises(UnsafePathError, match="larger than 100 MB"):
        read_attachment(root, root / "inside.pdf")
    monkeypatch.setattr(attachments, "LARGEST", len(PDF))
    assert read_attachment(root, root / "inside.pdf").size == len(PDF)
