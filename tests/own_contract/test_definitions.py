"""What a newer contract brings is validated, completed, sent and verified, without a new pennyform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main
from pennyform.engine.account import own_contract
from pennyform.invoices.schema.schema import definition_schemas

from .conftest import INVOICE, NEWER, PLAIN, define
from .newer import DRAFT, add_field, add_vat_code, contract, newer

Pin = Callable[..., None]


def refused(capsys: pytest.CaptureFixture[str], *rules: str) -> None:
    capsys.readouterr()
    assert main(["validate"]) == 4
    out = capsys.readouterr().out
    for rule in rules:
        assert rule in out


def test_a_field_and_a_code_of_today_from_validate_to_verify(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    define(folder, NEWER)
    refused(capsys, "unknown-field", "purchase_order_reference", "carbon_grams", "unknown-vat-rate")
    pin()
    assert main(["validate"]) == 0
    assert main(["fmt"]) == 0
    assert main(["fmt", "--check"]) == 0
    assert main(["apply", "--auto-approve"]) == 0
    assert main(["verify"]) == 0
    # It is compared: what the account has otherwise is a difference.
    define(folder, NEWER.replace("PO-7", "PO-8").replace("12.5", "13"))
    capsys.readouterr()
    assert main(["plan", "--detailed-exitcode"]) == 2
    out = capsys.readouterr().out
    assert "PO-7  →  PO-8" in out
    assert main(["apply", "--auto-approve"]) == 0
    assert main(["plan", "--detailed-exitcode"]) == 0


def test_a_field_that_an_older_draft_has_not(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account shows it without a value: stated since, it is sent. What no answer shows is named."""
    assert main(["apply", "--auto-approve"]) == 0
    document = newer()
    add_field(document, "stamp", {"type": "string"}, answer=False)
    pin(document)
    define(folder, NEWER.replace("FR_225", "FR_200").replace("    carbon_grams: 12.5\n", ""))
    capsys.readouterr()
    assert main(["plan"]) == 0
    assert "→  PO-7" in capsys.readouterr().out
    assert main(["apply", "--auto-approve"]) == 0
    define(folder, NEWER.replace("FR_225", "FR_200").replace("    carbon_grams: 12.5\n", "stamp: red\n"))
    capsys.readouterr()
    assert main(["verify"]) == 0
    assert "note: stamp cannot be verified: no answer of the API shows it" in capsys.readouterr().out


def test_a_field_that_breaks_the_limits_of_the_contract(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    pin()
    define(folder, NEWER.replace("PO-7", "P" * 51).replace("12.5", "many"))
    refused(capsys, "too-long", "wrong-type")


def test_editors_get_the_schemas_of_the_contract(folder: Path, pin: Pin) -> None:
    pin()
    assert main(["init", "--schemas"]) == 0
    text = (folder / "schemas" / "invoice.schema.json").read_text(encoding="utf-8")
    assert "purchase_order_reference" in text
    assert "FR_225" in text


def test_a_request_that_the_contract_refuses_is_not_sent(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    """The schema of the request has the last word, also where a definition's says less."""
    document = newer()
    add_field(document, "delivery_terms", {"oneOf": [{"type": "string"}, {"type": "integer"}]})
    pin(document)
    define(folder, INVOICE.format(more="delivery_terms: {a: 1}\n", vat_rate="FR_200"))
    assert main(["validate"]) == 0
    assert main(["apply", "--auto-approve"]) != 0
    assert "does not fit the contract" in "".join(capsys.readouterr())
    define(folder, INVOICE.format(more="delivery_terms: EXW\n", vat_rate="FR_200"))
    assert main(["apply", "--auto-approve"]) == 0


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("customer", {"type": "object", "properties": {"note": {"type": "string"}}}, "{note: gate 3}"),
        ("template", {"type": "string"}, "red"),
        ("options", {"type": "array", "items": {"type": "string"}}, "[a, b]"),
    ],
)
def test_a_field_that_takes_the_name_of_a_key(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str], name: str, schema: Any, value: str
) -> None:
    document = contract()
    add_field(document, name, schema, answer=name != "customer")
    pin(document)
    # Definitions stay valid, and the field can be reached.
    assert main(["validate"]) == 0
    define(folder, INVOICE.format(more=f"api_{name}: {value}\n", vat_rate="FR_200"))
    assert main(["validate"]) == 0
    capsys.readouterr()
    assert main(["render", "--format", "json"]) == 0
    body = json.loads(capsys.readouterr().out)["invoices"][0]["body"]
    assert name in body
    assert f"api_{name}" not in body
    assert main(["apply", "--auto-approve"]) == 0
    capsys.readouterr()
    assert main(["generate"]) == 0
    assert f"is called `api_{name}` in definitions" in capsys.readouterr().err


def test_a_code_without_a_rule_is_left_out_and_said(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    document = contract()
    add_vat_code(document, "standard")
    pin(document)
    capsys.readouterr()
    assert main(["generate"]) == 0
    assert "warning unknown-vat-code: no rule says what the VAT code 'standard'" in capsys.readouterr().err
    define(folder, INVOICE.format(more="", vat_rate="standard"))
    refused(capsys, "unknown-vat-rate")


def test_a_code_in_the_policies(folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]) -> None:
    settings = folder / "pennyform.yaml"
    settings.write_text(settings.read_text() + "policies: {vat_rates: [FR_225]}\n")
    refused(capsys, "unknown-value")
    pin()
    define(folder, NEWER)
    assert main(["validate"]) == 0


