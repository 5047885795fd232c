"""The other side of a campaign: the real sandbox with many companies, its uniqueness gone, its books open."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pennyform.sandbox import Sandbox
from pennyform.sandbox.messages import Request, Response

_API = "/api/external/v2"
_INVOICES = (
    "SELECT company, id, reference, body FROM record"
    " WHERE kind = 'customer_invoice' AND deleted_at IS NULL ORDER BY id"
)
_CUSTOMERS = (
    "SELECT company, reference, count(*) FROM record WHERE kind = 'customer' AND deleted_at IS NULL"
    " GROUP BY company, reference HAVING count(*) > 1"
)
_SETTINGS = """\
version: 1
environment: production
token: {{env: PENNYLANE_TOKEN_{name}}}
policies: {{company_id: {id}{policies}}}
"""
_CUSTOMER = """\
external_reference: ACME
customer_type: company
name: ACME SAS
billing_address: {address: 1 rue de la Paix, postal_code: "75002", city: Paris, country_alpha2: FR}
"""
_INVOICE = """\
external_reference: {reference}
customer: ACME
date: 2025-10-{day:02}
deadline: 2025-12-31
invoice_lines:
  - {{label: Consulting, quantity: 2, unit: hour, raw_currency_unit_price: "{price}.00", vat_rate: FR_200}}
