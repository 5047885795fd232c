"""Exit 1 of ``spec fetch`` means that nothing changed: neither the pin, nor the lock, nor a folder."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pennyform import safe_files
from pennyform.cli import main
from pennyform.safe_files import replaced_files
from pennyform.spec.document.load import load
from pennyform.spec.pin.fetch import pin_source, write_pinned
from pennyform.spec.pin.store import Store

from tests.generate.killed import killed_after

from .hostile_contracts import UNSOUND_NAMES, UNSOUND_OPERATIONS, UNSOUND_SCHEMAS, closed, contract, sending


def state(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def fetch(tmp_path, document):
    (tmp_path / "contract.json").write_text(json.dumps(document))
    words = ["--specs", str(tmp_path / "specs"), "--from", str(tmp_path / "contract.json")]
    return main(["spec", "fetch", "--api", "example", *words])


UNSOUND = {
    "a shape named by code": UNSOUND_NAMES["a shape named by code"],
    "a filler that is a letter": sending(closed("a\u3164")),
    "a joiner": sending(closed("a\u034fb")),
    "an address of OAuth that is none": contract(
        document={
            "components": {
                "securitySchemes": {
                    "o": {
                        "type": "oauth2",
                        "flows": {"authorizationCode": {"tokenUrl": "http://x", "authorizationUrl": "y"}},
                    }
                }
            }
        }
    ),
}


# What concerns one operation does not keep the contract from being pinned -> what its client says.
EMITTED = {
    "two types at once": (UNSOUND_SCHEMAS["two types at once"], ["PostThingBody: TypeAlias"]),
    "an id that is code": (UNSOUND_OPERATIONS["an id that is code"], ["def create(self, body"]),
    "two ways to succeed": (UNSOUND_OPERATIONS["two ways to succeed"], ["def create(self, body"]),
    "two fields of one name": (
        sending(closed("field", "\ufb01eld")),
        ['    field_: str | UnsetType = field(default=UNSET, name="field")', 'name="\ufb01eld")'],
    ),
    "two fields of one name in Python": (
        sending(closed("a-b", "a_b")),
        ["    a_b: str | UnsetType = UNSET", '    a_b_2: str | UnsetType = field(default=UNSET, name="a-b")'],
    ),
    "a class that is imported": (
        sending({**closed("a"), "x-pennyform-component": {"name": "Request"}}),
        ["class Request_(Request, "],
    ),
    "a schema in itself": (
        UNSOUND_SCHEMAS["a schema in itself"],
        ["the schema contains itself"],
    ),
}


@pytest.mark.parametrize("name", EMITTED)
def test_what_concerns_one_operation_is_emitted_or_left_out_alone(name, tmp_path, capsys):
    document, parts = EMITTED[name]
    assert fetch(tmp_path, document) == 0
    out = tmp_path / "out"
    assert main(["generate", "--specs", str(tmp_path / "specs"), "--output", str(out)]) == 0
    files = [out / "pennylane_example" / folder / "things.py" for folder in ("models", "resources")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    assert [part for part in parts if part not in code] == []
    compile(code.replace("from __future__ import annotations", ""), "things.py", "exec")
    left_out = [line for line in capsys.readouterr().err.splitlines() if "operation-skipped" in line]
    assert len(left_out) == (name == "a schema in itself")


@pytest.mark.parametrize("name", UNSOUND)
def test_what_is_not_sound_changes_nothing(name, tmp_path, capsys):
    assert fetch(tmp_path, UNSOUND[name]) == 1
    assert not (tmp_path / "specs").exists()
    assert fetch(tmp_path, contract()) == 0
    before = state(tmp_path / "specs")
    assert fetch(tmp_path, UNSOUND[name]) == 1
    assert state(tmp_path / "specs") == before
    err = capsys.readouterr().err
    assert "internal defect" not in err
    assert "/tmp/pennyform-" not in err


def test_an_overlay_that_does_not_fit_keeps_the_pin_that_it_fits(tmp_path, capsys):
    assert fetch(tmp_path, contract()) == 0
    overlay = tmp_path / "specs/overlays/example.yaml"
    overlay.parent.mkdir()
    action = """{target: "$.paths['/v1/things'].post", update: {x-pennyform-method: make}}"""
    overlay.write_text(f"overlay: 1.0.0\nactions: [{action}]\n")
    before = state(tmp_path / "specs")
    other = json.loads(json.dumps(contract()).replace("/v1/things", "/v1/others"))
    assert fetch(tmp_path, other) == 1
    assert "overlay-action" in capsys.readouterr().err
    assert state(tmp_path / "specs") == before


@pytest.mark.parametrize("failing", range(4))
def test_a_disk_that_refuses_leaves_all_as_it_was(failing, tmp_path, monkeypatch):
    assert fetch(tmp_path, contract()) == 0
    before = state(tmp_path / "specs")
    written, write_file = iter(range(100)), safe_files.write_file

    def write(path, *arguments, **options):
        if str(path).startswith(str(tmp_path / "specs")) and next(written) == failing:
            raise OSError(28, "No space left on device")
        return write_file(path, *arguments, **options)

    monkeypatch.setattr(safe_files, "write_file", write)
    document = contract(deprecated=True)
    assert fetch(tmp_path, document) == 1
    assert state(tmp_path / "specs") == before


@pytest.mark.parametrize("failing", range(3))
def test_a_move_that_fails_is_taken_back(failing, tmp_path, monkeypatch):
    files = {tmp_path / "a": b"new", tmp_path / "deep/er/b": b"new", tmp_path / "c": b"new"}
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").write_bytes(b"old")
    before = state(tmp_path)
    moves = iter(range(100))
    move = type(tmp_path).replace

    def replace(self, target):
        if self.suffix == ".part" and next(moves) == failing:
            raise OSError(5, "Input/output error")
        return move(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", replace)
    with pytest.raises(OSError, match="Input"), replaced_files(files):
        pytest.fail("nothing has been replaced")
    assert state(tmp_path) == before


def test_what_fails_afterwards_takes_the_files_back(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    before = state(tmp_path)

    def interrupted():
        with replaced_files({tmp_path / "a": b"1", tmp_path / "b/c": b"2"}):
            assert (tmp_path / "a").read_bytes() == b"1"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert state(tmp_path) == before


def test_a_pin_that_is_killed_is_the_old_one_or_named(tmp_path, capsys):
    """Between any two of its files: whoever reads it says what to do, and doing it leaves nothing behind."""
    old, new = pinned(tmp_path, contract()), pinned(tmp_path, contract(deprecated=True))
    named = 0
    # What it was before, the contract, what was not understood, the lock.
    for moves in range(4):
        store = Store(tmp_path / str(moves))
        write_pinned(old, api="example", store=store)
        assert killed_after(moves, lambda store=store: write_pinned(new, api="example", store=store))
        if store.is_intact("example"):
            assert store.pinned("example") == old.document
        else:
            named += 1
            words = ["--specs", str(store.folder), "--output", str(tmp_path / "out")]
            assert main(["generate", *words]) == 1
            assert "fix: Fetch it again" in capsys.readouterr().err
        write_pinned(new, api="example", store=store)
        assert store.is_intact("example")
        assert not [path for path in store.folder.rglob("*") if path.suffix in {".part", ".old"}]
    assert named == 2


def pinned(folder, document):
    (folder / "contract.json").write_text(json.dumps(document))
    return pin_source(load(folder / "contract.json"), api="example", day=date(2026, 1, 1))


def test_the_lock_moves_last(tmp_path, monkeypatch):
    moved = []
    move = type(tmp_path).replace
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda self, target: (moved.append(target.name), move(self, target))[1]
    )
    assert fetch(tmp_path, contract()) == 0
    assert moved[-1] == "lock.json"
    assert len(moved) > 2


def test_letters_of_other_scripts_keep_their_names_in_json(tmp_path):
    assert fetch(tmp_path, sending(closed("\u00e9tat", "\u540d", "field", "class", "__init__", "None"))) == 0
    out = tmp_path / "out"
    assert main(["generate", "--specs", str(tmp_path / "specs"), "--output", str(out)]) == 0
    code = (out / "pennylane_example/models/things.py").read_text(encoding="utf-8")
    names = [line.split(":")[0].strip() for line in code.splitlines() if "name=" in line]
    assert all(name.isascii() and name.isidentifier() for name in names)
    assert "etat: " in code
    assert "field_: " in code
    compile(code, "things.py", "exec")
