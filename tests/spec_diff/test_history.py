"""The contracts the vendor has published so far: what changed, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.cli.terminal import Exit
from pennyform.spec.diff import Change, Severity, compare

from .history import contract

EXPECTED = Path(__file__).parent / "expected"
STEPS = [
    ("company-2026-07-08", "company-2026-07-13"),
    ("company-2026-07-13", "company-2026-07-20"),
    ("firm-2026-07-08", "firm-2026-07-20"),
]
NAMES = sorted({name for step in STEPS for name in step})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for name in NAMES:
        (folder / f"{name}.json").write_text(json.dumps(contract(name)), encoding="utf-8")
    return folder


@pytest.fixture
def contracts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(("old", "new"), STEPS)
@pytest.mark.parametrize("suffix", ["txt", "md", "json"])
def test_each_step(
    old: str, new: str, suffix: str, contracts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    formats = {"txt": ["--all"], "md": ["--format", "markdown"], "json": ["--format", "json"]}
    code = main(["spec", "diff", f"{old}.json", f"{new}.json", "--fail-on", "breaking", *formats[suffix]])
    printed = capsys.readouterr().out
    assert printed == (EXPECTED / f"{old}..{new}.{suffix}").read_text(encoding="utf-8")
    assert code == Exit.OK, "nothing that was published so far breaks a caller"


def _causes(old: str, new: str) -> list[tuple[str, str, str, int]]:
    changes = compare(contract(old), contract(new))
    return [(change.kind, change.path, change.direction, len(change.operations)) for change in changes]


def test_the_second_week_of_july() -> None:
    assert _causes(*STEPS[0]) == [
        ("enum-values-added", "items[].status", "answer", 1),
        ("operation-added", "/api/external/v2/changelogs/ledger_entries_categories", "both", 1),
        ("operation-added", "/api/external/v2/changelogs/ledger_entry_lines_categories", "both", 1),
        ("field-added", "schematron_validation_status", "answer", 9),
    ]


def test_the_third_week_of_july() -> None:
    assert _causes(*STEPS[1]) == [
        ("enum-values-added", "vat_rate", "both", 21),
        ("field-added", "import_source", "answer", 5),
        ("field-added", "send_to_pa", "request", 1),
        ("field-added", "substance", "answer", 6),
        ("field-added", "substance", "request", 5),
    ]


def test_the_firm_api_only_widened_scopes() -> None:
    changes = compare(contract(STEPS[2][0]), contract(STEPS[2][1]))
    assert [(change.kind, change.new) for change in changes] == [
        ("scope-added", "customer_invoices:all"),
        ("scope-added", "supplier_invoices:all"),
    ]
    assert len({operation for change in changes for operation in change.operations}) == 6


def test_a_change_keeps_its_fingerprint_when_a_week_is_skipped() -> None:
    weeks = [compare(contract(old), contract(new)) for old, new in STEPS[:2]]
    both = compare(contract(STEPS[0][0]), contract(STEPS[1][1]))
    apart = {change.fingerprint for changes in weeks for change in changes}
    assert {change.fingerprint for change in both} == apart


def test_the_way_back_breaks() -> None:
    changes = compare(contract(STEPS[1][1]), contract(STEPS[1][0]))
    assert _of(changes, Severity.BREAKING) == {"enum-values-removed", "field-removed"}


def _of(changes: list[Change], severity: Severity) -> set[str]:
    return {change.kind for change in changes if change.severity is severity}


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_does_not_differ_from_itself(name: str) -> None:
    document = contract(name)
    assert compare(document, json.loads(json.dumps(document))) == []
