"""A contract that a repository owns: what of requests and answers pennyform's own client does not know.

The client that sends was made from pennyform's contract. With an own contract, a request is checked against
the schema of its operation there and sent as it is stated; of answers, the fields that a request can set and
that the client has no place for are read beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator
from pennylane_company import models

from pennyform.engine.account.errors import RefusedError

# Kind of record -> the operations that set its fields, and what the client knows of it in answers.
_SET_BY = {
    "invoice": ("postCustomerInvoices", "importCustomerInvoices"),
    "customer": ("postCompanyCustomer", "postIndividualCustomer"),
    "product": ("postProducts",),
}
_UPDATES = {"company": "putCompanyCustomer", "individual": "putIndividualCustomer", "product": "putProduct"}
# The last name of a path -> the kind of record that its answer has.
_KINDS = {
    "customer_invoices": "invoice",
    "invoice_lines": "line",
    "customers": "customer",
    "company_customers": "customer",
    "individual_customers": "customer",
    "products": "product",
}
# So that no account can fill the memory.
_MOST_RECORDS = 200_000
_MOST_DIGITS = 30


class OwnContract:
    """One contract, read from the schemas that were derived from it.

    Args:
        folder: holds ``requests/<operationId>.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # While the folder is known to be whole: an operation whose file vanishes later would take no field.
        for operation_id in (*chain.from_iterable(_SET_BY.values()), *_UPDATES.values()):
            _request_schema(folder, operation_id)
        self._validators: dict[str, Draft202012Validator] = {}
        self._extra: dict[tuple[str, int], dict[str, Any]] = {}

    # --- requests -----------------------------------------------------------------------------------------

    def request(self, operation_id: str, body: object) -> Any:
        """``body`` ready to be sent, checked against what the operation takes.

        Raises:
            RefusedError: it does not fit the contract, or the contract has no such operation.
        """
        if operation_id not in self._validators:
            schema = _request_schema(self._folder, operation_id)
            if schema is None:
                raise RefusedError(f"the contract has no operation {operation_id} with a body", status=400)
            self._validators[operation_id] = Draft202012Validator(schema, validate_formats=False)
        error = next(iter(self._validators[operation_id].iter_errors(body)), None)
        if error is not None:
            place = "/".join(map(str, error.instance_path))
            text = f"the request does not fit the contract: {error.message[:300]} - at `/{place}`"
            raise RefusedError(text, status=400)
        return _numbers_as_text(body)

    # --- answers ------------------------------------------------------------------------------------------

    def observe(self, path: str, content: bytes) -> None:
        """Keep what an answer says in the fields that pennyform's client does not know.

        Args:
            path: of the request.
            content: the body of the answer.
        """
        if not any(self._newer.values()):
            return
        try:
            answer = _ANSWER.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            # The client says what is wrong with it.
            return
        for kind, record in _records(path, answer):
            values = {name: record[name] for name in self._newer[kind] & record.keys()}
            if values and isinstance(record.get("id"), int) and len(self._extra) < _MOST_RECORDS:
                self._extra[kind, record["id"]] = values

    def newer_fields(self, kind: str, id_: int) -> dict[str, Any]:
        """What the last answer about a record said in those fields; ``kind`` may be ``line``."""
        return self._extra.get((kind, id_), {})

    @cached_property
    def _newer(self) -> Mapping[str, frozenset[str]]:
        """The fields by kind that a request can set and that answers of the client have no place for."""
        known: Mapping[str, type[msgspec.Struct]] = {
            "invoice": models.CustomerInvoice,
            "line": models.CustomerInvoiceLine,
            "product": models.Product,
        }
        fields = {kind: settable_fields(self._folder, operations) for kind, operations in _SET_BY.items()}
        fields["line"] = settable_fields(self._folder, _SET_BY["invoice"], within="invoice_lines")
        customers = {*models.CompanyCustomer.__struct_fields__, *models.IndividualCustomer.__struct_fields__}
        return {
            kind: names
            - {*(known[kind].__struct_fields__ if kind in known else customers)}
            # What stands for the id of another record comes back as a link.
            - {name for name in names if name.endswith("_id")}
            for kind, names in fields.items()
        }


def updatable_fields(folder: Path, kind: str) -> frozenset[str]:
    """The fields that an update of a ``company``, an ``individual`` or a ``product`` takes by a contract.

    Args:
        folder: holds ``requests/<operationId>.json``.
        kind: of record.
    """
    return settable_fields(folder, (_UPDATES[kind],))


def settable_fields(folder: Path, operations: Collection[str], within: str = "") -> frozenset[str]:
    """The fields that these operations take, or those of the entries of the list ``within``."""
    names: set[str] = set()
    for operation in operations:
        schema = _request_schema(folder, operation) or {}
        definitions = schema.get("$defs", {})
        objects = [*_objects(schema, definitions)]
        if within:
            lists = [part["properties"][within] for part in objects if within in part["properties"]]
            entries = [_resolve(schema, definitions)["items"] for schema in lists]
            objects = [part for entry in entries for part in _objects(entry, definitions)]
        names.update(name for part in objects for name in part["properties"])
    return frozenset(names)


@cache
def _request_schema(folder: Path, operation_id: str) -> dict[str, Any] | None:
    try:
        schema: dict[str, Any] = msgspec.json.decode(
            (folder / "requests" / f"{operation_id}.json").read_bytes()
        )
    except FileNotFoundError:
        return None
    return schema


def _objects(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects that a schema stands for: itself, or each of its variants."""
    schema = _resolve(schema, definitions)
    for variant in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _objects(variant, definitions)
    if "properties" in schema:
        yield schema


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _records(path: str, answer: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records in an answer, each with its kind."""
    # The last name of the path, or the one before an id.
    names = reversed(path.rstrip("/").split("/")[-2:])
    kind = next((_KINDS[name] for name in names if name in _KINDS), None)
    if kind is None or not isinstance(answer, dict):
        return
    items = answer.get("items")
    for record in items if isinstance(items, list) else [answer]:
        if isinstance(record, dict):
            yield kind, record
    included = answer.get("included")
    lines = included.get("invoice_lines") if isinstance(included, dict) else None
    for page in lines.values() if isinstance(lines, dict) else ():
        yield from _records("/invoice_lines", page)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MOST_DIGITS or len(text) > _MOST_DIGITS:
        raise ValueError("out of range")
    return number


_ANSWER = msgspec.json.Decoder(float_hook=_number)


def _numbers_as_text(value: Any) -> Any:
    """``value`` with each decimal as the text of a JSON number: msgspec would write it as a string."""
    if isinstance(value, Decimal):
        return msgspec.Raw(format(value, "f").encode())
    if isinstance(value, Mapping):
        return {name: _numbers_as_text(member) for name, member in value.items()}
    return [_numbers_as_text(member) for member in value] if isinstance(value, (list, tuple)) else value
