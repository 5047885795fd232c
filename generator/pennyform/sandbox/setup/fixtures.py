"""What the books hold from the beginning, from a file: a company, its tokens, its records.

Records are bodies of the contract's own requests, under the name of their collection, and are created through
the API: what it would refuse is refused here, and what it fills in is filled in. Where an id belongs that
nobody knows yet, the record is named instead: ``customer_id: {external_reference: ACME}``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from pennyform.findings import Failure, Finding, tidy
from pennyform.sandbox.input_files import Document
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.setup.token_requests import TokenRequest, grant_token

if TYPE_CHECKING:
    from pennyform.sandbox.application import Sandbox

_BASE_PATH = "/api/external/v2/"


class _Name(msgspec.Struct, forbid_unknown_fields=True):
    name: str


def load_fixtures(sandbox: Sandbox, path: Path) -> int:
    """Fill the first company's books.

    Args:
        sandbox: whose; left as it was when anything is wrong.
        path: of the file.

    Returns:
        How many records were created.

    Raises:
        Failure: with everything that is wrong in the file.
    """
    document = Document(path)
    if not isinstance(document.value, dict):
        raise Failure([document.finding("the file must hold an object: company, tokens, and records")])
    before = sandbox.copy()
    opening = _Opening(sandbox, document)
    opening.carry_out()
    if opening.findings:
        sandbox.restore(before)
        raise Failure(tidy(opening.findings))
    return opening.created


class _Opening:
    def __init__(self, sandbox: Sandbox, document: Document) -> None:
        self._sandbox = sandbox
        self._document = document
        self._value: Any = document.value
        self._company = sandbox.companies()[0]
        self.findings: list[Finding] = []
        self.created = 0

    def carry_out(self) -> None:
        for key, value in self._value.items():
            if key == "company":
                self._try(self._rename, value, key)
            elif not isinstance(value, list):
                self.findings.append(self._document.finding(f"{key} must be a list", key))
            else:
                self._add(key, value)

    def _add(self, key: str, items: list[Any]) -> None:
        add = self._grant if key == "tokens" else self._creator(key)
        for index, item in enumerate(items):
            self._try(add, item, key, index)

    def _try(self, carry_out: Callable[[Any], None], value: Any, *steps: str | int) -> None:
        try:
            carry_out(value)
        except ValueError as problem:  # msgspec's are of this kind
            self.findings.append(self._document.finding(f"{steps[0]}: {problem}", *steps))

    def _rename(self, value: Any) -> None:
        self._sandbox.rename_company(self._company.id, msgspec.convert(value, _Name).name)

    def _grant(self, value: Any) -> None:
        grant_token(self._sandbox, msgspec.convert(value, TokenRequest))

    def _creator(self, collection: str) -> Callable[[Any], None]:
        def create(value: Any) -> None:
            body = msgspec.json.encode(self._resolved(value))
            answer = self._asked(Request("POST", _BASE_PATH + collection, headers=_JSON, body=body))
            if answer.status != 201:
                raise ValueError(_reason(answer))
            self.created += 1

        return create

    def _resolved(self, value: Any) -> Any:
        """The value with an id wherever a record is named."""
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._identifier(name.removesuffix("_id"), inner)
            if name.endswith("_id") and isinstance(inner, dict)
            else self._resolved(inner)
            for name, inner in value.items()
        }

    def _identifier(self, kind: str, named: dict[str, Any]) -> int:
        conditions = [{"field": name, "operator": "eq", "value": value} for name, value in named.items()]
        query = urlencode({"filter": msgspec.json.encode(conditions).decode()})
        answer = self._asked(Request("GET", f"{_BASE_PATH}{kind}s", query))
        if answer.status != 200:
            raise ValueError(f"{kind}_id: {_reason(answer)}")
        items = msgspec.json.decode(answer.body)["items"]
        if len(items) != 1:
            raise ValueError(f"{kind}_id: {len(items) or 'no'} records are called {named}; one must be")
        return int(items[0]["id"])

    def _asked(self, request: Request) -> Response:
        return self._sandbox.answer(self._company, request)


_JSON = {"content-type": "application/json"}


def _reason(answer: Response) -> str:
    body = msgspec.json.decode(answer.body)
    field = f" ({body['field']})" if body.get("field") else ""
    return f"{answer.status} {body.get('error') or body.get('message')}{field}"
