"""A client emitted from a contract of a test's own, imported, with a transport that answers and remembers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from pennyform import data
from pennyform.codegen.client import emit, without_unsupported
from pennyform.spec import Contract, normalise
from pennyform.spec.pin.reduce import pin


def pinned(document: dict[str, Any], api: str) -> dict[str, Any]:
    return pin(document, api=api)[0]


def contract_of(document: dict[str, Any], api: str) -> Contract:
    return without_unsupported(normalise(pinned(document, api)))


class Package:
    """The client of a contract, in a folder of its own."""

    def __init__(self, contract: Contract, folder: Path) -> None:
        self.contract = contract
        self.folder = folder
        self.name = f"pennylane_{contract.api}"
        for path, content in emit(contract, data.templates() / "client").items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        sys.path.insert(0, str(folder))
        try:
            importlib.invalidate_caches()
            self.module = importlib.import_module(self.name)
            for file in sorted((folder / self.name).rglob("*.py")):
                name = ".".join(file.relative_to(folder).with_suffix("").parts)
                importlib.import_module(name.removesuffix(".__init__"))
        finally:
            sys.path.remove(str(folder))
        self.models = self.module.models
        self.types = self.module.types
        self.errors = self.module.errors

    def forget(self) -> None:
        """Take its modules away, so that another package can have the name."""
        for name in [name for name in sys.modules if name.partition(".")[0] == self.name]:
            del sys.modules[name]

    def client(self, wire: Wire, **options: Any) -> Any:
        transport = httpx.MockTransport(wire)
        return self.module.Client("token", transport=transport, rate_limit=None, **options)


class Wire:
    """What was sent, and what is answered."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.reply = httpx.Response(204)

    def answers(self, status: int, body: bytes = b"", media_type: str = "application/json") -> Wire:
        headers: Mapping[str, str] = {"content-type": media_type} if body else {}
        self.reply = httpx.Response(status, content=body, headers=headers)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self.reply

    @property
    def sent(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def target(self) -> str:
        """Path and query, as they were sent."""
        return self.sent.url.raw_path.decode()
