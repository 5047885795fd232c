"""A whole session: plan, a refusal to apply, a person's approval, apply, and the replay that is refused.

``UPDATE_CASES=1 pytest tests/agents`` writes what comes out instead of comparing; read the difference before
keeping it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.limits import APPROVAL_SECONDS

from .conversation import Conversation

FOLDER = Path(__file__).with_name("transcript")


class Transcript:
    """Keeps what was asked and answered. A digest depends on every file of pennyform: it is left out."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.parts: list[str] = []

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = self.conversation(tool, **arguments)
        outcome = "refused" if self.conversation.is_refused else "answered"
        self._add(f"> {tool} {json.dumps(arguments)}\n{outcome}: {json.dumps(answer, indent=1)}\n")
        return answer

    def apply(self, plan: dict[str, Any]) -> dict[str, Any]:
        return self.call(
            "apply", plan_id=plan["plan_id"], digest=plan["digest"], expected_total=plan["total"]
        )

    def approve(self, plan_id: str, answer: str) -> None:
        code, screen = self.conversation.approve(plan_id, answer)
        self._add(f"$ pennyform approve {plan_id}\n{screen}\nexit {code}\n")

    def _add(self, text: str) -> None:
        root = str(self.conversation.scope.root)
        self.parts.append(re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text).replace(root, "FOLDER"))


def test_plan_refused_approved_applied_and_not_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "repository"
    shutil.copytree(FOLDER / "repository", root)
    conversation = Conversation(root)
    transcript = Transcript(conversation)
    transcript.call("validate")
    drafts = transcript.call("plan", references=["INV-1"])
    transcript.apply(drafts)
    plan = transcript.call("plan")
    transcript.apply(plan)
    transcript.approve(plan["plan_id"], "no")
    transcript.apply(plan)
    transcript.approve(plan["plan_id"], "yes")
    transcript.apply(plan)
    transcript.apply(plan)
    transcript.call("status")
    actual = "\n".join(transcript.parts)
    expected = FOLDER / "transcript.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(actual, encoding="utf-8")
    assert actual == expected.read_text(encoding="utf-8")
    assert APPROVAL_SECONDS == 86_400
