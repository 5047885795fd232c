"""The actions for pull requests: annotations, one comment for each plan, nothing applied but the plan."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from pennyform import __version__
from pennyform.cli import main

from .planted import plant_modules
from .runner import ACTIONS, Runner

ROOT = ACTIONS.parent


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    assert main(["init", str(folder), "--github", "--gitlab"]) == 0
    return folder


@pytest.fixture
def runner(tmp_path: Path, template: Path) -> Runner:
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("invoices", "customers", "products", "templates", "pennyform.yaml"):
        source = template / name
        target = folder / name
        if source.is_dir():
            target.mkdir()
            for file in source.iterdir():
                (target / file.name).write_bytes(file.read_bytes())
        else:
            target.write_bytes(source.read_bytes())
    return Runner(folder, tmp_path / "runner")


def comments(runner: Runner) -> list[str]:
    file = runner.scratch / "comments.json"
    return [row["body"] for row in json.loads(file.read_text())] if file.exists() else []


def break_one(runner: Runner) -> None:
    file = sorted((runner.folder / "invoices").iterdir())[0]
    file.write_text(file.read_text().replace("currency: EUR", "currency: EURO") + "nonsense: true\n")


def test_validate_annotates_the_lines_that_are_wrong(runner: Runner) -> None:
    assert runner("validate")[0] == 0
    break_one(runner)
    assert runner("validate")[0] == 4
    assert re.search(r"^::error .*file=invoices/[^,]+,line=\d+", runner.log, re.MULTILINE)


def test_warnings_fail_where_that_is_asked_for(runner: Runner) -> None:
    customer = sorted((runner.folder / "customers").iterdir())[0]
    (runner.folder / "customers" / "double.yaml").write_text(
        customer.read_text().replace("external_reference: ", "external_reference: X")
    )
    assert runner("validate")[0] == 0
    assert "::warning " in runner.log, runner.log
    assert runner("validate", **{"fail-on": "warning"})[0] == 4


def test_one_comment_follows_the_plan(runner: Runner) -> None:
    assert runner("plan") == (0, {"pending": "true"})
    (first,) = comments(runner)
    assert "### pennyform plan: Sandbox SAS (sandbox)" in first
    assert "### pennyform plan: Sandbox SAS (sandbox)" in runner.summary
    assert runner.used == ["actions/upload-artifact@v4"]

    break_one(runner)
    assert runner("plan")[0] == 4
    (second,) = comments(runner)
    assert second.splitlines()[0] == first.splitlines()[0]
    assert "there is no plan (exit 4)" in second
    assert "nonsense" in second

    # Another folder or company has a comment of its own; somebody else's is left alone.
    rows = json.loads((runner.scratch / "comments.json").read_text())
    rows[0]["bot"] = False
    (runner.scratch / "comments.json").write_text(json.dumps(rows))
    assert runner("plan", arguments="--target INV-NOT-THERE")[0] == 4
    assert len(comments(runner)) == 2
    assert comments(runner)[0] == second


def test_a_company_that_fails_hides_no_plan_of_another(runner: Runner) -> None:
    """Fleets approve from the comment: the plan of each company is in it, whatever others say."""
    break_one(runner)
    broken = runner.folder / "companies" / "birch"
    whole = runner.folder / "companies" / "alder"
    broken.mkdir(parents=True)
    for name in ("invoices", "customers", "products", "templates", "pennyform.yaml"):
        (runner.folder / name).rename(broken / name)
    shutil.copytree(broken, whole)
    for file in whole.glob("invoices/*"):
        file.write_text(file.read_text().replace("EURO", "EUR").replace("nonsense: true\n", ""))
    (runner.folder / "pennyform.yaml").write_text(
        "version: 1\nenvironment: sandbox\ncompanies: [companies/*]\n"
    )
    assert runner("plan", arguments="--all")[0] == 4
    (comment,) = comments(runner)
    assert "something is wrong (exit 4)" in comment
    assert "nonsense" in comment
    assert "| `INV-2026-001` | create | 2472.00 EUR |" in comment


def test_a_push_applies_exactly_the_saved_plan_once(runner: Runner) -> None:
    runner.event = "push"
    assert runner("plan", out="invoices.plan") == (0, {"pending": "true"})
    assert comments(runner) == []
    assert runner("apply", plan="invoices.plan")[0] == 0
    assert "done" in runner.summary
    assert runner("apply", plan="invoices.plan")[0] != 0
    assert runner("plan") == (0, {"pending": "false"})


def test_arguments_may_stand_on_several_lines(runner: Runner) -> None:
    runner.event = "push"
    assert runner("apply", arguments="--wait 0\n--target INV-NOT-THERE\n")[0] == 4
    assert runner("plan", arguments="--sandbox\n--target INV-NOT-THERE\n")[0] == 4


def test_a_changed_plan_is_refused(runner: Runner) -> None:
    runner.event = "push"
    assert runner("plan", out="invoices.plan")[0] == 0
    file = sorted((runner.folder / "invoices").iterdir())[0]
    file.write_text(file.read_text() + "# changed\n" + "pdf_description: more\n")
    assert runner("apply", plan="invoices.plan")[0] != 0
    assert runner("plan") == (0, {"pending": "true"})


@pytest.mark.parametrize(
    "value", ["; touch pwned", "$(touch pwned)", "`touch pwned`", "a\ntouch pwned", "--out=x"]
)
@pytest.mark.parametrize("action", ["validate", "plan", "apply"])
def test_inputs_are_no_scripts(runner: Runner, action: str, value: str) -> None:
    runner(action, folder=value)
    if action != "validate":
        runner(action, arguments=value)
    assert not (runner.folder / "pwned").exists()


@pytest.mark.parametrize("action", ["validate", "plan", "apply"])
def test_no_file_of_the_repository_is_run(runner: Runner, action: str) -> None:
    marker = plant_modules(runner.folder)
    assert runner(action)[0] == 0, runner.log
    runner.environment["PIP_NO_INDEX"] = "1"
    assert runner(action, install="no-such-package")[0] != 0
    assert not marker.exists()


def test_python_looks_into_no_repository() -> None:
    """Without -I, ``python -m pip`` runs the file pip.py of the folder that it is started in."""
    folders = (ACTIONS, ROOT / "templates" / "workflows", ROOT / "examples" / "workflows")
    files = [file for folder in folders for file in folder.rglob("*.y*ml")]
    assert len(files) >= 6
    for file in files:
        assert re.findall(r"(?<![-/])\bpython3? (?!-I ).*", file.read_text(encoding="utf-8")) == [], file


def test_the_workflows_are_sound(template: Path) -> None:
    github = yaml.safe_load((template / ".github" / "workflows" / "invoices.yaml").read_text())
    home = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]
    used = [step["uses"] for job in github["jobs"].values() for step in job["steps"] if "uses" in step]
    for name in ("validate", "plan", "apply"):
        place = f"{home.removeprefix('https://github.com/')}/actions/{name}@v{__version__}"
        assert place in used
    for job in github["jobs"].values():
        for step in job["steps"]:
            if "/actions/" in (place := step.get("uses", "")) and not place.startswith("actions/"):
                action = yaml.safe_load(
                    (ACTIONS / place.split("/")[3].split("@")[0] / "action.yml").read_text()
                )
                assert step.get("with", {}).keys() <= action["inputs"].keys()
                assert step["with"]["install"] == f"pennyform=={__version__}"
    assert github["jobs"]["apply"]["environment"] == "invoices"
    # An older journal lets a mail go out twice: each attempt keeps its own, however it ends.
    steps = github["jobs"]["apply"]["steps"]
    restored, saved = (step for step in steps if step["uses"].startswith("actions/cache"))
    assert (steps[-1], saved["if"]) == (saved, "always()")
    assert saved["with"]["key"] == restored["with"]["key"]
    assert "github.run_attempt" in saved["with"]["key"]
    gitlab = yaml.safe_load((template / ".gitlab-ci.yml").read_text())
    assert gitlab["apply"]["rules"][0]["when"] == "manual"
    install = f"python -I -m pip install --quiet 'pennyform=={__version__}'"
    assert gitlab["default"]["before_script"] == [install]
