"""``pennyform generate``, as its users see it."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import pennyform
import pytest
from pennyform import data, extras
from pennyform.cli import main
from pennyform.codegen import output
from pennyform.findings import failure
from pennyform.spec import canonical_json

from .conftest import CONTRACT, OPERATION


def generate(*words):
    return main(["generate", *words])


def tree(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_and_says_how_much(checkout, capsys):
    assert generate() == 0
    out = capsys.readouterr().out
    assert "example: 1 of 1 operations, 3 files, 3 lines, 15 bytes" in out
    assert "3 added, 0 changed, 0 removed" in out
    assert tree(checkout.generated) == {*checkout.emitted, "lock.json"}
    assert json.loads(checkout.store.names_path("example").read_bytes()) == {}


def test_nothing_to_do_emits_nothing(checkout, capsys):
    generate()
    assert generate("--check") == 0
    assert generate() == 0
    assert "up to date: 3 files" in capsys.readouterr().out
    assert checkout.runs == 1


def test_full_emits_all_the_same(checkout):
    generate()
    assert generate("--full", "--check") == 0
    assert checkout.runs == 2


@pytest.mark.parametrize(
    ("spoil", "rule", "file"),
    [
        (lambda folder: (folder / "client/a.py").write_text("a = 2\n"), "generated-changed", "client/a.py"),
        (lambda folder: (folder / "client/sub/b.py").unlink(), "generated-missing", "client/sub/b.py"),
        (lambda folder: (folder / "client/old.py").write_text(""), "generated-orphaned", "client/old.py"),
        (lambda folder: shutil.rmtree(folder / "schemas"), "generated-missing", "schemas/c.json"),
    ],
    ids=["changed", "missing", "orphaned", "a whole folder"],
)
def test_check_names_every_stale_file_and_says_what_to_run(checkout, capsys, spoil, rule, file):
    generate()
    spoil(checkout.generated)
    capsys.readouterr()
    assert generate("--check") == 4
    out = capsys.readouterr().out
    assert rule in out
    assert file in out
    assert "1 file stale. Run: pennyform generate" in out
    assert generate() == 0
    assert tree(checkout.generated) == {*checkout.emitted, "lock.json"}
    assert generate("--check") == 0


def test_check_writes_nothing(checkout):
    assert generate("--check") == 4
    assert not checkout.generated.exists()
    assert not checkout.store.names_path("example").exists()


def test_caches_of_python_are_neither_orphans_nor_removed(checkout):
    generate()
    cache = checkout.generated / "client" / "__pycache__" / "a.cpython-311.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"")
    assert generate("--check") == 0
    checkout.emitted["client/a.py"] = b"a = 3\n"
    assert generate("--full") == 0
    assert cache.exists()


def test_one_word_changed_in_a_template_is_found(checkout):
    generate()
    (checkout.templates / "one.jinja").write_text("test")
    checkout.emitted["client/a.py"] = b"a = 2\n"
    assert generate("--check") == 4


def test_a_changed_input_that_changes_no_file_is_no_fault(checkout):
    generate()
    (checkout.templates / "one.jinja").write_text("text {# a comment #}")
    assert generate("--check") == 0
    assert checkout.runs == 2, "it had to look"


def test_the_lock_covers_inputs_versions_and_every_file(checkout):
    generate()
    lock = json.loads((checkout.generated / "lock.json").read_bytes())
    assert set(lock["files"]) == set(checkout.emitted)
    assert set(lock["inputs"]["contracts"]["example"]) == {"date", "source", "contract.json", "names.json"}
    assert set(lock["inputs"]["templates"]) == {"one.jinja"}
    assert lock["inputs"]["packages"]["openapi-python-client"].startswith("0.29.")
    assert lock["inputs"]["stock_templates"]
    assert str(checkout.root) not in (checkout.generated / "lock.json").read_text()


def test_a_change_of_the_generators_own_code_is_an_input(checkout, monkeypatch, tmp_path):
    before = output.inputs(checkout.store, checkout.templates)["generator"]
    package = tmp_path / "pennyform"
    for name in ("client_runtime", "codegen", "spec", "results"):
        shutil.copytree(Path(pennyform.__file__).parent / name, package / name)
    for module in ("redaction.py", "vat_rules.py"):
        shutil.copy(Path(pennyform.__file__).parent / module, package / module)
    monkeypatch.setattr(pennyform, "__file__", str(package / "__init__.py"))
    assert output.inputs(checkout.store, checkout.templates)["generator"] == before
    for file in ("codegen/client/render.py", "spec/normaliser/normalise.py", "vat_rules.py"):
        (package / file).write_text((package / file).read_text() + "# changed\n")
        after = output.inputs(checkout.store, checkout.templates)["generator"]
        assert after != before, file
        before = after


def test_a_damaged_lock_is_written_anew(checkout):
    generate()
    (checkout.generated / "lock.json").write_text("{")
    assert generate("--check") == 0
    assert generate() == 0
    assert json.loads((checkout.generated / "lock.json").read_bytes())


def test_changed_names_are_named(checkout, capsys):
    generate()
    checkout.store.names_path("example").write_bytes(canonical_json({"Old": {}}))
    checkout.store.names_path("example").unlink()
    assert generate("--check") == 4
    assert "names-changed" in capsys.readouterr().out


def test_a_missing_operation_fails_the_run(checkout, capsys):
    lock = json.loads(checkout.store.lock_path.read_bytes())
    lock["contracts"]["example"]["counts"]["operations"] = 2
    checkout.store.write(checkout.store.lock_path, lock)
    assert generate() == 1
    assert "1 of 2 operations" in capsys.readouterr().err
    assert not checkout.generated.exists()


def test_what_an_emitter_does_not_understand_fails_the_run_and_writes_nothing(checkout, capsys, monkeypatch):
    def refuse(contract, templates, **_):
        raise failure("parser-warning", "a schema was dropped", fix="Correct it in the overlay.")

    generate()
    monkeypatch.setattr("pennyform.codegen.generation.emit_all", refuse)
    (checkout.generated / "client/a.py").write_text("a = 2\n")
    assert generate() == 1
    assert "parser-warning" in capsys.readouterr().err
    assert (checkout.generated / "client/a.py").read_text() == "a = 2\n"


def test_two_contracts_are_emitted_side_by_side(checkout, capsys):
    checkout.pin("other")
    assert generate() == 0
    out = capsys.readouterr().out
    assert "example: 1 of 1" in out
    assert "other: 1 of 1" in out


def test_a_missing_extra_is_explained(checkout, capsys, monkeypatch):
    find, gone = extras.find_spec, "openapi_python_client"
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == gone else find(name))
    assert generate() == 1
    error = capsys.readouterr().err
    assert "openapi-python-client" in error
    assert "pip install 'pennyform[codegen]'" in error


def test_an_installed_pennyform_asks_where_to(checkout, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "checkout", lambda: None)
    assert generate() == 1
    assert "--output FOLDER" in capsys.readouterr().err
    out = tmp_path / "mine"
    assert generate("--output", str(out)) == 0
    assert tree(out) == {*checkout.emitted, "lock.json"}
    assert generate("--check", "--output", str(out)) == 0
    assert not checkout.store.names_path("example").exists(), "what is installed is only read"


def test_a_folder_that_was_not_emitted_is_never_replaced(checkout, capsys, tmp_path):
    mine = tmp_path / "work" / "schemas"
    mine.mkdir(parents=True)
    (mine / "precious.json").write_text("{}")
    assert generate("--output", str(tmp_path / "work")) == 1
    assert "not emitted by pennyform" in capsys.readouterr().err
    assert tree(tmp_path / "work") == {"schemas/precious.json"}


def test_without_a_pinned_contract_it_says_how_to_pin_one(checkout, capsys):
    shutil.rmtree(checkout.store.folder / "example")
    assert generate() == 1
    assert "pennyform spec fetch" in capsys.readouterr().err


def with_more(*paths):
    operations = {
        path: {"get": {"operationId": f"get{number}", "responses": {"204": {"description": ""}}}}
        for number, path in enumerate(paths)
    }
    return {**CONTRACT, "paths": {**CONTRACT["paths"], **operations}}


def test_a_pinned_contract_that_somebody_edited_is_not_emitted(checkout, capsys):
    path = checkout.store.contract_path("example")
    path.write_text(path.read_text().replace("getMe", "getYou"))
    assert generate() == 1
    error = capsys.readouterr().err
    assert "contract-changed" in error
    assert "corrections belong into an overlay" in error
    assert not checkout.generated.exists()


def test_a_new_pin_is_emitted(checkout):
    generate()
    checkout.pin("example", with_more("/v1/you"))
    assert generate("--check") == 0, "the stand-in emits the same"
    assert checkout.runs == 2


def test_after_a_new_pin_it_ends_with_what_the_vendor_changed(checkout, capsys):
    generate()
    checkout.pin("example", with_more("/v1/you"))
    checkout.pin("example", with_more("/v1/you", "/v1/them"))
    capsys.readouterr()
    assert generate("--check") == 0
    assert "new operation" not in capsys.readouterr().out, "a check says what is stale, and no more"
    assert generate() == 0
    out = capsys.readouterr().out
    assert out.count("new operation") == 2
    assert out.endswith("example as emitted before → example of 2026-07-20: 2 additive changes\n")
    assert generate("--full") == 0
    assert "new operation" not in capsys.readouterr().out, "it is said once"


def test_a_generation_into_another_folder_is_not_the_last_one(checkout, capsys, tmp_path):
    generate()
    checkout.pin("example", with_more("/v1/you"))
    for _ in range(2):
        capsys.readouterr()
        assert generate("--full", "--output", str(tmp_path / "other")) == 0
        assert "new operation" in capsys.readouterr().out


def test_after_a_new_pin_it_says_what_of_yours_is_touched(checkout, capsys, tmp_path):
    generate()
    checkout.pin("example", with_more("/v1/you"))
    assert generate("--against", str(checkout.templates)) == 0
    assert "nothing of yours is touched" in capsys.readouterr().out


def test_a_stock_template_that_has_changed_is_a_warning(checkout, capsys, monkeypatch):
    (checkout.templates / "model.py.jinja").write_text("ours")
    generate()
    stock = output.inputs(checkout.store, checkout.templates)["stock_templates"]
    assert set(stock) == {"model.py.jinja", "others"}
    changed = {**stock, "model.py.jinja": "sha256:other"}
    monkeypatch.setattr(output, "_stock_templates", lambda ours: changed)
    capsys.readouterr()
    assert generate() == 0
    said = capsys.readouterr().err
    assert "stock-template-changed" in said
    assert "model.py.jinja, which we replace" in said
    assert generate() == 0
    assert capsys.readouterr().err == "", "the lock knows the new one now"


def test_an_operation_that_is_left_out_is_said_counted_and_listed(checkout, capsys):
    document = copy.deepcopy(CONTRACT)
    document["paths"]["/v1/me"]["options"] = {**OPERATION, "operationId": "optionsMe"}
    checkout.pin("example", document)
    assert generate() == 0
    said = capsys.readouterr()
    assert "1 of 2 operations" in said.out
    assert "OPTIONS /v1/me is left out: no client sends OPTIONS requests" in said.err
    lock = json.loads((checkout.generated / "lock.json").read_bytes())
    assert lock["skipped"] == {"example": {"optionsMe": "no client sends OPTIONS requests"}}
    assert main(["spec", "status"]) == 0
    assert "left out of the client: optionsMe: no client sends OPTIONS" in capsys.readouterr().out
