"""An account that already has every invoice of a folder: answers made from one real answer of the sandbox.

What is measured is the engine; a server that keeps books would be most of the time and of the memory.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from pennyform.engine.account.client import AccountClient
from pennyform.engine.journal.store import FolderJournal
from pennyform.engine.limits import IMMEDIATE
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import CompanyState, open_session, refresh_read_only
from pennyform.engine.state_folder import StateFolder
from pennyform.invoices import load
from pennyform.report.plan import text as plan_text
from pennyform.sandbox import TOKEN, Sandbox
from pennylane_company import Client

API = "https://app.pennylane.com/api/external/v2"
FIRST = 1_000_000
PAGE = 100

SETTINGS = "version: 1\nenvironment: sandbox\nrounding: line\n"
CUSTOMER = """\
external_reference: ACME
name: ACME SAS
billing_address:
  address: 1 rue de la Paix
  postal_code: "75002"
  city: Paris
  country_alpha2: FR
"""


def definition(number: int, lines: int) -> str:
    """An invoice of some lines; the reference sets it apart from the others."""
    head = (
        f"external_reference: INV-{number:06}\ncustomer: ACME\n"
        "date: 2026-01-15\ndeadline: 2026-02-14\ninvoice_lines:\n"
    )
    return head + "".join(
        f"  - label: Consulting services, part {line}\n    quantity: {line + 1}.5\n    unit: hour\n"
        f'    raw_currency_unit_price: "{100 + line}.25"\n    vat_rate: FR_200\n'
        for line in range(lines)
    )


def write(folder: Path, count: int, lines: int) -> None:
    """A repository of ``count`` invoices."""
    for name in ("invoices", "customers"):
        (folder / name).mkdir(parents=True)
    (folder / "pennyform.yaml").write_text(SETTINGS)
    (folder / "customers" / "acme.yaml").write_text(CUSTOMER)
    for number in range(count):
        path = folder / "invoices" / f"{number // 1000:03}" / f"{number:06}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(definition(number, lines))


class Account(httpx.BaseTransport):
    """Answers look-ups as an account does in which everything is as it should be.

    Args:
        count: the invoices it has.
        lines: of each.
    """

    def __init__(self, count: int, lines: int) -> None:
        self.count = count
        self._plain, self._invoice = _samples(lines)
        self._stem, self._lines = _cut(self._invoice)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a look-up."""
        path = request.url.path.removeprefix("/api/external/v2")
        if path == "/customer_invoices":
            content = self._page(request.url.params)
        elif path in self._plain:
            content = self._plain[path]
        else:
            content = b'{"items":[],"has_more":false,"next_cursor":null}'
        return httpx.Response(200, headers={"content-type": "application/json"}, content=content)

    def _page(self, parameters: httpx.QueryParams) -> bytes:
        start = int(parameters.get("cursor") or 0)
        numbers = range(start, min(start + PAGE, self.count))
        rows = ",".join(_numbered(self._stem, number) for number in numbers)
        lines = ",".join(f'"{FIRST + number}":{self._lines}' for number in numbers)
        more = numbers.stop < self.count
        cursor = f'"{numbers.stop}"' if more else "null"
        return (
            f'{{"items":[{rows}],"included":{{"invoice_lines":{{{lines}}}}},'
            f'"has_more":{str(more).lower()},"next_cursor":{cursor}}}'
        ).encode()


def _numbered(row: str, number: int) -> str:
    return row.replace("@reference@", f"INV-{number:06}").replace("@id@", str(FIRST + number))


def _cut(page: dict[str, Any]) -> tuple[str, str]:
    (row,) = page["items"]
    (lines,) = page["included"]["invoice_lines"].values()
    text = re.sub(rf"\b{row['id']}\b", "@id@", json.dumps(row))
    return text.replace("INV-000000", "@reference@"), json.dumps(lines)


def apply(folder: Path, transport: httpx.BaseTransport) -> None:
    """Load a folder, plan and apply it, as the command line does."""
    repository, _ = load([folder])
    remote = AccountClient(Client(TOKEN, transport=transport, rate_limit=None))
    runtime = replace(Runtime.system(), patience=IMMEDIATE, workers=1)
    state = _state(folder, remote, runtime)
    with open_session(repository, remote, state, runtime, interrupted=lambda: False) as session:
        session.apply(session.plan(), lambda _done, _total: None)


def _state(folder: Path, remote: AccountClient, runtime: Runtime) -> CompanyState:
    company = remote.company()
    state = StateFolder(folder / ".pennyform", "benchmark" * 4)
    return CompanyState(company, FolderJournal(state, f"sample-{company.id}", runtime))


def plan(folder: Path, count: int, lines: int) -> None:
    """Load a folder, plan it against an account that has it all, and render the plan."""
    repository, _ = load([folder])
    remote = AccountClient(Client(TOKEN, transport=Account(count, lines), rate_limit=None))
    looked = refresh_read_only(repository, remote, _state(folder, remote, Runtime.system()))
    made = make_plan(repository, looked.remote, looked.warnings)
    if made.pending:
        raise AssertionError("the account is not what was asked for")
    plan_text.render(made.document())


def _samples(lines: int) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Real answers: who the company is, its customer, and the first invoice as a draft."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "one"
        write(folder, 1, lines)
        sandbox = Sandbox(rate_limit=False)
        apply(folder, sandbox.transport())
        headers = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(transport=sandbox.transport(), headers=headers) as caller:
            plain = {path: caller.get(API + path).content for path in ("/me", "/customers")}
            invoice = caller.get(f"{API}/customer_invoices", params={"include": "invoice_lines"}).json()
        sandbox.close()
    return plain, invoice
