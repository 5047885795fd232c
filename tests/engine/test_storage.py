"""What survives a power cut: the order of system calls, and writes that take less than they were given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.storage import Disk


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
    Disk().append(folder / "journal", b"one")
    assert calls == ["write journal", "fsync journal", "fsync state"]
    calls.clear()
    Disk().append(folder / "journal", b"two")
    assert calls == ["write journal", "fsync journal"]
    assert Disk().read(folder / "journal") == b"onetwo"


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data)[:3]))
    Disk().append(tmp_path / "journal", b"a long record\n")
    assert Disk().read(tmp_path / "journal") == b"a long record\n"


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert Disk().read(tmp_path / "nothing") is None
