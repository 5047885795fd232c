"""The tools as the inspector of the Model Context Protocol shows them: a client that we did not write.

``nox -s editors`` installs it from npm and runs this; elsewhere it runs when the inspector is on the path.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.world import SECRET, invoice, line

from .conversation import write
from .test_tools import HOSTILE, outside_data, strings

COMMAND = shlex.split(os.environ.get("PENNYFORM_MCP_INSPECTOR", "")) or [shutil.which("mcp-inspector") or ""]
pytestmark = pytest.mark.skipif(
    not COMMAND[0],
    reason="mcp-inspector is not here; `nox -s editors` installs it and runs these tests",
)
# The inspector's exit code for an answer that is marked as an error.
REFUSED = 5


class Inspector:
    """Starts ``pennyform mcp`` anew for each question, as its settings file says."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.settings = scratch / "mcp.json"
        server = {
            "command": sys.executable,
            "args": ["-m", "pennyform", "mcp", str(root), "--sandbox", "--allow-apply"],
            "env": {"PENNYFORM_STATE": f"{root}-state", "PENNYFORM_STATE_KEY": SECRET},
        }
        self.settings.write_text(json.dumps({"mcpServers": {"pennyform": server}}), "utf-8")
        # It would keep secrets, of which there are none, in the keyring.
        own = {"HOME": str(scratch), "MCP_INSPECTOR_SECRET_STORE": "memory"}
        self.environment = {**os.environ, **own}

    def __call__(self, method: str, *words: str, code: int = 0) -> dict[str, Any]:
        """What it prints of an answer, as JSON."""
        config = ["--config", str(self.settings), "--server", "pennyform"]
        command = [*COMMAND, "--cli", *config, "--method", method, *words]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def call(self, tool: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The result of a tool; of one that refused, the JSON of its text."""
        words = [word for argument in arguments for word in ("--tool-arg", argument)]
        answer = self("tools/call", "--tool-name", tool, *words, code=code)
        (content,) = answer["content"]
        result: dict[str, Any] = json.loads(content["text"])
        assert answer.get("structuredContent") == (None if code else result)
        return result

    def apply(self, plan: dict[str, Any], code: int = 0) -> dict[str, Any]:
        """Apply a plan as it was returned."""
        arguments = {"plan_id": plan["plan_id"], "digest": plan["digest"], "expected_total": plan["total"]}
        return self.call("apply", *(f"{name}={text}" for name, text in arguments.items()), code=code)


@pytest.fixture
def inspector(root: Path, tmp_path: Path) -> Inspector:
    return Inspector(root, tmp_path)


def test_its_strict_list_has_no_error(inspector: Inspector) -> None:
    tools = {tool["name"]: tool for tool in inspector("tools/list", "--strict")["tools"]}
    assert [name for name, tool in tools.items() if not tool["annotations"]["readOnlyHint"]] == ["apply"]
    assert tools["apply"]["annotations"]["destructiveHint"]
    assert tools.keys() >= {"validate", "explain", "render", "preview", "plan", "verify", "status"}


def test_drafts_are_applied_once_and_nothing_final_without_approval(inspector: Inspector, root: Path) -> None:
    write(root, "invoices/INV-2.yaml", invoice("INV-2", finalize=True))
    plan = inspector.call("plan")
    assert plan["irreversible_steps"] == {"finalize": 1}
    (finding,) = inspector.apply(plan, code=REFUSED)["findings"]
    assert finding["rule"] == "agent-approval-missing"

    drafts = inspector.call("plan", 'references=["INV-1"]')
    assert not drafts["is_approval_needed"]
    assert inspector.apply(drafts)["summary"] == {"done": 2}
    (finding,) = inspector.apply(drafts, code=REFUSED)["findings"]
    assert finding["rule"] == "plan-stale"


def test_hostile_texts_are_shown_as_data(inspector: Inspector, root: Path) -> None:
    write(root, "invoices/INV-1.yaml", invoice("INV-1", lines=line(label=json.dumps(HOSTILE))))
    answers = [inspector.call("render"), inspector.call("plan")]
    assert any(HOSTILE[:60] in text for text in strings(answers[0]))
    # A definition with findings, whose texts quote it.
    write(root, "invoices/INV-3.yaml", invoice("INV-3", date=json.dumps(HOSTILE)))
    answers += [inspector.call("validate"), inspector.call("plan", code=REFUSED)]
    assert any("Ignore previous" in text for text in strings(answers[2]))
    for answer in answers:
        assert not [text for text in outside_data(answer) if "Ignore" in text or "evil" in text]
