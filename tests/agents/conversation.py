"""The tools of one process, called by the SDK's own client; and the person at the terminal beside it."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from pennyform.cli import main
from pennyform.cli.commands.agents.scope import Scope
from pennyform.cli.commands.agents.server import make_server
from pennyform.cli.definitions import with_schemas
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.options.agents import McpOptions
from pennyform.cli.terminal import Terminal
from pennyform.engine.runtime import Origin, Runtime

from tests.engine.world import SECRET, FakeClock

SETTINGS = "version: 1\nenvironment: sandbox\n"


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class Tty(io.StringIO):
    """A terminal, on which a person answers with ``text``."""

    def isatty(self) -> bool:
        return True


class Conversation:
    """One repository, the machine, and what an agent and a person do."""

    def __init__(
        self, root: Path, *companies: str, environ: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.clock = FakeClock()
        numbers = itertools.count(1)
        self.runtime = replace(
            Runtime.system(),
            clock=self.clock,
            random_bytes=lambda size: hashlib.sha512(str(next(numbers)).encode()).digest()[:size],
            origin=lambda _: Origin("Ann <ann@example.org>", "desk", ""),
        )
        self.environ = {
            "PENNYFORM_STATE": f"{root}-state",
            "PENNYFORM_STATE_KEY": SECRET,
            "NO_COLOR": "1",
            **(environ or {}),
        }
        terminal = Terminal(io.StringIO(), io.StringIO(), io.StringIO(), self.environ).guarded()
        allow_apply, environment = options.get("allow_apply", True), options.get("environment")
        targets = TargetOptions((root,), environment, None, companies=companies)
        runtime = with_schemas(self.runtime, terminal)
        self.scope = Scope.of(McpOptions(targets, allow_apply), terminal, runtime)
        self.is_refused = False
        self.text = ""

    def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call, over the protocol; the client holds it to the declared schema."""

        async def ask() -> Any:
            async with Client(make_server(self.scope), mode="legacy") as client:
                return await client.call_tool(tool, arguments)

        result = anyio.run(ask)
        self.is_refused, (content,) = bool(result.is_error), result.content
        self.text = content.text
        answer: dict[str, Any] = json.loads(self.text)
        # A refusal is no result: clients would hold it to the schema of results.
        assert result.structured_content == (None if self.is_refused else answer)
        return answer

    def refusal(self, tool: str, **arguments: Any) -> str:
        """The rule of the finding with which a call is refused."""
        answer = self(tool, **arguments)
        assert self.is_refused, answer
        (finding,) = answer["findings"]
        return str(finding["rule"])

    def apply(self, plan: Mapping[str, Any], **other: str) -> dict[str, Any]:
        """Apply ``plan``, as it was returned unless ``other`` says otherwise."""
        arguments = {"plan_id": plan["plan_id"], "digest": plan["digest"], "expected_total": plan["total"]}
        return self("apply", **arguments | other)

    def approve(self, plan_id: str, answer: str = "yes", *, is_terminal: bool = True) -> tuple[int, str]:
        """A person runs ``pennyform approve``: its exit code, and what the terminal shows."""
        kind = Tty if is_terminal else io.StringIO
        screen = kind()
        terminal = Terminal(kind(f"{answer}\n"), screen, screen, self.environ, no_color=True)
        code = main(["approve", plan_id], terminal=terminal, runtime=self.runtime)
        return code, screen.getvalue()


def state_of(conversation: Conversation) -> Path:
    return Path(conversation.environ["PENNYFORM_STATE"]) / "plans"
