"""The writer: all or nothing, and never what is not its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.codegen import output as writer
from pennyform.findings import Failure

from .killed import killed_after

FILES = {"client/a.py": b"a\n", "client/sub/b.py": b"b\n", "schemas/c.json": b"{}\n"}


def write(files, output, *, ours=True):
    return writer.write(files, output, made_from={"contracts": {}}, ours=ours)


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock.json"
    }


def test_a_second_write_touches_only_what_changed(tmp_path):
    write(FILES, tmp_path)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in FILES}
    written = write({**FILES, "client/a.py": b"other\n"}, tmp_path)
    assert (written.added, written.changed, written.removed) == (0, 1, 0)
    after = {path: (tmp_path / path).stat().st_mtime_ns for path in FILES}
    assert {path for path in FILES if before[path] != after[path]} == {"client/a.py"}


def test_what_is_not_emitted_any_more_goes_with_its_folder(tmp_path):
    write(FILES, tmp_path)
    written = write({"client/a.py": b"a\n"}, tmp_path)
    assert written.removed == 2
    assert content(tmp_path) == {"client/a.py": b"a\n"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["client", "lock.json"]


def test_what_lies_beside_the_emitted_folders_stays(tmp_path):
    (tmp_path / "README").write_text("mine")
    write(FILES, tmp_path)
    write({"client/a.py": b"a\n"}, tmp_path)
    assert (tmp_path / "README").read_text() == "mine"


def test_a_disk_that_refuses_leaves_everything_as_it_was(tmp_path, monkeypatch):
    write(FILES, tmp_path)
    before = content(tmp_path)
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer.os, "fsync", full)
    with pytest.raises(Failure, match="No space left"):
        write(dict.fromkeys(FILES, b"new\n"), tmp_path)
    assert content(tmp_path) == before
    assert not list(tmp_path.glob(".pennyform-*")), "nothing half-done stays behind"


@pytest.mark.parametrize("moves", range(3))
def test_a_replacement_that_is_killed_is_noticed_and_finished(moves, tmp_path):
    write(FILES, tmp_path)
    new = dict.fromkeys(FILES, b"new\n")
    killed_after(moves, lambda: write(new, tmp_path))
    # The lock vouches for nothing unfinished.
    assert not writer.is_untouched(tmp_path, writer.read_lock(tmp_path))
    findings = writer.find_stale_files(new, tmp_path)
    assert {finding.fix for finding in findings} == {"Run: pennyform generate"}
    write(new, tmp_path)
    assert writer.is_untouched(tmp_path, writer.read_lock(tmp_path))
    assert not list(tmp_path.rglob("*.part")) + list(tmp_path.rglob("*.old"))


def test_an_interrupted_replacement_is_taken_back(tmp_path, monkeypatch):
    write(FILES, tmp_path)
    moves, replace = iter(range(9)), Path.replace

    def stop_at_the_second(path, target):
        if next(moves) == 1:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        write(dict.fromkeys(FILES, b"new\n"), tmp_path)
    assert writer.is_untouched(tmp_path, writer.read_lock(tmp_path))


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    output = tmp_path / "out"
    write(FILES, output)
    (output / "client/a.py").unlink()
    (output / "client/a.py").symlink_to(outside)
    write(FILES, output)
    assert outside.read_text() == "mine"
    assert not (output / "client/a.py").is_symlink()


_PATHS = st.sampled_from(["a/x", "a/y", "a/b/x", "b/x", "b/c/d/x"])
_MAPS = st.dictionaries(_PATHS, st.binary(max_size=3), min_size=1)


@settings(deadline=None)  # disks have slow moments
@given(_MAPS, _MAPS)
def test_after_a_write_the_folder_is_what_was_emitted(tmp_path_factory, first, second):
    output = tmp_path_factory.mktemp("output")
    write(first, output)
    assert len(writer.find_stale_files(second, output)) == _differences(first, second)
    write(second, output)
    assert content(output) == second
    assert writer.find_stale_files(second, output) == []


def _differences(first, second):
    return len({path for path in first.keys() | second.keys() if first.get(path) != second.get(path)})


@pytest.mark.parametrize(
    "files",
    [
        {"../victim/secret": "sha256:0"},
        {"src/mine.py": "sha256:0"},
        {"/": "sha256:0"},
        {".git/config": "sha256:0"},
        {"./x": "sha256:0"},
        {"client/../../victim/secret": "sha256:0"},
        {"src/mine\0.py": "sha256:0"},
        {"src": "sha256:0"},
        {1: 2},
        ["src/mine.py"],
        "src/mine.py",
        None,
    ],
)
def test_a_lock_that_somebody_wrote_deletes_nothing(tmp_path, files):
    """It comes with commits, and what it names used to be removed as no longer emitted."""
    output = tmp_path / "output"
    mine = [output / "src" / "mine.py", output / ".git" / "config", tmp_path / "victim" / "secret"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    lock = output / "lock.json"
    for inputs in ({}, None, {"stock_templates": []}):
        lock.write_text(json.dumps({"format_version": 1, "inputs": inputs, "files": files}))
        assert not writer.is_untouched(output, writer.read_lock(output))
        write(FILES, output)
        assert all(path.read_text() == "mine" for path in mine)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"[" * 100_000, b"\xff", b'{"files": {}, "files": {"a/b": "c"}}', b"1e999"]
)
def test_a_lock_that_is_none_is_no_lock(tmp_path, text):
    (tmp_path / "lock.json").write_bytes(text)
    assert writer.read_lock(tmp_path) == {}


def test_a_pipe_in_the_place_of_a_file_does_not_hold_up(tmp_path):
    write(FILES, tmp_path)
    (tmp_path / "client" / "a.py").unlink()
    os.mkfifo(tmp_path / "client" / "a.py")
    assert not writer.is_untouched(tmp_path, writer.read_lock(tmp_path))