options: {{finalize: true}}
"""
STATE_KEY = "a key that only this campaign has, and long enough"


@dataclass(frozen=True)
class Write:
    """A write that was carried out: by which worker, from when to when."""

    worker: str
    method: str
    path: str
    begun: float
    ended: float
    id: int | None = None


@dataclass(eq=False)
class Watch:
    """What was carried out, by company, in the order in which it ended; and who read what."""

    writes: dict[str, list[Write]] = field(default_factory=lambda: defaultdict(list))
    reads: dict[str, list[tuple[float, str, str]]] = field(default_factory=lambda: defaultdict(list))
    requests: Counter[str] = field(default_factory=Counter)
    # When each worker asked for a write, whatever became of it.
    attempts: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)


class Books(Sandbox):
    """A sandbox of many companies that keeps nobody from creating a reference twice, and takes its time."""

    def __init__(self, seconds: float, schemas: Path | None = None) -> None:
        self.watch, self._seconds = Watch(), seconds
        # Called with worker, method and path of a write that was carried out, before it is answered.
        self.after_write: Callable[[str, str, str], None] = lambda *_: None
        super().__init__(rate_limit=False, schemas=schemas)
        with self._store.transaction(write=True) as connection:
            connection.execute("DROP INDEX record_reference")

    def handle(self, request: Request) -> Response:
        """Answer, and write down who did it."""
        begun = time.monotonic()
        time.sleep(self._seconds)
        response = super().handle(request)
        worker = re.search(r"worker-[\w.-]+", request.headers.get("user-agent", ""))
        name = worker[0] if worker else "a person"
        company = request.headers.get("authorization", "").removeprefix("Bearer ")
        path = request.path.removeprefix(_API)
        with self.watch.lock:
            self.watch.requests[company] += 1
            if request.method != "GET":
                self.watch.attempts[company].append((begun, name))
            if response.status < 300 and request.method == "GET":
                self.watch.reads[company].append((time.monotonic(), name, path))
            elif response.status < 300:
                done = Write(name, request.method, path, begun, time.monotonic(), _id_in(response))
                self.watch.writes[company].append(done)
        if response.status < 300 and request.method != "GET":
            self.after_write(name, request.method, path)
        return response

    @property
    def finals(self) -> int:
        """How many invoices are final."""
        return sum(not body["draft"] for _, _, _, body in self._invoices())

    def _invoices(self) -> Iterator[tuple[int, int, str, dict[str, object]]]:
        with self._store.transaction(write=False) as connection:
            rows = connection.execute(_INVOICES).fetchall()
        return ((company, id_, reference, json.loads(body)) for company, id_, reference, body in rows)

    def customers_twice(self) -> list[str]:
        """Customers that were created more than once."""
        with self._store.transaction(write=False) as connection:
            return [
                f"customer {row[1]} of {row[0]}: {row[2]} times" for row in connection.execute(_CUSTOMERS)
            ]


@dataclass(eq=False)
class Firm:
    """A repository of companies, each with invoices that are to become final, and the tokens of all."""

    root: Path
    books: Books
    companies: int
    invoices: int
    approval: bool = False
    # Workers that stood still: from when to when.
    sleeps: dict[str, tuple[float, float]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the repository, and open the accounts."""
        self._file("pennyform.yaml", 'version: 1\nenvironment: production\ncompanies: ["companies/*"]\n')
        self._file("customers/acme.yaml", _CUSTOMER)
        for number in range(self.companies):
            name = f"c{number:04}"
            self.ids[name] = self.books.add_company(f"Company {number}")
            self.books.add_token(f"token-of-{name}-5f1d7c93e2", company=self.ids[name])
            self.environ[f"PENNYLANE_TOKEN_{name.upper()}"] = f"token-of-{name}-5f1d7c93e2"
            policies = ", approval: required" if self.approval else ""
            settings = _SETTINGS.format(name=name.upper(), id=self.ids[name], policies=policies)
            self._file(f"companies/{name}/pennyform.yaml", settings)
            for index in range(self.invoices):
                text = _INVOICE.format(reference=f"{name}-{index}", day=1 + index % 28, price=100 + index)
                self._file(f"companies/{name}/invoices/{index:03}.yaml", text)

    def _file(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def expected(self) -> int:
        """How many invoices are to become final."""
        return self.companies * self.invoices

    # --- what must be so ----------------------------------------------------------------------------------

    def violations(self) -> list[str]:
        """What the books and the order of requests have against the fleet."""
        names = {id_: name for name, id_ in self.ids.items()}
        by_company: dict[str, list[tuple[int, str, dict[str, object]]]] = defaultdict(list)
        for company, id_, reference, body in self.books._invoices():
            by_company[names[company]].append((id_, reference, body))
        wrong = self.books.customers_twice()
        for name in self.ids:
            wrong += self._of_company(name, by_company[name])
            wrong += _two_at_once(name, self.books.watch.writes[f"token-of-{name}-5f1d7c93e2"])
            wrong += self._after_sleep(name)
        return wrong

    def _after_sleep(self, name: str) -> Iterator[str]:
        """Writes that a worker asked for after it had stood still, where others had taken over meanwhile."""
        company = f"token-of-{name}-5f1d7c93e2"
        watch = self.books.watch
        for worker, (begun, ended) in self.sleeps.items():
            others = any(row.worker != worker and begun < row.begun < ended for row in watch.writes[company])
            if others and any(at > ended and who == worker for at, who in watch.attempts[company]):
                yield f"two holders: {worker} stood still, and wrote to {name} after others had taken over"

    def _of_company(self, name: str, rows: list[tuple[int, str, dict[str, object]]]) -> Iterator[str]:
        references = Counter(reference for _, reference, _ in rows)
        for index in range(self.invoices):
            number = references.pop(f"{name}-{index}", 0)
            if number != 1:
                yield f"{'lost' if not number else 'duplicate'}: {name}-{index} is there {number} times"
        yield from (f"stranger: {reference}" for reference in references)
        finals = [(id_, reference, body) for id_, reference, body in rows if not body["draft"]]
        yield from (f"stuck: {reference} is a draft" for _, reference, body in rows if body["draft"])
        for _, reference, body in finals:
            price = 2 * (100 + int(reference.rpartition("-")[2]))
            if Decimal(str(body["currency_amount_before_tax"])) != price:
                yield f"unverified: {reference} is final with {body['currency_amount_before_tax']}"
        numbered = sorted(finals, key=lambda row: _number(str(row[2]["invoice_number"])))
        dates = [str(body["date"]) for _, _, body in numbered]
        if dates != sorted(dates):
            yield f"order: the numbers of {name} do not follow the dates"
        yield from self._unread(name, finals)

    def _unread(self, name: str, finals: list[tuple[int, str, dict[str, object]]]) -> Iterator[str]:
        """Invoices that became final without being read after they were last written."""
        company = f"token-of-{name}-5f1d7c93e2"
        writes, reads = self.books.watch.writes[company], self.books.watch.reads[company]
        for id_, reference, _ in finals:
            written = [row.ended for row in writes if row.id == id_ and not row.path.endswith("/finalize")]
            ended = [row.begun for row in writes if row.path == f"/customer_invoices/{id_}/finalize"]
            paths = ("/customer_invoices", f"/customer_invoices/{id_}")
            between = (
                max(written, default=0.0) < moment < min(ended) and path.startswith(paths)
                for moment, _, path in reads
            )
            if ended and not any(between):
                yield f"unverified: {reference} became final unread"


def _id_in(response: Response) -> int | None:
    try:
        return int(json.loads(response.body)["id"])
    except (ValueError, KeyError, TypeError):
        return None


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text.rpartition("-")[2]) or 0)


def _two_at_once(name: str, writes: list[Write]) -> Iterator[str]:
    """Writes of two workers to one company at the same time."""
    latest: dict[str, float] = {}
    for row in sorted(writes, key=lambda row: row.begun):
        others = [worker for worker, end in latest.items() if worker != row.worker and end > row.begun]
        if others:
            yield f"two holders: {row.worker} and {others[0]} wrote to {name} at the same time"
        latest[row.worker] = max(latest.get(row.worker, 0.0), row.ended)
