"""Owning a contract: laying it out, fetching, correcting and generating; an installation is only read."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pennyform import data
from pennyform.cli import main
from pennyform.spec.pin import fetch

from .newer import contract, newer, publish

Pin = Callable[..., None]
PACKAGE = "acme_pennylane_company"


def test_the_package_can_be_built_and_needs_nothing_of_pennyform(
    folder: Path, pin: Pin, tmp_path: Path
) -> None:
    pin()
    assert main(["generate"]) == 0
    assert main(["generate", "--check"]) == 0
    generated = folder / "generated"
    project = tomllib.loads((generated / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == ("acme-pennylane", "2026.11.23")
    ours = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(project["dependencies"]) <= set(ours["dependencies"])
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=generated, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    code = (
        f"import sys; sys.path[:0] = [{str(wheel)!r}]; import {PACKAGE} as own, pennylane_company as ours; "
        f"assert own.Client('t').numberings.list; assert not hasattr(ours.Client('t'), 'numberings'); "
        "assert not [name for name in sys.modules if name.startswith('pennyform')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_an_edited_file_and_an_edited_name_are_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate"]) == 0
    names = (folder / "specs" / "company" / "names.json").read_bytes()
    assert names == (data.specs() / "company" / "names.json").read_bytes(), "no name has moved"
    for name in ("pyproject.toml", f"{PACKAGE}/errors.py"):
        file = folder / "generated" / name
        file.write_text(file.read_text() + "# edited\n")
        capsys.readouterr()
        assert main(["generate", "--check"]) == 4
        assert name in capsys.readouterr().out
        assert main(["generate"]) == 0
    assert main(["generate", "--check"]) == 0


def test_an_older_contract_is_refused_unless_it_is_asked_for(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    pin()
    assert main(["generate"]) == 0
    pin(contract(), "2026-11-16")
    capsys.readouterr()
    assert main(["generate"]) == 1
    assert "older-contract" in capsys.readouterr().err
    assert (folder / "generated" / PACKAGE / "resources" / "numberings.py").is_file()
    assert main(["spec", "status"]) == 0
    assert "older than what is emitted" in capsys.readouterr().out
    assert main(["generate", "--allow-older"]) == 0
    assert not (folder / "generated" / PACKAGE / "resources" / "numberings.py").exists()


def test_both_apis_in_one_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["spec", "init", "--api", "company", "--api", "firm", "--package", "acme"]) == 0
    assert main(["generate"]) == 0
    assert (tmp_path / "generated" / "acme_company" / "py.typed").is_file()
    assert (tmp_path / "generated" / "acme_firm" / "py.typed").is_file()


def test_what_was_fetched_since_is_compared(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spec", "diff"]) == 0
    assert "no changes" in capsys.readouterr().out.lower()
    pin()
    capsys.readouterr()
    assert main(["spec", "diff", "--fail-on", "attention"]) == 4
    out = capsys.readouterr().out
    assert "purchase_order_reference" in out
    # The invoice's lines have a field more in one of the two places that had one class.
    moved = [line for line in out.splitlines() if " is now models." in line]
    assert [line.rpartition(" ")[2] for line in moved] == ["models.CustomerInvoiceInvoiceLine"]
    assert main(["spec", "status"]) == 0
    assert "newer than what is emitted" in capsys.readouterr().out
    assert main(["generate"]) == 0
    assert main(["spec", "diff", "--fail-on", "attention"]) == 0


def test_the_address_is_the_vendors_unless_the_settings_name_another(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(fetch.ADDRESSES, "company", "https://127.0.0.1:1/contract.json")
    assert main(["spec", "fetch", "--api", "company"]) == 1
    assert "https://127.0.0.1:1/contract.json" in capsys.readouterr().err
    publish(newer(), folder / "specs", "2026-11-23")
    settings = folder / "pennyform.yaml"
    settings.write_text(settings.read_text() + "  sources: {company: specs/2026-11-23.json}\n")
    assert main(["spec", "fetch", "--api", "company"]) == 0
    assert "pinned company of 2026-11-23" in capsys.readouterr().out


def overlay(folder: Path, text: str) -> None:
    path = folder / "specs" / "overlays" / "company.yaml"
    path.write_text(f"overlay: 1.0.0\ninfo: {{title: Ours, version: 1.0.0}}\n{text}", encoding="utf-8")


FISCAL_YEARS = "$.paths['/api/external/v2/fiscal_years'].get"


def operations(folder: Path) -> set[str]:
    document = json.loads((folder / "generated" / "schemas" / "company" / "openapi.json").read_bytes())
    return {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }


def test_overlays_of_ones_own_lie_over_ours(folder: Path) -> None:
    overlay(folder, f'actions:\n  - {{target: "{FISCAL_YEARS}", update: {{operationId: getYears}}}}\n')
    assert main(["generate"]) == 0
    assert "getYears" in operations(folder)


def test_an_action_of_ours_can_be_switched_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = "$.paths['/api/external/v2/supplier_invoices/{id}/validate_accounting'].put"
    overlay(folder, f'x-pennyform-switch-off: ["{target}", "$.gone"]\nactions: []\n')
    assert main(["generate"]) == 0
    assert "validateAccountingSupplierInvoice" not in operations(folder)
    err = capsys.readouterr().err
    assert "specs/overlays/company.yaml: warning overlay-action: x-pennyform-switch-off names $.gone" in err


def test_an_action_without_a_match_is_a_warning_here(
    folder: Path, pin: Pin, capsys: pytest.CaptureFixture[str]
) -> None:
    document = contract()
    del document["paths"]["/api/external/v2/fiscal_years"]
    pin(document)
    overlay(folder, 'actions:\n  - {target: "$.paths.gone", remove: true}\n')
    capsys.readouterr()
    assert main(["generate"]) == 0
    err = capsys.readouterr().err
    assert f"warning overlay-action: the target matches nothing: {FISCAL_YEARS}" in err
    assert "the target matches nothing: $.paths.gone" in err


def test_a_contract_without_what_definitions_need(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mapping lies in an installation: there is nothing in it to be put right here."""
    document = contract()
    del document["paths"]["/api/external/v2/customer_invoices/import"]
    file = publish(document, tmp_path, "2026-11-23")
    assert main(["spec", "fetch", "--api", "company", "--from", str(file)]) == 1
    err = capsys.readouterr().err
    assert "definitions cannot be derived from the contract: the contract has no operation import" in err
    assert "fix: Look for a newer pennyform" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contract: {specs: ../elsewhere}\n", "A folder below this one"),
        ("contract: {specs: /etc}\n", "A folder below this one"),
        ("contract: {package: Acme-Pennylane}\n", "lower-case letters"),
        ("contract: {apis: [other]}\n", "unknown-value"),
        ("contract: {overlays: x}\n", "unknown-field"),
    ],
)
def test_wrong_settings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pennyform.yaml").write_text(f"version: 1\nenvironment: sandbox\n{text}")
    assert main(["generate"]) == 1
    assert message in capsys.readouterr().err
    assert main(["validate"]) == 4
    assert message in capsys.readouterr().out


def test_a_contract_that_is_not_there_or_was_edited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pinned = folder / "specs" / "company" / "contract.json"
    pinned.write_bytes(pinned.read_bytes() + b"\n")
    assert main(["validate"]) == 1
    assert "contract-changed" in capsys.readouterr().err
    pinned.unlink()
    assert main(["validate"]) == 1
    assert "no-contract" in capsys.readouterr().err
    pinned.symlink_to(data.specs() / "company" / "contract.json")
    assert main(["validate"]) == 1
    assert "leads out of the repository" in capsys.readouterr().err


def test_init_writes_over_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "pennyform.yaml").read_text()
    assert main(["spec", "init"]) == 1
    assert "own-contract" in capsys.readouterr().err
    assert (folder / "pennyform.yaml").read_text() == before


def test_an_installation_is_never_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "checkout", lambda: None)
    assert main(["spec", "fetch", "--api", "company", "--from", str(publish(newer(), tmp_path))]) == 1
    assert "no-repository" in capsys.readouterr().err
    assert main(["generate"]) == 1
    assert "spec init" in capsys.readouterr().err
