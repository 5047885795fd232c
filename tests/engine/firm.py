"""A repository of several companies, on a service that keeps the books of all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import convert
from pennyform.cli import main
from pennyform.cli.terminal import Terminal
from pennyform.engine.limits import IMMEDIATE
from pennyform.engine.runtime import Runtime
from pennyform.results.documents import DOCUMENTS, json_text
from pennyform.sandbox import Sandbox

from .world import CUSTOMER, SECRET, FakeClock, Wire, invoice

NAMES = ("alder", "birch", "cedar")
SETTINGS = """\
version: 1
environment: production
token: {{env: PENNYLANE_TOKEN_{0}}}
policies: {{company_id: {1}}}
"""


def variable(name: str) -> str:
    """A company's name as it stands in the name of a variable."""
    return name.upper().replace("-", "_")


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


class Firm:
    """A repository of several companies, and a service that keeps the books of all of them."""

    def __init__(self, root: Path, names: Sequence[str] = NAMES) -> None:
        self.root = root
        self.clock = FakeClock()
        self.sandbox = Sandbox(clock=self.clock.now, rate_limit=False)
        self.wire = Wire(self.sandbox.transport())
        self.environ = {
            "PENNYFORM_STATE": str(root.parent / "state"),
            "PENNYFORM_STATE_KEY": SECRET,
            "HOME": str(root.parent / "home"),
            "NO_COLOR": "1",
        }
        self.write("pennyform.yaml", 'version: 1\nenvironment: production\ncompanies: ["companies/*"]\n')
        self.write("customers/acme.yaml", CUSTOMER)
        self.ids: dict[str, int] = {}
        for name in names:
            self.ids[name] = self.sandbox.add_company(f"{name.title()} SARL")
            self.sandbox.add_token(f"token-of-{name}", company=self.ids[name])
            self.environ[f"PENNYLANE_TOKEN_{variable(name)}"] = f"token-of-{name}"
            self.settings(name)
            self.write(f"companies/{name}/invoices/one.yaml", invoice(f"{name[0].upper()}-1"))
        self.out = self.err = ""
        self.runtime = replace(Runtime.system(), clock=self.clock, transport=self.wire, patience=IMMEDIATE)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def settings(self, name: str, text: str = SETTINGS, **changes: Any) -> None:
        values = {"variable": variable(name), "company_id": self.ids[name]} | changes
        self.write(f"companies/{name}/pennyform.yaml", text.format(*values.values()))

    def __call__(self, *words: str, keyboard: str = "") -> int:
        stdin = Keyboard(keyboard) if keyboard else io.StringIO()
        out, err = io.StringIO(), io.StringIO()
        code = main(words, terminal=Terminal(stdin, out, err, self.environ), runtime=self.runtime)
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "defect" not in self.err, self.err
        return code

    def document(self, *words: str, code: int = 0) -> dict[str, Any]:
        assert self(*words, "--format", "json") == code, self.err
        content = json.loads(self.out)
        name = f"companies-{'verification' if words[0] == 'verify' else words[0]}"
        assert json_text(convert(content, DOCUMENTS[name])) == self.out
        return dict(content)

    def paths_of(self, name: str) -> list[str]:
        """The requests that were sent with the token of a company."""
        token = f"Bearer token-of-{name}"
        rows = [request for request in self.wire.sent if request.headers["authorization"] == token]
        return [row.url.path.removeprefix("/api/external/v2") for row in rows]
