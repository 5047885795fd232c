"""Initial records from a file: a company's name, its tokens, its records.

Records are bodies of the contract's own requests, under the name of their collection, and are created through
the API: what it would reject is rejected here, and what it fills in is filled in. In the place of an id that
nobody knows yet, the record is described: ``customer_id: {external_reference: ACME}``.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import msgspec

from pennyform.findings import Failure, Finding, tidy
from pennyform.sandbox.input_files import Document
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.messages import BASE_PATH, Request, Response
from pennyform.sandbox.service import SandboxService
from pennyform.sandbox.setup.token_requests import TokenRequest, grant_token


class _CompanyName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


def load_fixtures(sandbox: SandboxService, path: Path) -> int:
    """Create the records of a file in the first company.

    Args:
        sandbox: left as it was when anything is wrong.
        path: of the file.

    Returns:
        How many records were created.

    Raises:
        Failure: with everything that is wrong in the file.
    """
    document = Document(path)
    if not isinstance(document.value, dict):
        raise Failure([document.finding("the file must hold an object: company, tokens, and records")])
    snapshot = sandbox.copy()
    loader = _Loader(sandbox)
    findings: list[Finding] = []
    for key, value in document.value.items():
        if key != "company" and not isinstance(value, list):
            findings.append(document.finding(f"{key} must be a list", key))
            continue
        items = [(value, (key,))] if key == "company" else [(v, (key, i)) for i, v in enumerate(value)]
        for item, position in items:
            try:
                loader.load(key, item)
            except ValueError as error:  # msgspec's ValidationError is one
                findings.append(document.finding(f"{key}: {error}", *position))
    if findings:
        sandbox.restore(snapshot)
        raise Failure(tidy(findings))
    return loader.created


class _Loader:
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
        conditions = [
            {"field": name, "operator": "eq", "value": value} for name, value in description.items()
        ]
        query = urlencode({"filter": msgspec.json.encode(conditions).decode()})
        response = self._send(Request("GET", f"{BASE_PATH}/{kind}s", query))
        if response.status != 200:
            raise ValueError(f"{kind}_id: {_reason(response)}")
        items = msgspec.json.decode(response.body)["items"]
        if len(items) != 1:
            raise ValueError(f"{kind}_id: {len(items) or 'no'} records are called {description}; one must be")
        return int(items[0]["id"])

    def _send(self, request: Request) -> Response:
        return self._sandbox.answer(self._company, request)


def _reason(response: Response) -> str:
    body = msgspec.json.decode(response.body)
    field = f" ({body['field']})" if body.get("field") else ""
    return f"{response.status} {body.get('error') or body.get('message')}{field}"
