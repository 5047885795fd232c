"""Let schemathesis ask the sandbox everything the contract allows, and everything it does not.

It looks for a server error, for a status or a content type that the contract does not know, for an answer
that does not conform, for a wrong request that is let through, for an operation that needs no token, and for
records that are gone too early or still there too late. It is given the contract with the ids of records that
exist wherever an id belongs, so that more than "not found" comes back.

    python tests/conformance/fuzz.py             a few requests for each operation, the same every time
    python tests/conformance/fuzz.py --long      everything the tool thinks of; words after it go to the tool
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.sandbox import Sandbox
from pennyform.sandbox.auth import Company
from pennyform.sandbox.background_server import Served
from pennyform.sandbox.input_files import load_fixtures
from pennyform.sandbox.messages import Request

BOOKS = Path(__file__).parent / "books.yaml"
BASE_PATH = "/api/external/v2"
CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
        "ignored_auth",
        "use_after_free",
        "ensure_resource_availability",
    )
)
# The same requests in the same order, but for the borders between the parts of forms; nothing depends on how
# busy the computer is.
BOUNDED = [
    "--phases=fuzzing",
    "--max-examples=8",
    "--seed=1",
    "--suppress-health-check=all",
    "--request-timeout=120",
]
LONG = ["--phases=examples,coverage,fuzzing,stateful", "--max-examples=80"]

Ids = dict[str, list[int]]
Schema = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Run the tool; its exit code."""
    extent = [*LONG, *arguments[1:]] if arguments[:1] == ["--long"] else [*BOUNDED, *arguments]
    with (
        closing(Sandbox(clock=Clock(), rate_limit=False)) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        load_fixtures(sandbox, BOOKS)
        document = Path(folder) / "openapi.json"
        document.write_text(json.dumps(with_known_ids(contract(), known_ids(sandbox))))
        with Served(sandbox) as server:
            return asked(document, server, extent)


class Clock:
    """A second passes whenever somebody asks for the time: the same requests meet the same moments."""

    def __init__(self) -> None:
        self._seconds = itertools.count()

    def __call__(self) -> datetime:
        return datetime(2026, 1, 15, tzinfo=UTC) + timedelta(seconds=next(self._seconds))


def asked(document: Path, server: Served, extent: list[str]) -> int:
    """What schemathesis says of the server."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", server.url]
    token = f"Authorization: Bearer {server.token}"
    options = ["--header", token, "--checks", CHECKS, "--warnings=off", "--continue-on-failure", "--no-color"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([*command, *options, *extent], cwd=document.parent, env=environment, check=False)
    return done.returncode


def contract() -> Schema:
    """The document that client, schemas and sandbox are made from."""
    document: Schema = json.loads((data.schemas() / "company" / "openapi.json").read_text())
    return document


def known_ids(sandbox: Sandbox) -> Ids:
    """Ids of what the books hold, by collection, and one of nothing."""
    (company,) = sandbox.companies()
    collections = (path for path in contract()["paths"] if "{" not in path)
    found = {path.rpartition("/")[2]: listed(sandbox, company, path) for path in collections}
    return {name: [*ids, 42] for name, ids in found.items() if ids}


def listed(sandbox: Sandbox, company: Company, path: str) -> list[int]:
    """The first ids of a list; none of what is no list."""
    answer = sandbox.answer(company, Request("GET", path))
    items = json.loads(answer.body).get("items", []) if answer.status == 200 else []
    return [item["id"] for item in items[:5] if isinstance(item.get("id"), int)]


def with_known_ids(document: Schema, ids: Ids) -> Schema:
    """The document, with an enumeration wherever an id of a known collection belongs."""
    for path, item in document["paths"].items():
        for parameter in parameters(item):
            name = parameter["name"]
            if parameter["in"] == "path":
                narrow(parameter["schema"], ids.get(path.partition(f"/{{{name}}}")[0].rpartition("/")[2]))
    for schema in document["components"]["schemas"].values():
        if schema.get("x-pennyform-direction") == "request":
            narrow_properties(schema, ids)
    return document


def parameters(item: Schema) -> Iterator[Schema]:
    """All parameters of a path."""
    for operation in item.values():
        if isinstance(operation, dict):
            yield from operation.get("parameters", [])


def narrow(schema: Schema, ids: list[int] | None) -> None:
    """Let an integer be one of the ids."""
    if ids and schema.get("type") == "integer":
        schema["enum"] = ids


def narrow_properties(schema: Any, ids: Ids) -> None:
    """Narrow every ``…_id`` below a schema."""
    if isinstance(schema, list):
        for inner in schema:
            narrow_properties(inner, ids)
    elif isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if name.endswith("_id"):
                narrow(inner, ids.get(plural(name.removesuffix("_id"))))
        for inner in schema.values():
            narrow_properties(inner, ids)


def plural(noun: str) -> str:
    """``category`` is kept in ``categories``."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
