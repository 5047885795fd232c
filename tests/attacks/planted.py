"""Gates that are taken out, one at a time: some attack of the kind must then get through."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NoReturn


@dataclass(frozen=True)
class Plant:
    """A gate of ``kind``. ``at`` is ``module:name``, and ``instead`` is what stands there without it."""

    kind: str
    at: str
    instead: Any

    def plant(self) -> None:
        """Take it out of this process."""
        setattr(*self.found(), self.instead)

    def found(self) -> tuple[Any, str]:
        """What has the gate, and the name it has there."""
        module, _, path = self.at.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(f"pennyform.{module}" if not module.startswith("pennylane") else module)
        for each in owners:
            owner = getattr(owner, each)
        assert hasattr(owner, name), f"there is no {self.at}"
        return owner, name


def _nothing(*_: Any, **__: Any) -> None:
    """What a check comes to that is gone."""


def _unchanged(value: Any, *_: Any, **__: Any) -> Any:
    return value


@contextmanager
def _unmetered(_: int) -> Iterator[Callable[[], int]]:
    yield lambda: 0


def _say_and_leave(_: Any, message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(64)


def _send_as_it_is(output: Any, text: str) -> None:
    output._send(text)


class _TrustingHmac:
    """The module, with a comparison that is always satisfied."""

    def __getattr__(self, name: str) -> Any:
        import hmac

        return (lambda *_: True) if name == "compare_digest" else getattr(hmac, name)


def _checksum_without_key(previous: str, text: bytes, _: bytes | None) -> str:
    return hashlib.sha256(previous.encode() + b"\n" + text).hexdigest()[:16]


def _longest_body(_: Any, head: Any) -> int:
    return 1 << 40


def _open_anything(_: Any, path: Any, *__: Any) -> int:
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def _write_through(path: Any, data: bytes, **_: Any) -> None:
    with open(path, "wb") as file:  # noqa: PTH123 - as the gate does it
        file.write(data)


def _make_folder(path: Any) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - as the gate does it


async def _whole_body(head: Any, receive: Any, *_: Any) -> tuple[Any, bool]:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return replace(head, body=b"".join(parts)), False


def _add_all(body: Any, chunk: bytes) -> None:
    body._chunks.append(body._unpacked(chunk))


_HUGE = 1 << 40
PLANTED: Mapping[str, Plant] = {
    "a saved plan's signature is not compared": Plant(
        "state", "engine.plan_files.plan_file:hmac", _TrustingHmac()
    ),
    "a journal has checksums without a key": Plant(
        "state", "engine.journal.reading:_checksum", _checksum_without_key
    ),
    "a state folder may belong to anybody": Plant("state", "engine.state_folder:check_private", _nothing),
    "a file is opened wherever links lead": Plant("files", "safe_files:open_inside", _open_anything),
    "definitions are opened wherever links lead": Plant(
        "files", "invoices.yaml.reader:open_inside", _open_anything
    ),
    "books are opened wherever links lead": Plant(
        "files", "sandbox.storage.database:make_place", _make_folder
    ),
    "an output is written through links": Plant("files", "safe_files:write_file", _write_through),
    "a file that others may not read is no secret": Plant(
        "files", "invoices.yaml.reader:is_secret", lambda *_: False
    ),
    "nothing is drawn from the budget": Plant("budget", "invoices.model.budget:Budget.draw", _nothing),
    "values of expressions have no bound": Plant(
        "budget", "invoices.expressions.sandbox:bounded", _unchanged
    ),
    "YAML may nest as deep as it likes": Plant("budget", "invoices.yaml.reader:DEEPEST", _HUGE),
    "YAML may have any number of values": Plant("budget", "invoices.yaml.reader:MOST_NODES", _HUGE),
    "work on a PDF is not metered": Plant("documents", "invoices.sources.e_invoice_pdf:metered", _unmetered),
    "a contract's text is not looked at": Plant("contracts", "spec.pin.fetch:_unsafe_text", lambda *_: ()),
    "overlays may say what JSON cannot": Plant(
        "contracts", "spec.document.strict_yaml:_refuse_what_json_has_not", _nothing
    ),
    "filters may ask for anything": Plant(
        "contracts", "spec.document.json_path:_refuse_nested_queries", _nothing
    ),
    "emitted code is not checked": Plant("contracts", "codegen.client.checks:check", _nothing),
    "a value is shown as it is": Plant("text", "text:one_line", _unchanged),
    "the streams show what they are given": Plant("text", "cli.terminal:log_lines", _unchanged),
    "a usage error is written past the gate": Plant("text", "cli:_Parser.error", _say_and_leave),
    "annotations are written as they are": Plant(
        "token", "cli.terminal:Output.write_annotations", _send_as_it_is
    ),
    "annotations end where their text does": Plant("text", "report.findings.github:_escape", _unchanged),
    "a secret in a definition is a text": Plant("token", "cli.terminal:Secrets.are_in", lambda *_: False),
    "a cell may be a formula": Plant("text", "sandbox.documents.exports:csv_cell", _unchanged),
    "XML may hold anything": Plant("text", "sandbox.documents.exports:xml_text", _unchanged),
    "Markdown is not escaped": Plant("text", "text:markdown_text", _unchanged),
    "an answer's numbers have no bound": Plant("numbers", "engine.account.answers:_bounded", _unchanged),
    "the client reads any number": Plant("answers", "pennylane_company._exchange:bounded", _unchanged),
    "whose account it is, is asked once": Plant(
        "answers", "engine.applying.context:CompanyCheck.check", _nothing
    ),
    "an answer may have any number of headers": Plant(
        "answers", "pennylane_company._bounds:MOST_HEADERS", _HUGE
    ),
    "an answer is unpacked whatever it comes to": Plant(
        "answers", "pennylane_company._bounds:Body.add", _add_all
    ),
    "secrets are not looked for": Plant(
        "token", "pennylane_company._secrets.redaction:Redactor.__call__", lambda _, text: text
    ),
    "an output that fails is a failure": Plant(
        "output", "cli.terminal:Output.write", lambda self, text: self._write(text) or len(text)
    ),
    "any host and origin may come": Plant("browser", "sandbox.http.visitors:Visitors.check", _nothing),
    "files are shown as they are": Plant("browser", "sandbox.http.dispatcher:_make_inert", _unchanged),
    "every body is read before it is asked whose it is": Plant(
        "requests", "sandbox.http.dispatcher:Dispatcher.longest_body", _longest_body
    ),
    "nothing of an agent needs an approval": Plant(
        "agents", "cli.commands.agents.applying:is_approval_needed", lambda *_: False
    ),
    "an approval's signature is not compared": Plant(
        "agents", "engine.plan_files.approvals:hmac", _TrustingHmac()
    ),
    "an approval is of any plan": Plant("agents", "engine.plan_files.approvals:_is_of", lambda *_: True),
    "a plan need not be the one that was shown": Plant(
        "agents", "cli.commands.agents.applying:_require_the_same", _nothing
    ),
    "results of tools are sent as they are": Plant(
        "agents", "cli.commands.agents.output:Gate._text", lambda _, text, *__: text
    ),
    "a tool may name any path": Plant(
        "agents", "cli.commands.agents.scope:Scope.path", lambda self, name: self.root / name
    ),
    "settings may turn a process to another account": Plant(
        "agents", "cli.commands.agents.scope:_pinned", _unchanged
    ),
    "bodies have no limit and no deadline": Plant("requests", "sandbox.http.asgi:read_body", _whole_body),
}
