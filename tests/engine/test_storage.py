"""What survives a power cut: the order of system calls, and writes that take less than they were given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.runtime import Disk


def test_a_new_file_is_synced_and_then_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def note(name: str, kind: Any) -> None:
        real = getattr(os, name)

        def noted(*args: Any, **options: Any) -> Any:
            calls.append(kind(*args))
            return real(*args, **options)

        monkeypatch.setattr(os, name, noted)

    def of(handle: int) -> str:
        return Path(f"/proc/self/fd/{handle}").readlink().name

    note("write", lambda handle, data: f"write {of(handle)}")
    note("fsync", lambda handle: f"fsync {of(handle)}")
    folder = tmp_path / "state"
    disk = Disk()
    disk.append(folder / "journal", b"one", 0)
    assert calls == [f"fsync {tmp_path.name}", "write journal", "fsync journal", "fsync state"]
    calls.clear()
    disk.append(folder / "journal", b"two", 3)
    assert calls == ["write journal", "fsync journal"]
    calls.clear()
    # Whoever made the file may have died before its name was durable.
    Disk().append(folder / "journal", b"three", 6)
    assert calls == ["write journal", "fsync journal", "fsync state"]
    assert Disk().read(folder / "journal") == b"onetwothree"


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data)[:3]))
    Disk().append(tmp_path / "journal", b"a long record\n", 0)
    assert Disk().read(tmp_path / "journal") == b"a long record\n"


def test_what_is_replaced_is_kept_and_both_are_whole_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, kept = tmp_path / "journal", tmp_path / "journal.before"
    rename, seen = Path.replace, []

    def watched(self: Path, target: Path) -> Path:
        seen.append((target.name, self.read_bytes(), journal.read_bytes()))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    Disk().append(journal, b"old", 0)
    Disk().replace(journal, b"new", kept)
    assert seen == [("journal.before", b"old", b"old"), ("journal", b"new", b"old")]
    assert (journal.read_bytes(), kept.read_bytes()) == (b"new", b"old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "journal.before"]


def test_a_file_that_does_not_fit_into_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pennyform.engine.runtime.FILE_BYTES", 2)
    (tmp_path / "journal").write_bytes(b"one")
    with pytest.raises(OSError, match="larger than 2 bytes"):
        Disk().read(tmp_path / "journal")


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert Disk().read(tmp_path / "nothing") is None


@pytest.mark.parametrize("what", ["removed", "cut off", "written into", "another one in its place"])
def test_what_somebody_else_changed_is_not_written_into(tmp_path: Path, what: str) -> None:
    """Such as a state folder that is removed while an apply runs, and begun anew by another one."""
    journal, disk = tmp_path / "journal", Disk()
    disk.append(journal, b"one", 0)
    journal.unlink()
    other = {"cut off": b"", "written into": b"one and more", "another one in its place": b"other one"}
    if what in other:
        journal.write_bytes(other[what])
    with pytest.raises(OSError, match=r"No such file|somebody else"):
        disk.append(journal, b"two", 3)
    assert journal.exists() == (what in other)
    assert what not in other or journal.read_bytes() == other[what]


@pytest.mark.parametrize("what", ["pipe", "folder", "link", "too large"])
def test_what_cannot_be_read_is_renamed_to_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    journal, kept = tmp_path / "journal", tmp_path / "journal.before"
    match what:
        case "pipe":
            os.mkfifo(journal)
        case "folder":
            journal.mkdir()
        case "link":
            journal.symlink_to("nowhere")
        case _:
            monkeypatch.setattr("pennyform.engine.runtime.FILE_BYTES", 2)
            journal.write_bytes(b"one")
    Disk().replace(journal, b"n", kept)
    assert journal.read_bytes() == b"n"
    assert os.path.lexists(kept)