def test_a_field_that_is_required_all_at_once(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    document = newer()
    document["components"]["schemas"][DRAFT]["required"].append("purchase_order_reference")
    pin(document)
    refused(capsys, "missing-field", "purchase_order_reference")


# --- what a hook pays ------------------------------------------------------------------------------------

# Counts what a commit hook imports and reads, as from a wheel.
COUNTED = """\
import json, sys
opened = []
def count(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(count)
from pennyform import data
data.checkout = lambda: None
from pennyform.cli import main
assert main(["validate", "invoices/one.yaml"]) == 0
read = [name for name in opened if name.endswith((".json", ".yaml"))]
print(json.dumps([sorted(sys.modules), read]))
"""


def test_a_hook_costs_about_the_same(folder: Path, tmp_path: Path) -> None:
    """Without the section: 195 modules and 7 files; with it 3 modules (for digests) and 5 files more."""
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    define(plain, PLAIN)

    def cost(root: Path) -> tuple[set[str], list[str]]:
        done = subprocess.run([sys.executable, "-c", COUNTED], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        modules, files = json.loads(done.stdout.splitlines()[-1])
        return set(modules), files

    cost(folder)  # The schemas are worked out by the first command after a fetch.
    (modules, files), (plain_modules, plain_files) = cost(folder), cost(plain)
    assert modules - plain_modules <= {"_blake2", "_hashlib", "hashlib"}
    more = [Path(name).name for name in files]
    for name in plain_files:
        more.remove(Path(name).name)
    assert sorted(more) == [
        "company.yaml",
        "contract.json",
        "lock.json",
        "names.json",
        "pennyform.schema.json",
    ]


def test_schemas_that_others_may_be_reading_are_kept(
    folder: Path, pin: Pin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has many contracts side by side, and reads the schemas of each when it first needs them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = tmp_path / "cache" / "pennyform" / "contracts"
    cache.mkdir(parents=True, mode=0o700)
    for name, hours in [(f"recent-{number}", number) for number in range(10)] + [("last-month", 720)]:
        (cache / name).mkdir()
        moment = time.time() - hours * 3600
        os.utime(cache / name, (moment, moment))
    assert main(["validate"]) == 0
    derived = {path.name for path in cache.iterdir()} - {f"recent-{number}" for number in range(10)}
    assert len(derived) == 1, "the oldest is gone"
    (name,) = derived
    os.utime(cache / name, (0, 0))
    assert main(["validate"]) == 0
    assert (cache / name).stat().st_mtime > 0, "what is used counts as new"


@pytest.mark.parametrize("damage", ["gone", "empty", "folder", "list"])
def test_schemas_that_are_not_whole_are_worked_out_again(
    folder: Path, pin: Pin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """An operation without its file would take no field: PO-8 would be left out, and verified."""
    pin()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    define(folder, NEWER)
    assert main(["apply", "--auto-approve"]) == 0
    (schemas,) = (tmp_path / "cache" / "pennyform" / "contracts").iterdir()
    for name in ("postCustomerInvoices", "importCustomerInvoices", "putCompanyCustomer"):
        file = schemas / "company" / "requests" / f"{name}.json"
        file.write_bytes(b"") if damage == "empty" else file.unlink()
    if damage == "folder":
        shutil.rmtree(schemas)
    elif damage == "list":
        (schemas / "files.txt").write_text("not a list")
    forget_schemas()
    define(folder, NEWER.replace("PO-7", "PO-8"))
    assert main(["verify"]) == 3
    assert main(["apply", "--auto-approve"]) == 0
    assert main(["verify"]) == 0
    assert [path.name for path in schemas.parent.iterdir()] == [schemas.name]


def test_schemas_that_vanish_are_those_the_contract_had(
    folder: Path, pin: Pin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reads them once: a cache that is cleared during a job leaves no field out."""
    pin()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    define(folder, NEWER)
    assert main(["validate"]) == 0
    (schemas,) = (tmp_path / "cache" / "pennyform" / "contracts").iterdir()
    forget_schemas()
    fields = own_contract.updatable_fields(schemas / "company", "company")
    forget_schemas()
    contract = own_contract.OwnContract(schemas / "company")
    shutil.rmtree(schemas)
    assert own_contract.updatable_fields(schemas / "company", "company") == fields != frozenset()
    assert contract.request("putCompanyCustomer", {"name": "Alder"}) == {"name": "Alder"}


def forget_schemas() -> None:
    """As in another process, which has read none of them."""
    own_contract._request_schema.cache_clear()
    definition_schemas.cache_clear()


# --- nothing of the repository runs -------------------------------------------------------------------------

HOSTILE = "import pathlib; pathlib.Path({marker!r}).touch()\nraise SystemExit('this ran')\n"


def test_no_code_of_the_repository_runs(folder: Path, pin: Pin, tmp_path: Path) -> None:
    """Definitions come with pull requests: whatever else came along is never imported."""
    pin()
    assert main(["generate"]) == 0
    define(folder, NEWER)
    marker = tmp_path / "ran"
    planted = ["pennyform", "json", "yaml", "msgspec", "sitecustomize", "usercustomize", "conftest"]
    planted += ["pennylane_company/__init__", "acme_pennylane_company/__init__", "schemas/__init__"]
    for parent in (folder, folder / "generated", folder / "specs", folder / "invoices"):
        for name in planted:
            path = parent / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(HOSTILE.format(marker=str(marker)), encoding="utf-8")
    for path in (folder / "generated" / "schemas").rglob("*.json"):
        path.write_text("{}", encoding="utf-8")
    program = Path(sys.executable).with_name("pennyform")
    for words in (
        ["validate"],
        ["fmt"],
        ["init", "--schemas"],
        ["plan"],
        ["apply", "--auto-approve"],
        ["verify"],
        ["spec", "status"],
        ["generate"],
        ["generate", "--check"],
    ):
        done = subprocess.run([program, *words], cwd=folder, env=os.environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    assert not marker.exists()
