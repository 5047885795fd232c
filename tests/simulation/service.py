"""The other side: the real sandbox, its books open to the oracles and its uniqueness gone on demand."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from pennyform.sandbox import Rules, Sandbox
from pennyform.sandbox.faults import Faults
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.storage.link_key import replace_link_key

from .loop import Loop
from .machine import START
from .workload import ADDRESS

# Unlike anything else that is written anywhere, so that it can be looked for.
TOKEN = "simulated-secret-5f1d7c93e2"
# A draft that is none of ours, and must survive everything.
FOREIGN = "FOREIGN-1"
API = "/api/external/v2"
_CUSTOMER = "SELECT id FROM record WHERE kind = 'customer' AND reference = ?"
_REFERENCE = "SELECT reference FROM record WHERE kind = 'customer' AND id = ?"
_INVOICES = (
    "SELECT id, reference, body FROM record"
    " WHERE kind = 'customer_invoice' AND deleted_at IS NULL ORDER BY id"
)
_TWICE = (
    "SELECT kind, reference FROM record WHERE kind IN ('customer', 'product') AND deleted_at IS NULL"
    " GROUP BY kind, reference HAVING count(*) > 1"
)
_DECLARED = "SELECT reference, body FROM record WHERE kind IN ('customer', 'product') AND deleted_at IS NULL"
_DECLARED_IDS = (
    "SELECT json_extract(body, '$.customer_type'), id, reference FROM record"
    " WHERE kind IN ('customer', 'product') AND deleted_at IS NULL ORDER BY id"
)
_CHILDREN = "SELECT body FROM record WHERE kind = ? AND parent = ? AND deleted_at IS NULL ORDER BY id"
LINE = {
    "label": "By hand",
    "quantity": 1,
    "raw_currency_unit_price": "5.00",
    "unit": "hour",
    "vat_rate": "FR_200",
}
_RATE, _WINDOW = 25, 5.0


@dataclass(frozen=True)
class Kept:
    """One invoice as the books have it."""

    id: int
    reference: str
    body: dict[str, Any]
    lines: tuple[dict[str, Any], ...]
    appendices: tuple[str, ...]
    mails: int

    @property
    def draft(self) -> bool:
        """Whether it can still be deleted."""
        return bool(self.body["draft"])

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Before tax, and tax."""
        return Decimal(self.body["currency_amount_before_tax"]), Decimal(self.body["currency_tax"])

    @property
    def vat(self) -> dict[str, Decimal]:
        """Tax by VAT code."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            sums[line["vat_rate"]] = sums.get(line["vat_rate"], Decimal(0)) + Decimal(line["currency_tax"])
        return sums


@dataclass(frozen=True)
class Done:
    """A write that was carried out, whoever heard of it."""

    process: str
    method: str
    path: str

    @property
    def invoice(self) -> int | None:
        """The invoice that its path names."""
        found = re.search(r"/customer_invoices/(\d+)", self.path)
        return int(found[1]) if found else None

    @property
    def finalizes(self) -> bool:
        """Whether it gave an invoice its number."""
        return self.path.endswith("/finalize")


@dataclass(eq=False)
class Watch:
    """What was carried out, and what of it the oracles object to at once."""

    done: list[Done] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    # Invoices that were issued to another card than the declared one, by the process that did it.
    misissued: dict[str, list[str]] = field(default_factory=dict)
    too_late: list[str] = field(default_factory=list)
    requests: int = 0
    _card_changed: int = 0
    _read_back: dict[str, int] = field(default_factory=dict)
    _finalizing: set[str] = field(default_factory=set)

    def see(self, process: str, method: str, path: str) -> None:
        """Note the order in which cards are changed by hand and invoices are read back."""
        self.requests += 1
        if process == "a person" and method == "PUT" and "_customers/" in path:
            self._card_changed = self.requests
        elif method == "GET" and path == "/customer_invoices":
            self._read_back[process] = self.requests

    def issue(self, process: str, reference: str, *, is_declared: bool) -> None:
        """Judge a finalization by the card that stands on the invoice.

        The first one of a process comes right after a reading of the card, which comes after the draft was
        read back: by then, a card that changed before the read-back must have been seen.
        """
        is_first = process not in self._finalizing
        self._finalizing.add(process)
        if is_declared:
            return
        self.misissued.setdefault(process, []).append(reference)
        if is_first and self._read_back.get(process, 0) > self._card_changed:
            self.too_late.append(f"{reference} is issued to a card that changed before it was read back")


class Service(Sandbox):
    """A sandbox that remembers each write it carried out, late ones and second ones too."""

    def __init__(self, loop: Loop, rules: Rules, faults: Faults, *, unique: bool) -> None:
        self.watch = Watch()
        self.declared_cards: Mapping[str, Mapping[str, Any]] = {}
        super().__init__(
            ":memory:", clock=lambda: START + timedelta(seconds=loop.now), rules=rules, faults=faults
        )
        self._loop = loop
        with self._store.transaction(write=True) as connection:
            # A random one would show in every link, and no two runs of a seed would be the same.
            replace_link_key(connection, b"simulated")
        self.allow(self.scopes)
        self.by_hand("POST", "/customer_invoices", self.draft(FOREIGN))
        if not unique:
            with self._store.transaction(write=True) as connection:
                connection.execute("DROP INDEX record_reference")

    def restore(self, snapshot: bytes) -> None:
        """Put books back that may lack what a sandbox insists on: this one may have no unique references."""
        connection = self._store._connection
        with self._store._lock, closing(sqlite3.connect(":memory:", isolation_level=None)) as source:
            source.deserialize(snapshot)
            replace_link_key(source, b"simulated")
            source.backup(connection)

    def handle(self, request: Request) -> Response:
        """Answer, and write down what was done."""
        response = super().handle(request)
        process = request.headers.get("x-process", "a person")
        path = request.path.removeprefix(API)
        if response.status < 300:
            self.watch.see(process, request.method, path)
        if request.method != "GET" and response.status < 300:
            done = Done(process, request.method, path)
            self.watch.done.append(done)
            if path.endswith("/finalize") and done.invoice:
                self._judge_buyer(process, done.invoice)
        return response

    def _judge_buyer(self, process: str, invoice: int) -> None:
        with self._store.transaction(write=False) as connection:
            (row,) = (row for row in _kept(connection) if row.id == invoice)
            customer = connection.execute(_REFERENCE, (row.body["customer_id"],)).fetchone()
        declared = self.declared_cards.get(customer[0] if customer else "")
        issued = row.body["billed_to"]
        is_declared = declared is None or all(issued[name] == value for name, value in declared.items())
        self.watch.issue(process, row.reference, is_declared=is_declared)

    def change_card(self, reference: str) -> None:
        """A person changes the card of a customer, if there is one of this reference."""
        with self._store.transaction(write=False) as connection:
            found = connection.execute(_CUSTOMER, (reference,)).fetchone()
        if found:
            kind = "individual" if reference == "JO" else "company"
            body = {"billing_address": {**ADDRESS, "address": f"{self.watch.requests} rue Neuve"}}
            self.watch.see("a person", "PUT", f"/{kind}_customers/{found[0]}")
            self.by_hand("PUT", f"/{kind}_customers/{found[0]}", body)

    def allow(self, scopes: Iterable[str]) -> None:
        """Let the token do this and no more."""
        self.add_token(TOKEN, scopes=scopes)

    def somebody(self) -> int:
        """The id of a customer; there is one, at the latest from now on."""
        body = {"name": "Somebody SAS", "billing_address": ADDRESS}
        with self._store.transaction(write=False) as connection:
            found = connection.execute("SELECT id FROM record WHERE kind = 'customer' LIMIT 1").fetchone()
        if found:
            return int(found[0])
        return int(msgspec.json.decode(self.by_hand("POST", "/company_customers", body).body)["id"])

    def know(self, masters: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Let the account have customers and products: the path that creates each, and its body."""
        for path, body in masters:
            self.by_hand("POST", path, body)

    def draft(self, reference: str) -> dict[str, Any]:
        """The body of a small draft as a person would make it."""
        return {
            "draft": True,
            "date": "2026-03-01",
            "deadline": "2026-03-31",
            "customer_id": self.somebody(),
            "external_reference": reference,
            "invoice_lines": [LINE],
        }

    def by_hand(self, method: str, path: str, body: Any = None) -> Response:
        """What a person does in the app: no token, no faults, no rate."""
        content = b"" if body is None else msgspec.json.encode(body)
        request = Request(
            method, API + path, "", {"content-type": "application/json"}, content, "https://app"
        )
        return self.answer(self.companies()[0], request)

    def credit_by_hand(self, invoice: Kept) -> None:
        """Take back the first line of a final invoice, as somebody does in the app."""
        line = invoice.lines[0]
        price = {"quantity": -1, "raw_currency_unit_price": line["currency_amount_before_tax"]}
        body = {
            **self.draft(""),
            "draft": False,
            "customer_id": invoice.body["customer_id"],
            "invoice_lines": [{**LINE, **price, "vat_rate": line["vat_rate"]}],
        }
        del body["external_reference"]
        note = msgspec.json.decode(self.by_hand("POST", "/customer_invoices", body).body)["id"]
        self.by_hand("POST", f"/customer_invoices/{invoice.id}/link_credit_note", {"credit_note_id": note})

    def kept(self) -> dict[str, list[Kept]]:
        """All invoices by reference, straight from the database."""
        found: dict[str, list[Kept]] = {}
        with self._store.transaction(write=False) as connection:
            for one in _kept(connection):
                found.setdefault(one.reference, []).append(one)
        return found

    def declared(self) -> dict[str, dict[str, Any]]:
        """The customers and products by reference, straight from the database."""
        with self._store.transaction(write=False) as connection:
            rows = connection.execute(_DECLARED).fetchall()
        return {reference: msgspec.json.decode(body) for reference, body in rows}

    def declared_ids(self) -> list[tuple[str, int, str]]:
        """The path, id and reference of each customer and product."""
        with self._store.transaction(write=False) as connection:
            rows = connection.execute(_DECLARED_IDS).fetchall()
        paths = {"company": "/company_customers", "individual": "/individual_customers", None: "/products"}
        return [(paths[kind], id_, reference or "") for kind, id_, reference in rows]

    def named_twice(self) -> list[str]:
        """Customers and products of which there are two under one reference."""
        with self._store.transaction(write=False) as connection:
            return [f"{kind} {reference}" for kind, reference in connection.execute(_TWICE).fetchall()]

    def let_everything_arrive(self) -> None:
        """Wait until nothing is under way to the service any more."""
        while self.faults.late:
            self._loop.sleep(60.0)
            self.faults.deliver(Request("GET", f"{API}/me", "", {}, b"", ""), self)


def _kept(connection: sqlite3.Connection) -> Iterator[Kept]:
    for id_, reference, body in connection.execute(_INVOICES).fetchall():
        lines = _bodies(connection, "invoice_line", id_)
        names = tuple(row["filename"] for row in _bodies(connection, "appendix", id_))
        mails = len(_bodies(connection, "email", id_))
        yield Kept(id_, reference or "", msgspec.json.decode(body), tuple(lines), names, mails)


def _bodies(connection: sqlite3.Connection, kind: str, parent: int) -> list[dict[str, Any]]:
    rows = connection.execute(_CHILDREN, (kind, parent)).fetchall()
    return [msgspec.json.decode(row[0]) for row in rows]


def crowded(arrivals: list[float]) -> bool:
    """Whether more than 25 of these moments lie within any 5 seconds."""
    pairs = zip(arrivals, arrivals[_RATE:], strict=False)
    return any(later - earlier < _WINDOW - 1e-9 for earlier, later in pairs)
