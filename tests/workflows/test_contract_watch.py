"""The weekly watch of a contract: one pull request that follows it, and never loses what a person added."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from pennyform import __version__

from tests.own_contract.newer import Json, contract, publish

from .planted import plant_modules
from .runner import ACTIONS, Runner

BRANCH = "pennyform-contract"
USER = """\
from acme_firm import Client


def names(token: str) -> list[str | None]:
    with Client(token) as client:
        return [company.external_id for company in client.companies.list()]
"""
HOSTILE = (
    "::error::x",
    "##[error]x",
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "~~~~~~",
    "```",
    "@everyone <!-- pennyform plan -->",
    "[x](https://evil.example)",
)


class Watched:
    """A repository that owns the contract of the Firm API, its origin, and the job that watches it."""

    def __init__(self, scratch: Path) -> None:
        self.origin, self.runner = scratch / "origin", Runner(scratch / "repository", scratch / "runner")
        self.repository = self.runner.folder
        self.environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(scratch / "cache"),
            "PENNYFORM_STATE": str(scratch / "state"),
            "GIT_CONFIG_GLOBAL": str(scratch / "gitconfig"),
        }
        (scratch / "gitconfig").write_text("[user]\nname = A\nemail = a@example.com\n")

    def begin(self) -> None:
        """Lay the repository out, with the contract of the first week."""
        self.repository.mkdir()
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin))
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", "../origin")
        self.pennyform("spec", "init", "--api", "firm", "--package", "acme")
        (self.repository / "report.py").write_text(USER)
        (self.repository / ".git" / "info" / "exclude").write_text("published/\n")
        (self.repository / "published").mkdir()
        self.publish(contract("firm"), "2026-11-16")
        self.pennyform("spec", "fetch", "--api", "firm")
        self.pennyform("generate")
        self.commit("The first week")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.repository, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def pennyform(self, *words: str) -> None:
        command = [sys.executable, "-m", "pennyform", *words]
        subprocess.run(
            command, cwd=self.repository, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def commit(self, subject: str) -> None:
        self.git("add", ".")
        self.git("commit", "-qm", subject)
        self.git("push", "-q", "origin", "HEAD:main")

    def publish(self, document: Json, day: str) -> None:
        """Let the vendor publish a contract: the settings name a file that Git does not know."""
        file = publish(document, self.repository / "published", day).relative_to(self.repository)
        settings = self.repository / "pennyform.yaml"
        text = settings.read_text("utf-8").partition("  sources:")[0]
        settings.write_text(f"{text}  sources: {{firm: {file}}}\n", "utf-8")
        self.commit(f"The contract of {day}")

    def week(self, **inputs: str) -> tuple[int, str]:
        """Check out the main branch and run the action; its exit code, and the output `changed`."""
        self.git("switch", "-q", "-C", "main", "origin/main")
        self.runner.context["github.ref_name"] = "main"
        self.runner.log = self.runner.summary = ""
        code, outputs = self.runner("contract-watch", **{"apis": "firm"} | inputs)
        return code, outputs["changed"]

    def pulls(self) -> list[dict[str, Any]]:
        file = self.runner.scratch / "pulls.json"
        return json.loads(file.read_text()) if file.exists() else []

    def proposed(self) -> str:
        """The commit that the branch has at the origin; empty without one."""
        return self.git("ls-remote", "origin", f"refs/heads/{BRANCH}").partition("\t")[0]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("template")
    Watched(scratch).begin()
    return scratch


@pytest.fixture
def watched(template: Path, tmp_path: Path) -> Watched:
    for name in ("origin", "repository"):
        shutil.copytree(template / name, tmp_path / name)
    return Watched(tmp_path)


def changed(*more: str) -> Json:
    """The contract with a field less and one more, and values of an enum that are not what they seem."""
    document = contract("firm")
    fields = document["components"]["schemas"]["Companies__Response"]["properties"]
    del fields["external_id"]
    fields["size"] = {"type": "string", "enum": ["small", *more]}
    return document


def test_the_example_of_a_workflow_is_sound() -> None:
    file = ACTIONS.parent / "examples" / "workflows" / "contract-watch.yaml"
    (job,) = yaml.safe_load(file.read_text("utf-8"))["jobs"].values()
    action = yaml.safe_load((ACTIONS / "contract-watch" / "action.yml").read_text("utf-8"))
    *_, step = job["steps"]
    assert step["uses"].endswith(f"/actions/contract-watch@v{__version__}")
    assert step["with"].keys() <= action["inputs"].keys()
    assert step["with"]["install"] == f"pennyform[codegen]=={__version__}"


def test_nothing_is_proposed_where_nothing_has_changed(watched: Watched) -> None:
    assert watched.week() == (0, "false"), watched.runner.log
    assert (watched.proposed(), watched.pulls()) == ("", [])
    assert watched.git("status", "--porcelain") == ""


def test_one_pull_request_follows_the_contract(watched: Watched) -> None:
    watched.publish(changed(), "2026-11-23")
    assert watched.week() == (0, "true"), watched.runner.log
    (pull,) = watched.pulls()
    assert (pull["head"], pull["base"]) == (BRANCH, "main")
    for part in ("place)`: field removed", "`report.py:6:25` `external_id`", "## Generated and validated"):
        assert part in pull["body"]
        assert part in watched.runner.summary
    first = watched.proposed()
    names = watched.git("diff", "--name-only", "origin/main", first)
    for name in (
        "specs/firm/contract.json",
        "specs/lock.json",
        "generated/acme_firm/models/",
        "generated/lock",
    ):
        assert name in names
    watched.git("switch", "-q", "--detach", first)
    watched.pennyform("generate", "--check")

    # The same again: nothing is pushed. Then it changes again, and the pull request has both.
    assert watched.week() == (0, "true"), watched.runner.log
    assert watched.proposed() == first
    watched.publish(changed("large"), "2026-11-30")
    assert watched.week() == (0, "true"), watched.runner.log
    (pull,) = watched.pulls()
    assert "large" in watched.git("show", f"{watched.proposed()}:specs/firm/contract.json")
    assert watched.git("rev-parse", f"{watched.proposed()}^") == watched.git("rev-parse", "origin/main")


def test_what_a_person_added_to_the_branch_stays(watched: Watched) -> None:
    watched.publish(changed(), "2026-11-23")
    assert watched.week()[0] == 0
    watched.git("switch", "-q", "-C", "mine", watched.proposed())
    (watched.repository / "report.py").write_text(USER.replace("external_id", "name"))
    watched.git("commit", "-qam", "Use another field")
    watched.git("push", "-q", "origin", f"HEAD:{BRANCH}")
    theirs = watched.proposed()
    watched.publish(changed("large"), "2026-11-30")
    assert watched.week() == (0, "true")
    assert watched.proposed() == theirs
    assert "::warning::the branch pennyform-contract has commits of somebody else" in watched.runner.log


def test_an_older_contract_is_not_proposed(watched: Watched) -> None:
    watched.publish(changed(), "2026-11-09")
    assert watched.week() == (1, "")
    assert "older-contract" in watched.runner.summary
    assert (watched.proposed(), watched.pulls()) == ("", [])


def test_a_branch_of_a_fork_is_not_mistaken_for_ours(watched: Watched) -> None:
    fork = {"number": 1, "owner": "mallory", "open": True, "head": BRANCH, "title": "x", "body": "theirs"}
    closed = {"number": 2, "owner": "acme", "open": False, "head": BRANCH, "title": "x", "body": "closed"}
    (watched.runner.scratch / "pulls.json").write_text(json.dumps([fork, closed]))
    watched.publish(changed(), "2026-11-23")
    assert watched.week() == (0, "true")
    *others, ours = watched.pulls()
    assert others == [fork, closed]
    assert (ours["number"], ours["head"]) == (3, BRANCH)


def test_changes_of_other_steps_are_not_proposed(watched: Watched) -> None:
    watched.publish(changed(), "2026-11-23")
    (watched.repository / "left.txt").write_text("by a step before")
    assert watched.week() == (1, "")
    assert "::error::files of the checkout were changed" in watched.runner.log
    assert watched.proposed() == ""


def test_texts_of_the_contract_are_no_scripts_and_no_commands(watched: Watched) -> None:
    marker = plant_modules(watched.repository)
    watched.commit("Planted")
    watched.publish(changed(*HOSTILE), "2026-11-23")
    assert watched.week() == (0, "true"), watched.runner.log
    assert not list(watched.repository.rglob("pwned"))
    assert not marker.exists()
    (pull,) = watched.pulls()
    assert "size" in pull["body"]
    assert not [line for line in watched.runner.log.splitlines() if line.lstrip().startswith(("::", "##["))]
    shown = MarkdownIt("gfm-like").render(pull["body"])
    assert "[x](https://evil.example)" in shown
    assert "href=" not in shown
    assert "<!--" not in shown
    assert shown.count("<pre>") == 1
    assert shown.rstrip().endswith("</pre>")


@pytest.mark.parametrize(
    "value", ["; touch pwned", "$(touch pwned)", "`touch pwned`", "a\ntouch pwned", "--x"]
)
@pytest.mark.parametrize("name", ["folder", "apis"])
def test_inputs_are_no_scripts(watched: Watched, name: str, value: str) -> None:
    code, _ = watched.week(**{name: value})
    assert code != 0
    assert not list(watched.repository.rglob("pwned"))
    assert watched.proposed() == ""
