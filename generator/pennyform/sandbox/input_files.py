"""Files that people write for the sandbox, in YAML or JSON: fixtures, and schedules of faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import yaml
from yaml.composer import ComposerError

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.sandbox.faults.fault import Fault
from pennyform.sandbox.faults.schedule import MOST_FAULTS, FaultError, Faults, from_json
from pennyform.sandbox.generic.synthesis import collection_of
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.messages import BASE_PATH, Request, Response
from pennyform.sandbox.service import SandboxService, TokenRequest, grant_token

_MOST_BYTES = 10_000_000
_MOST_NAMED = 10


class Document:
    """The value in a file, of JSON's types, and the position of each of its parts.

    Raises:
        Failure: when the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise OSError(f"larger than {_MOST_BYTES} bytes")
            loader = _Loader(content.decode("utf-8"))
            self._node = loader.get_single_node()
            self.value = loader.construct_document(self._node) if self._node else None
        # ValueError: text that is no UTF-8, and numbers of more digits than Python reads.
        except (OSError, ValueError, RecursionError) as error:
            raise failure("sandbox-file", f"cannot be read: {error}", file=self.file) from error
        except yaml.MarkedYAMLError as error:
            raise Failure([self._finding(error.problem_mark, str(error.problem))]) from error

    def finding(self, summary: str, *steps: str | int) -> Finding:
        """An error at a value. Steps are keys and indexes that lead there; as far as they lead."""
        node = self._node
        for step in steps:
            child = dict(_children(node)).get(step)
            if child is None:
                break
            node = child
        return self._finding(node.start_mark if node else None, summary)

    def _finding(self, mark: yaml.Mark | None, summary: str) -> Finding:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return Finding("sandbox-file", Severity.ERROR, summary, file=self.file, line=line, column=column)


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)


