"""The hooks of .pre-commit-hooks.yaml: their entries as commands, and by real runners in a new repository.

``nox -s hooks`` runs the real ones: they build the hooks' environments, which needs a package index.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from .definitions import YAML_TEXT

ROOT = Path(__file__).parents[2]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
RUNNERS = os.environ.get("PENNYFORM_HOOK_RUNNERS", "").split()
SETTINGS = "version: 1\nenvironment: sandbox\n"
UNFORMATTED = YAML_TEXT.replace("external_reference: INV-1\n", "").replace(
    "customer: ACME_001\n", "customer: ACME_001\nexternal_reference: INV-1\n"
)
# A hook's own environment is made from a commit: what pip needs to know, without this checkout's tokens.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PENNY"))}


def run(folder: Path, *words: str, expected: int | None = None) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    output = done.stdout + done.stderr
    assert expected is None or done.returncode == expected, output
    return output


def entry(hook: str, folder: Path, *files: str, expected: int) -> str:
    """Run a hook's entry as a runner would: with the names of changed files, from the repository's root."""
    words: Sequence[str] = HOOKS[hook]["entry"].split()
    assert words[0] == "pennyform"
    return run(folder, sys.executable, "-m", "pennyform", *words[1:], *files, expected=expected)


def own_environments(folders: pytest.TempPathFactory) -> None:
    """Let runners build the hooks' environments anew, out of nothing but the commit."""
    cache = folders.mktemp("cache")
    ENVIRONMENT.update(PRE_COMMIT_HOME=str(cache / "pre-commit"), PREK_HOME=str(cache / "prek"))
    ENVIRONMENT.pop("PYTHONPATH", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "pennyform.yaml": SETTINGS,
        "invoices/good.yaml": YAML_TEXT,
        "invoices/wrong.yaml": YAML_TEXT.replace("INV-1", "INV-2").replace("FR_200", "FR_055"),
        "invoices/unformatted.yaml": UNFORMATTED.replace("INV-1", "INV-3"),
        "docs/else.yaml": "a: [1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_validate_looks_at_whole_repositories(folder: Path) -> None:
    output = entry("pennyform-validate", folder, expected=4)
    assert "invoices/wrong.yaml:10:15: error unknown-vat-rate" in output
    assert "docs/else.yaml" not in output
    (folder / "invoices" / "wrong.yaml").unlink()
    entry("pennyform-validate", folder, expected=0)


TEMPLATE = """\
parameters:
  hours: {type: number}
invoice:
  invoice_lines:
    - {label: Work, quantity: "{{ hours }}", unit: hour, raw_currency_unit_price: "100.00", vat_rate: FR_200}
"""
DEPENDENT = """\
external_reference: D-1
customer: ACME
date: 2026-01-31
deadline: 2026-02-28
template: work
values: {hours: 2}
"""
CUSTOMER = """\
external_reference: ACME
name: Acme SARL
emails: [accounts@client.example]
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""
SERIES = """\
for_each: data/rows.csv
external_reference: "S-{{ row.number }}"
customer: ACME
date: 2026-01-31
deadline: 2026-02-28
invoice_lines:
  - {product: DAY, quantity: 1}
"""
PRODUCT = 'external_reference: DAY\nlabel: Day\nprice_before_tax: "500.00"\nunit: day\nvat_rate: FR_200\n'


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (["rm", "-qf", "club/templates/work.yaml"], "unknown-template"),
        (["mv", "club/templates/work.yaml", "club/templates/labour.yaml"], "unknown-template"),
        (["rm", "-qf", "club/invoices/data/rows.csv"], "data-file"),
        (["rm", "-qf", "club/products/day.yaml"], ""),
        (["rm", "-qf", "club/customers/acme.yaml"], ""),
    ],
)
def test_what_is_deleted_or_renamed_does_not_pass(tmp_path: Path, change: list[str], rule: str) -> None:
    """A runner names none of these files, nor those that depend on them."""
    for name, text in {
        "pennyform.yaml": SETTINGS,
        "templates/work.yaml": TEMPLATE,
        "invoices/one.yaml": DEPENDENT,
        "invoices/many.yaml": SERIES,
        "invoices/data/rows.csv": "number\n1\n2\n",
        "customers/acme.yaml": CUSTOMER,
        "products/day.yaml": PRODUCT,
    }.items():
        path = tmp_path / "club" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run(tmp_path, "git", "init", "-q", expected=0)
    run(tmp_path, "git", "add", ".", expected=0)
    before = entry("pennyform-validate", tmp_path, expected=0)
    run(tmp_path, "git", *change, expected=0)
    after = entry("pennyform-validate", tmp_path, expected=4 if rule else 0)
    # A customer or product that is not declared may still be in the account.
    assert rule in after
    assert after != before


def test_a_parameter_that_was_renamed_does_not_pass(tmp_path: Path) -> None:
    for name, text in {
        "pennyform.yaml": SETTINGS,
        "templates/work.yaml": TEMPLATE.replace("hours", "days"),
        "invoices/one.yaml": DEPENDENT,
        "customers/acme.yaml": CUSTOMER,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert "days" in entry("pennyform-validate", tmp_path, expected=4)


def test_a_folder_without_a_repository_passes(tmp_path: Path) -> None:
    (tmp_path / "else.yaml").write_text("a: 1\n")
    assert "no definitions" in entry("pennyform-validate", tmp_path, expected=0)


def test_fmt_changes_only_the_files_named(folder: Path) -> None:
    before = (folder / "invoices" / "good.yaml").read_text()
    assert "formatted invoices/unformatted.yaml" in entry(
        "pennyform-fmt", folder, "invoices/unformatted.yaml", expected=0
    )
    assert (folder / "invoices" / "unformatted.yaml").read_text() == YAML_TEXT.replace("INV-1", "INV-3")
    assert (folder / "invoices" / "good.yaml").read_text() == before


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_hook_is_declared_as_runners_want_it(hook: str) -> None:
    declared = HOOKS[hook]
    assert declared["language"] == "python"
    assert declared["entry"].startswith("pennyform ")
    assert declared["name"]
    assert declared["description"]
    assert declared.get("always_run") or re.compile(declared["files"])


def test_the_hook_that_generates_has_what_generating_needs() -> None:
    """A hook's environment is made without the extra: what that names is said again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["codegen"]
    assert HOOKS["pennyform-generate-check"]["additional_dependencies"] == extra


@pytest.mark.parametrize(
    ("file", "is_meant"),
    [
        ("invoices/a.yaml", True),
        ("club/invoices/2026/a.yaml", True),
        ("customers/a.yaml", True),
        ("pennyform.yaml", True),
        ("docs/a.yaml", False),
        ("myinvoices/a.yaml", False),
        ("invoices/data/members.yaml", False),
    ],
)
def test_which_files_are_formatted(file: str, is_meant: bool) -> None:
    declared = HOOKS["pennyform-fmt"]
    chosen = re.search(declared["files"], file) and not re.search(declared["exclude"], file)
    assert bool(chosen) is is_meant


@pytest.mark.skipif(not RUNNERS, reason="`nox -s hooks` runs these: they need a package index")
@pytest.mark.parametrize("runner", RUNNERS or ["pre-commit"])
def test_the_real_runner(runner: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own_environments(tmp_path_factory)
    config = {"repos": [{"repo": str(ROOT), "rev": run(ROOT, "git", "rev-parse", "HEAD").strip()}]}
    config["repos"][0]["hooks"] = [{"id": "pennyform-fmt"}, {"id": "pennyform-validate"}]  # type: ignore[assignment]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    run(folder, "git", "init", "-q", expected=0)
    run(folder, "git", "add", ".", expected=0)

    first = run(folder, runner, "run", "--all-files", expected=1)
    assert "invoices/wrong.yaml:10:15: error unknown-vat-rate" in first
    assert "formatted invoices/unformatted.yaml" in first
    assert "docs/else.yaml" not in first

    (folder / "invoices" / "wrong.yaml").write_text(YAML_TEXT.replace("INV-1", "INV-2"))
    run(folder, "git", "add", ".", expected=0)
    assert run(folder, runner, "run", "--all-files", expected=0).count("Passed") == 2

    run(
        folder, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "a", expected=0
    )
    for number in (1, 2):
        double = CUSTOMER.replace("ACME", f"DOUBLE_{number}")
        (folder / "customers").mkdir(exist_ok=True)
        (folder / "customers" / f"{number}.yaml").write_text(double)
    run(folder, "git", "add", ".", expected=0)
    assert "warning shared-email" in run(folder, runner, "run", "pennyform-validate", expected=0)
    config["repos"][0]["hooks"][1]["args"] = ["--fail-on", "warning"]  # type: ignore[index]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    run(folder, "git", "add", ".", expected=0)
    run(folder, runner, "run", "pennyform-validate", expected=1)
    for number in (1, 2):
        (folder / "customers" / f"{number}.yaml").unlink()
    (folder / "docs" / "else.yaml").write_text("b: 1\n")
    run(folder, "git", "add", ".", expected=0)
    # Formatting is skipped; what is deleted is named by no runner, so that checking never is.
    assert run(folder, runner, "run", expected=0).lower().count("skipped") == 1


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """Thirty companies; an invoice of the second one may have one VAT code alone."""
    files = {"pennyform.yaml": f'{SETTINGS}companies: ["companies/*"]\n'}
    for number in range(30):
        policies = f"{{company_id: {number + 1}{', vat_rates: [FR_200]' if number == 1 else ''}}}"
        files[f"companies/c{number:02}/pennyform.yaml"] = f"{SETTINGS}policies: {policies}\n"
        files[f"companies/c{number:02}/invoices/one.yaml"] = YAML_TEXT
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def touch_three(firm: Path) -> list[str]:
    """Change a file of each of three companies: one is not formatted, one has a VAT code it may not."""
    other = YAML_TEXT.replace("INV-1", "INV-2").replace("FR_200", "FR_100")
    texts = (UNFORMATTED.replace("INV-1", "INV-2"), other, other)
    files = [f"companies/c{number:02}/invoices/two.yaml" for number in range(3)]
    for file, text in zip(files, texts, strict=True):
        (firm / file).write_text(text, encoding="utf-8")
    return files


def test_each_of_three_companies_is_checked_by_its_own_rules(firm: Path) -> None:
    entry("pennyform-validate", firm, expected=0)
    files = touch_three(firm)
    assert "formatted companies/c00/" in entry("pennyform-fmt", firm, *files, expected=0)
    assert entry("pennyform-validate", firm, expected=4).count(": error ") == 1


@pytest.mark.skipif(not RUNNERS, reason="`nox -s hooks` runs these: they need a package index")
@pytest.mark.parametrize("runner", RUNNERS or ["pre-commit"])
def test_a_commit_that_touches_three_of_thirty_companies(
    runner: str, firm: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own_environments(tmp_path_factory)
    rev = run(ROOT, "git", "rev-parse", "HEAD").strip()
    hooks = [{"id": "pennyform-fmt"}, {"id": "pennyform-validate"}]
    config = {"repos": [{"repo": str(ROOT), "rev": rev, "hooks": hooks}]}
    (firm / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    commit = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-m", "three")
    run(firm, "git", "init", "-q", expected=0)
    run(firm, runner, "install", expected=0)
    run(firm, "git", "add", ".", expected=0)
    assert run(firm, *commit, expected=0).count("Passed") == 2

    touch_three(firm)
    run(firm, "git", "add", ".", expected=0)
    refused = run(firm, *commit, expected=1)
    assert "formatted companies/c00/invoices/two.yaml" in refused
    assert "companies/c01/invoices/two.yaml:" in refused
    assert refused.count(": error ") == 1, "the third company has no such rule"
    two = firm / "companies/c01/invoices/two.yaml"
    two.write_text(two.read_text().replace("FR_100", "FR_200"))
    run(firm, "git", "add", ".", expected=0)
    assert run(firm, *commit, expected=0).count("Passed") == 2
    assert run(firm, "git", "log", "--oneline", "--", *(f"companies/c{n:02}" for n in range(3)))


@pytest.mark.skipif(not RUNNERS, reason="`nox -s hooks` runs these: they need a package index")
@pytest.mark.parametrize("runner", RUNNERS or ["pre-commit"])
def test_the_real_runner_checks_what_is_generated(
    runner: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own_environments(tmp_path_factory)
    run(tmp_path, "git", "clone", "-q", str(ROOT), "copy", expected=0)
    copy = tmp_path / "copy"
    hook = {"id": "pennyform-generate-check", "args": ["--specs", "specs", "--output", "generated"]}
    rev = run(ROOT, "git", "rev-parse", "HEAD").strip()
    config = {"repos": [{"repo": str(ROOT), "rev": rev, "hooks": [hook]}]}
    (copy / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    assert "Passed" in run(copy, runner, "run", "--all-files", "pennyform-generate-check", expected=0)
