"""A small runner of composite actions: their shell steps, conditions, inputs and outputs.

It knows what the actions of this project use. Steps with ``uses`` are listed, and not carried out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ACTIONS = Path(__file__).parents[2] / "actions"

# Keeps pull requests and the comments of one in files, as GitHub's program asks its API for them.
GH = """#!/usr/bin/env python3
import json, os, pathlib, sys
store = pathlib.Path(os.environ["COMMENTS"])
comments = json.loads(store.read_text()) if store.exists() else []
words = sys.argv[1:]
assert words[0] == "api" and os.environ["GH_TOKEN"] == "github-secret", words
pulls = "repos/acme/invoices/pulls"
fields = dict(word.split("=", 1) for word in words if word.startswith(("title=", "head=", "base=", "body=@")))
if any(word.startswith(pulls) for word in words):
    file = store.with_name("pulls.json")
    rows = json.loads(file.read_text()) if file.exists() else []
    if "--jq" in words:
        assert words[words.index("--jq") + 1] == ".[].number"
        for row in rows:
            if words[1] == f"{pulls}?state=open&head={row['owner']}:{row['head']}" and row["open"]:
                print(row["number"])
    else:
        fields["body"] = pathlib.Path(fields["body"].removeprefix("@")).read_text()
        assert len(fields["body"]) <= 65536
        if words[words.index("--method") + 1] == "POST":
            assert pulls in words, words
            rows.append({"number": len(rows) + 1, "owner": "acme", "open": True} | fields)
        else:
            (row,) = [row for row in rows if f"{pulls}/{row['number']}" in words]
            row.update(fields)
        file.write_text(json.dumps(rows))
elif "--jq" in words:
    mark = os.environ["MARK"]
    part = words[words.index("--jq") + 1].rpartition("| .")[2]
    for comment in comments:
        if comment["bot"] and comment["body"].startswith(mark):
            print(comment[part])
else:
    method = words[words.index("--method") + 1]
    path = words[words.index("--method") + 2]
    body = pathlib.Path(words[words.index("-F") + 1].removeprefix("body=@")).read_text()
    if method == "POST":
        assert path == "repos/acme/invoices/issues/7/comments", path
        comments.append({"id": len(comments) + 1, "bot": True, "body": body})
    else:
        (comment,) = [row for row in comments if path == f"repos/acme/invoices/issues/comments/{row['id']}"]
        comment["body"] = body
    store.write_text(json.dumps(comments))
"""


class Runner:
    """Runs actions in ``folder``, on an event such as ``pull_request``."""

    def __init__(self, folder: Path, scratch: Path, event: str = "pull_request") -> None:
        self.folder, self.scratch, self.event = folder, scratch, event
        # What GitHub says of the event, by the name in an expression.
        self.context: dict[str, str] = {}
        self.used: list[str] = []
        self.summary, self.log = "", ""
        program = scratch / "bin" / "gh"
        program.parent.mkdir(parents=True)
        program.write_text(GH)
        program.chmod(0o755)
        # Only what a fresh machine has, and the programs of this environment.
        self.environment = {
            "PATH": f"{program.parent}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(scratch),
            "PENNYFORM_STATE_KEY": "k" * 32,
            "NO_COLOR": "1",
            "COMMENTS": str(scratch / "comments.json"),
            "GITHUB_REPOSITORY": "acme/invoices",
            "RUNNER_TEMP": str(scratch),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def __call__(self, action: str, **inputs: str) -> tuple[int, dict[str, str]]:
        """The exit code of an action, and its outputs."""
        described = yaml.safe_load((ACTIONS / action / "action.yml").read_text(encoding="utf-8"))
        declared = {name: value.get("default", "") for name, value in described["inputs"].items()}
        assert inputs.keys() <= declared.keys()
        values: dict[str, Any] = {
            "github.event_name": self.event,
            "github.event.pull_request.number": "7",
            "github.token": "github-secret",
            "runner.temp": str(self.scratch),
            **self.context,
        }
        for name, value in (declared | {"install": ""} | inputs).items():
            values[f"inputs.{name}"] = _filled(str(value), values)
        code = 0
        for step in described["runs"]["steps"]:
            if code or not _holds(step.get("if", "'yes'"), values):
                continue
            if "uses" in step:
                self.used.append(step["uses"])
                continue
            assert step["shell"] == "bash", "the shell says how errors end a script"
            code = self._run(step, values)
        outputs = described.get("outputs", {})
        return code, {name: _filled(output["value"], values) for name, output in outputs.items()}

    def _run(self, step: Mapping[str, Any], values: dict[str, Any]) -> int:
        # Text of an expression in a script would be a part of the script.
        assert "${{" not in step["run"]
        files = {name: self.scratch / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        variables = {name: _filled(text, values) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env={**self.environment, **variables, **{name: str(file) for name, file in files.items()}},
            capture_output=True,
            text=True,
        )
        self.log += done.stdout + done.stderr
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode


def _filled(text: str, values: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: str(values.get(match[1], "")), text)


def _holds(condition: str, values: Mapping[str, Any]) -> bool:
    """A condition of names, texts, ``==``, ``!=``, ``&&`` and ``||``."""
    words = re.findall(r"'[^']*'|==|!=|&&|\|\||[\w.-]+", condition)
    operators = {"==": "==", "!=": "!=", "&&": "and", "||": "or"}
    parts = [
        operators.get(word) or (word if word.startswith("'") else repr(values.get(word, "")))
        for word in words
    ]
    return bool(eval(" ".join(parts), {}))
