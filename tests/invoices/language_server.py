"""A client of a language server: JSON-RPC over standard input and output, as editors speak it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 30  # seconds for any one answer


class LanguageServer:
    """One running server, with one folder open."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answers: dict[int, Any] = {}
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self._last = 0
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()
        self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=_CAPABILITIES)
        self._notify("initialized")
        self._notify("workspace/didChangeConfiguration", settings=_SETTINGS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.ask("shutdown")
        self._notify("exit")
        self._server.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for pipe in (self._server.stdin, self._server.stdout):
            assert pipe
            pipe.close()

    def open(self, file: Path, text: str) -> list[dict[str, Any]]:
        """Open ``file`` with ``text`` in it; what the server underlines."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._notify("textDocument/didOpen", textDocument=document)
        while True:
            message = self._next()
            is_found = message.get("method") == "textDocument/publishDiagnostics"
            if is_found and message["params"]["uri"] == file.as_uri():
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found

    def at(self, method: str, file: Path, line: int, column: int) -> Any:
        """Ask about a place; lines and columns count from 0, as the protocol does."""
        place = {"line": line, "character": column}
        return self.ask(f"textDocument/{method}", textDocument={"uri": file.as_uri()}, position=place)

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a request and wait for its answer."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": parameters or None})
        while True:
            message = self._next()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _next(self) -> dict[str, Any]:
        message = self._inbox.get(timeout=PATIENCE)
        if "method" in message and "id" in message:
            items = message["params"].get("items", []) if message["params"] else []
            result = [_SETTINGS.get(item.get("section")) for item in items] or None
            self._send({"id": message["id"], "result": result})
        return message

    def _notify(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._server.stdin.flush()

    def _receive(self) -> None:
        assert self._server.stdout
        while header := self._server.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
            elif not header.strip():
                self._inbox.put(json.loads(self._server.stdout.read(length)))


_CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
    "workspace": {"configuration": True},
}
_SETTINGS: dict[str, Any] = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        # Nothing is fetched: a definition names its schema itself.
        "schemaStore": {"enable": False, "url": ""},
        "kubernetesCRDStore": {"enable": False},
        "schemas": {},
        "format": {"enable": False},
    }
}
