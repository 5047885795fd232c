"""The life of invoices in any order, compared with a model that counts in whole cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from pennyform.sandbox import TOKEN, Sandbox

from .bodies import company, invoice, line
from .conformity import Conforming
from .conftest import BASE_URL, Caller, Clock

DEADLINE = "2025-10-31"
# Hours at 100.00 with 20 % VAT: whole cents without any rounding.
HOUR = 12_000


@dataclass
class Invoice:
    """What the model knows of an invoice; amounts with tax, in cents."""

    hours: int
    number: str = ""
    settled: int = 0
    credited: int = 0
    credits: int | None = None
    marked: bool = False
    deleted: bool = False
    told: list[str] = field(default_factory=lambda: ["insert"])

    @property
    def draft(self) -> bool:
        return not self.number

    @property
    def total(self) -> int:
        return self.hours * HOUR

    @property
    def left(self) -> int:
        return 0 if self.marked else max(0, self.total - self.settled - self.credited)

    def status(self, today: str) -> str:
        if self.hours < 0:
            return "cancelled" if self.credits else "credit_note"
        if self.draft:
            return "draft"
        if self.credited == self.total:
            return "cancelled"
        if not self.left:
            return "paid"
        if self.settled:
            return "partially_paid"
        if self.credited:
            return "partially_cancelled"
        return "late" if today > DEADLINE else "upcoming"


hours = st.integers(1, 5)


class InvoiceFlow(RuleBasedStateMachine):
    invoices = Bundle("invoices")

    @initialize()
    def open(self) -> None:
        self.clock = Clock()
        self.sandbox = Sandbox(clock=self.clock, rate_limit=False)
        self.api = Caller(
            transport=Conforming(self.sandbox.transport()),
            base_url=BASE_URL,
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        self.customer = self.api.made("/company_customers", company())["id"]
        self.account = self.api.get("/bank_accounts").json()["items"][0]["id"]
        self.category = self.api.get("/categories").json()["items"][0]["id"]
        self.known: dict[int, Invoice] = {}
        self.issued = 0

    def teardown(self) -> None:
        if hasattr(self, "api"):
            self.api.close()
            self.sandbox.close()

    def made(self, quantity: int, *, draft: bool) -> int:
        body = invoice(self.customer, line(quantity=quantity), draft=draft)
        identifier: int = self.api.made("/customer_invoices", body)["id"]
        self.known[identifier] = Invoice(quantity)
        if not draft:
            self.number(identifier)
        return identifier

    def number(self, identifier: int) -> None:
        self.issued += 1
        self.known[identifier].number = f"F-2025-{self.issued:04d}"

    def send(self, method: str, identifier: int, action: str = "", body: Any = None) -> httpx.Response:
        return self.api.request(method, f"/customer_invoices/{identifier}{action}", json=body)

    @rule(target=invoices, quantity=hours, draft=st.booleans(), sign=st.sampled_from([1, 1, 1, -1]))
    def create(self, quantity: int, draft: bool, sign: int) -> int:
        return self.made(sign * quantity, draft=draft)

    @rule(identifier=invoices)
    def finalize(self, identifier: int) -> None:
        invoice = self.known[identifier]
        expected = 404 if invoice.deleted else 200 if invoice.draft else 422
        assert self.send("PUT", identifier, "/finalize").status_code == expected
        if expected == 200:
            self.number(identifier)
            invoice.told.append("update")

    @rule(identifier=invoices)
    def delete(self, identifier: int) -> None:
        invoice = self.known[identifier]
        expected = 404 if invoice.deleted else 204 if invoice.draft else 422
        assert self.send("DELETE", identifier).status_code == expected
        if expected == 204:
            invoice.deleted = True
            invoice.told.append("delete")

    @rule(identifier=invoices, quantity=hours)
    def change(self, identifier: int, quantity: int) -> None:
        invoice = self.known[identifier]
        if invoice.deleted:
            return
        (kept,) = self.api.get(f"/customer_invoices/{identifier}/invoice_lines").json()["items"]
        changes = {"update": [{"id": kept["id"], "quantity": quantity}]}
        expected = 200 if invoice.draft else 422
        assert self.send("PUT", identifier, body={"invoice_lines": changes}).status_code == expected
        if expected == 200:
            invoice.hours = quantity
            invoice.told.append("update")

    @rule(identifier=invoices, cents=st.integers(1, 40_000))
    def pay(self, identifier: int, cents: int) -> None:
        invoice = self.known[identifier]
        if invoice.deleted:
            return
        body = {"bank_account_id": self.account, "label": "in", "date": "2025-10-02"}
        amount = f"{cents // 100}.{cents % 100:02d}"
        transaction = self.api.made("/transactions", {**body, "amount": amount})["id"]
        answer = self.send("POST", identifier, "/matched_transactions", {"transaction_id": transaction})
        assert answer.status_code == (422 if invoice.draft else 204)
        if not invoice.draft and invoice.hours > 0:
            invoice.settled += min(cents, invoice.left)

    @rule(identifier=invoices)
    def mark_as_paid(self, identifier: int) -> None:
        invoice = self.known[identifier]
        today = self.clock.now.date().isoformat()
        refused = invoice.draft or invoice.status(today) in ("credit_note", "paid", "cancelled")
        expected = 404 if invoice.deleted else 422 if refused else 204
        assert self.send("PUT", identifier, "/mark_as_paid").status_code == expected
        if expected == 204:
            invoice.marked = True
            invoice.told.append("update")

    @rule(identifier=invoices, other=invoices)
    def link(self, identifier: int, other: int) -> None:
        invoice, note = self.known[identifier], self.known[other]
        answer = self.send("POST", identifier, "/link_credit_note", {"credit_note_id": other})
        if invoice.deleted or note.deleted:
            assert answer.status_code == 404
            return
        fits = invoice.hours > 0 > note.hours and not invoice.draft and not note.draft and not note.credits
        fits = fits and -note.total <= invoice.left
        assert answer.status_code == (200 if fits else 422), answer.text
        if fits:
            invoice.credited -= note.total
            note.credits = identifier
            invoice.told.append("update")
            note.told.append("update")

    @rule(target=invoices, identifier=invoices)
    def credit(self, identifier: int) -> Any:
        """A credit note for all of an invoice, so that links have something to fit."""
        invoice = self.known[identifier]
        if invoice.deleted or invoice.draft or invoice.hours < 0:
            return multiple()
        return self.made(-invoice.hours, draft=False)

    @rule(identifier=invoices)
    def categorise(self, identifier: int) -> None:
        invoice = self.known[identifier]
        answer = self.send("PUT", identifier, "/categories", [{"id": self.category, "weight": "1"}])
        assert answer.status_code == (404 if invoice.deleted else 422 if invoice.draft else 200)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.clock.advance(days=min(days, 20))

    @invariant()
    def the_books_are_the_model_s(self) -> None:
        if not hasattr(self, "api"):
            return
        today = self.clock.now.date().isoformat()
        pages = self.api.pages("/customer_invoices", sort="id", limit=7)
        shown = {one["id"]: one for page in pages for one in page["items"]}
        assert shown.keys() == {key for key, invoice in self.known.items() if not invoice.deleted}
        for identifier, one in shown.items():
            invoice = self.known[identifier]
            assert one["status"] == invoice.status(today)
            assert (one["draft"], one["invoice_number"]) == (invoice.draft, invoice.number)
            assert cents_of(one["currency_amount"]) == invoice.total
            if not invoice.draft and invoice.hours > 0:
                assert cents_of(one["remaining_amount_with_tax"]) == invoice.left

    @invariant()
    def everything_is_told_in_order(self) -> None:
        if not hasattr(self, "api") or self.clock.now.date().isoformat() > "2025-10-28":
            return
        self.clock.advance(seconds=5)
        told: dict[int, list[str]] = {}
        for page in self.api.pages("/changelogs/customer_invoices", limit=9):
            for one in page["items"]:
                told.setdefault(one["id"], []).append(one["operation"])
        assert told == {identifier: invoice.told for identifier, invoice in self.known.items()}


def cents_of(amount: str) -> int:
    whole, _, fraction = amount.partition(".")
    return int(whole + fraction.ljust(2, "0"))


InvoiceFlow.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
TestInvoiceFlow = InvoiceFlow.TestCase
