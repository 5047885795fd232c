"""docs/start.md as a stranger follows it, from an empty home and the wheel to a pull request with its plan.

``nox -s wheel`` runs this and shows how long each command takes. What GitHub does is done by the runner of
tests/workflows; a repository in a folder stands for the one on GitHub.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.pages.page import ROOT, Command, parts_of
from tests.pages.world import output_pattern
from tests.workflows.runner import Runner

from .test_your_contract import LOCK

pytestmark = pytest.mark.skipif(not LOCK, reason="`nox -s wheel` runs this: it needs a package index")

MOST_COMMANDS = 12
MOST_SECONDS = 600
PAGE = ROOT / "docs" / "start.md"
# A shell that goes on where the last one ended.
SHELL = """\
. "$KEPT/variables"; cd "$(cat "$KEPT/folder")"
{}
code=$?; export -p > "$KEPT/variables"; pwd > "$KEPT/folder"; exit $code
"""


class Stranger:
    """Somebody with a new computer: Python, Git, and nothing else."""

    def __init__(self, scratch: Path, wheel: Path) -> None:
        self.kept = scratch / "kept"
        self.home = scratch / "home"
        for folder in (self.kept, self.home, scratch / "hub"):
            folder.mkdir()
        python = Path(sys.base_prefix) / "bin"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            "GIT_CONFIG_GLOBAL": str(self.kept / "gitconfig"),
            "HOME": str(self.home),
            "KEPT": str(self.kept),
            "PATH": f"{python}:/usr/bin:/bin",
            # No index has this version.
            "PIP_FIND_LINKS": str(wheel.parent),
            "PIP_CONSTRAINT": Path(LOCK).as_uri(),
        }
        (self.kept / "variables").touch()
        (self.kept / "folder").write_text(str(self.home))
        (self.kept / "gitconfig").write_text(
            "[user]\nname = A\nemail = a@example.com\n[init]\ndefaultBranch = main\n"
            f'[url "{scratch / "hub"}/"]\ninsteadOf = https://github.com/you/\n'
        )

    def run(self, command: str) -> tuple[int, str]:
        """Type a command, and `yes` to what it asks."""
        keyboard, terminal = pty.openpty()
        os.write(keyboard, b"yes\n")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", SHELL.format(command)],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
        )
        os.close(keyboard)
        os.close(terminal)
        return done.returncode, done.stdout


def commands_of_the_page() -> list[Command]:
    """What the reader types; not what prepares the other test of this page."""
    shown = [part for part in parts_of(PAGE) if part.kind == "commands" and part.name == "console"]
    return [command for part in shown for command in part.commands()]


def test_from_nothing_to_a_plan_on_a_pull_request(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = Stranger(tmp_path, wheel)
    repository = (
        "git init -q readme && cd readme && echo Books > README.md && git add . && git commit -qm README"
    )
    assert stranger.run(f"cd ../kept && {repository} && git clone -q --bare . ../../hub/books; cd ~")[0] == 0
    commands = commands_of_the_page()
    times = [""]
    begun = time.monotonic()
    for command in commands:
        started = time.monotonic()
        code, output = stranger.run(command.text)
        times.append(f"{time.monotonic() - started:6.1f} s  {command.text}")
        assert code == command.code, (command.text, output)
        for line in command.output:
            assert output_pattern(line).search(output), (line, output)
    comment = comment_on_the_pull_request(stranger, tmp_path)
    seconds = time.monotonic() - begun
    times.append(f"{seconds:6.1f} s  {len(commands)} commands and the comment\n")
    with capsys.disabled():
        sys.stdout.write("\n".join(times))
    shown = next(part.text for part in parts_of(PAGE) if part.kind == "shown")
    assert shown in comment
    assert "INV-2026-001" in comment
    assert len(commands) <= MOST_COMMANDS
    assert seconds <= MOST_SECONDS


def comment_on_the_pull_request(stranger: Stranger, scratch: Path) -> str:
    """Carry out the jobs of the workflow that was pushed; the comment that is there in the end."""
    checkout = f"git clone -q -b first-invoices {scratch / 'hub' / 'books'} ../checkout"
    assert stranger.run(f"cd ~ && {checkout} && python3 -m venv ../job")[0] == 0
    runner = Runner(scratch / "checkout", scratch / "runner")
    del runner.environment["PYTHONPATH"], runner.environment["PENNYFORM_STATE_KEY"]
    runner.environment |= {
        name: text for name, text in stranger.environment.items() if name.startswith("PIP_")
    }
    runner.environment["PATH"] = f"{scratch / 'runner' / 'bin'}:{scratch / 'job' / 'bin'}:/usr/bin:/bin"
    workflow = yaml.safe_load((scratch / "checkout" / ".github" / "workflows" / "invoices.yaml").read_text())
    for job in ("validate", "plan"):
        for step in workflow["jobs"][job]["steps"]:
            _, actions, action = step.get("uses", "").partition("pennyform/pennyform/actions/")
            if actions:
                inputs = {name: text for name, text in step["with"].items() if "${{" not in text}
                assert runner(action.partition("@")[0], **inputs)[0] == 0, runner.log
    (comment,) = json.loads((scratch / "runner" / "comments.json").read_text())
    return str(comment["body"])