class _Loader(yaml.SafeLoader):
    """JSON's types only: a date stays text, ``010`` is not eight, and no key may appear twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        # A few nested aliases can stand for billions of values ("billion laughs").
        if self.check_event(yaml.AliasEvent):
            raise ComposerError(None, None, "aliases are not read", self.get_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = set()
        for key, _ in node.value:
            if key.value in keys:
                raise ComposerError(None, None, f"{key.value} stands here twice", key.start_mark)
            keys.add(key.value)
        return node


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern in {
    "null": r"null|~|",
    "bool": r"true|false",
    "int": r"-?(0|[1-9][0-9]*)",
    "float": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?",
}.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)


class _CompanyName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


def load_fixtures(sandbox: SandboxService, path: Path) -> int:
    """Create the records of a file in the first company; returns how many.

    Raises:
        Failure: with everything that is wrong in the file. The sandbox is left as it was then.
    """
    document = Document(path)
    if not isinstance(document.value, dict):
        raise Failure([document.finding("the file must hold an object: company, tokens, and records")])
    # Each record is a request, and a transaction, of its own: the copy undoes those before a mistake.
    snapshot = sandbox.copy()
    loader = _FixtureLoader(sandbox)
    try:
        findings = _load_all(document, document.value, loader)
    except BaseException:
        sandbox.restore(snapshot)
        raise
    if findings:
        sandbox.restore(snapshot)
        raise Failure(tidy(findings))
    return loader.created


def _load_all(document: Document, values: JsonObject, loader: _FixtureLoader) -> list[Finding]:
    """Create every record of ``values``, which ``document`` says; what is wrong with those that cannot be."""
    findings: list[Finding] = []
    for key, value in values.items():
        if key != "company" and not isinstance(value, list):
            findings.append(document.finding(f"{key} must be a list", key))
            continue
        items = [(value, (key,))] if key == "company" else [(v, (key, i)) for i, v in enumerate(value)]
        for item, position in items:
            try:
                loader.load(key, item)
            except ValueError as error:  # msgspec's ValidationError is one
                findings.append(document.finding(f"{key}: {error}", *position))
    return findings


class _FixtureLoader:
    def __init__(self, sandbox: SandboxService) -> None:
        self._sandbox = sandbox
        self._company = sandbox.companies()[0]
        self.created = 0

    def load(self, key: str, value: Json) -> None:
        """Name the company, grant a token, or create a record of the collection ``key``.

        Raises:
            ValueError: when the value or the API's answer to it is no good.
        """
        if key == "company":
            name = msgspec.convert(value, _CompanyName).name
            self._sandbox.rename_company(self._company.id, name)
        elif key == "tokens":
            grant_token(self._sandbox, msgspec.convert(value, TokenRequest))
        else:
            headers = {"content-type": "application/json"}
            body = msgspec.json.encode(self._resolve_ids(value))
            response = self._send(Request("POST", f"{BASE_PATH}/{key}", headers=headers, body=body))
            if response.status != 201:
                raise ValueError(_reason(response))
            self.created += 1

    def _resolve_ids(self, value: Json) -> Json:
        """The value with an id wherever a record is described."""
        if isinstance(value, list):
            return [self._resolve_ids(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._find_id(name.removesuffix("_id"), inner)
            if name.endswith("_id") and isinstance(inner, dict)
            else self._resolve_ids(inner)
            for name, inner in value.items()
        }

    def _find_id(self, kind: str, description: JsonObject) -> int:
        """The id of the one record of ``kind`` that has these fields.

        Raises:
            ValueError: there is none, or more than one.
        """
        rows = list(self._rows(kind, description))
        matches = [
            row
            for row in rows
            if all(name in row and str(row[name]) == str(value) for name, value in description.items())
        ]
        if len(matches) != 1:
            words = ", ".join(f"{name}: {value}" for name, value in description.items())
            number = len(matches) or "no"
            problem = f"{kind}_id: {number} records of {collection_of(kind)} have {words}; one must"
            known = matches or rows
            # Each by the fields that the description asks for, and its id.
            names = [
                f"{' '.join(str(row[name]) for name in description if name in row)} (id {row['id']})".strip()
                for row in known[:_MOST_NAMED]
            ]
            more = ", …" if len(known) > _MOST_NAMED else ""
            listed = f". There are {', '.join(names)}{more}" if names else ""
            raise ValueError(problem + listed)
        return int(matches[0]["id"])

    def _rows(self, kind: str, description: JsonObject) -> Iterator[JsonObject]:
        """Records that may be the one described: the API filters some of its lists, and others not."""
        conditions = [
            {"field": name, "operator": "eq", "value": value} for name, value in description.items()
        ]
        query = {"filter": msgspec.json.encode(conditions).decode()}
        while True:
            path = f"{BASE_PATH}/{collection_of(kind)}"
            response = self._send(Request("GET", path, urlencode({**query, "limit": 100})))
            if response.status != 200:
                raise ValueError(f"{kind}_id: {_reason(response)}")
            page = msgspec.json.decode(response.body)
            yield from page["items"]
            if not page["has_more"]:
                return
            query["cursor"] = page["next_cursor"]

    def _send(self, request: Request) -> Response:
        return self._sandbox.answer(self._company, request)


def _reason(response: Response) -> str:
    body = msgspec.json.decode(response.body)
    field = f" ({body['field']})" if body.get("field") else ""
    return f"{response.status} {body.get('error') or body.get('message')}{field}"


def load_faults(path: Path) -> Faults:
    """Read ``seed`` and ``faults`` from a YAML or JSON file.

    Raises:
        Failure: with everything that is wrong in it.
    """
    document = Document(path)
    value = document.value
    if not isinstance(value, dict):
        raise Failure([document.finding("the file must hold an object with faults, and a seed if you like")])
    unknown = value.keys() - {"seed", "faults"}
    findings = [document.finding(f"{key} is unknown here: use seed and faults", key) for key in unknown]
    seed, items = value.get("seed", 0), value.get("faults") or []
    if not isinstance(seed, int) or abs(seed) > 2**53:
        findings.append(document.finding("seed must be an integer of at most 53 bits", "seed"))
    if not isinstance(items, list):
        findings.append(document.finding("faults must be a list", "faults"))
        items = []
    if len(items) > MOST_FAULTS:
        findings.append(document.finding(f"at most {MOST_FAULTS} faults are scheduled", "faults"))
        items = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        try:
            faults.append(from_json(item))
        except FaultError as error:
            findings.append(document.finding(str(error), "faults", index))
    if findings:
        raise Failure(tidy(findings))
    return Faults(seed, faults)
