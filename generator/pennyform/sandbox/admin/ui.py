"""The pages at ``/``: records, requests and faults, for a browser.

They show what the API answers to a user who may read everything, and change nothing but through
``/_sandbox``.
"""

# ruff: noqa: ARG002 - views are called alike, whatever they need
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import parse_qs, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.sandbox.api_errors import ApiError, not_found
from pennyform.sandbox.auth import Company
from pennyform.sandbox.faults import Fault
from pennyform.sandbox.faults.kinds import KINDS
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.messages import BASE_PATH, Request, Response
from pennyform.sandbox.request_log import format_entry
from pennyform.sandbox.service import SandboxService
from pennyform.text import html_document

# Record bodies come from anyone: even if one got past the escaping, no script but ours would run.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
# The folder of each file that pages name, and its type.
_ASSETS = {
    "base.css": ("pages", "text/css; charset=utf-8"),
    "style.css": ("sandbox", "text/css; charset=utf-8"),
    "page.js": ("sandbox", "text/javascript; charset=utf-8"),
}
_ROWS = 50
_SHOWN_IN_OTHER_COLUMNS = {"kind", "method", "path", "containing"}


class Pages:
    """Answers browsers with what a sandbox holds."""

    def __init__(self, sandbox: SandboxService) -> None:
        self._sandbox = sandbox
        self._templates = Environment(
            loader=FileSystemLoader(data.templates() / "sandbox"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._templates.filters.update(money=_money, number=_number, how=_details)
        self._views: Mapping[re.Pattern[str], Callable[..., Response]] = {
            re.compile(r"/|/companies/(?P<company>\d{1,18})"): self._overview,
            re.compile(r"/companies/(?P<company>\d{1,18})/invoices"): self._invoices,
            re.compile(r"/companies/(?P<company>\d{1,18})/invoices/(?P<invoice>\d{1,18})"): self._invoice,
            re.compile(r"/companies/(?P<company>\d{1,18})/customers"): self._customers,
            re.compile(r"/requests"): self._requests,
            re.compile(r"/faults"): self._faults,
            re.compile(r"/assets/(?P<name>[a-z.]+)"): self._asset,
        }

    def answer(self, request: Request) -> Response | None:
        """The page at the request's path, or None when there is none."""
        for path, view in self._views.items():
            match = path.fullmatch(request.path)
            if match and request.method == "GET":
                try:
                    return view(request, **match.groupdict())
                except ApiError as error:
                    return self._render("problem.html", status=error.status, error=error.message)
        return None

    # --- views ----------------------------------------------------------------------------------------

    def _overview(self, request: Request, company: str | None) -> Response:
        owner = self._company(company)
        invoices = self._read(owner, "/customer_invoices", limit="8")
        return self._render(
            "overview.html",
            company=owner,
            invoices=invoices,
            names=self._customer_names(owner, invoices),
            customers=self._read(owner, "/customers", limit="8"),
            lines=[format_entry(entry) for entry in self._sandbox.log.since()[-8:]],
        )

    def _invoices(self, request: Request, company: str) -> Response:
        owner = self._company(company)
        page = self._page(owner, "/customer_invoices", request)
        names = self._customer_names(owner, page)
        return self._render("invoices.html", company=owner, page=page, names=names)

    def _customers(self, request: Request, company: str) -> Response:
        owner = self._company(company)
        return self._render("customers.html", company=owner, page=self._page(owner, "/customers", request))

    def _invoice(self, request: Request, company: str, invoice: str) -> Response:
        owner = self._company(company)
        path = f"/customer_invoices/{invoice}"
        body = self._read(owner, path)
        customer = body["customer"]
        return self._render(
            "invoice.html",
            company=owner,
            invoice=body,
            customer=self._read(owner, f"/customers/{customer['id']}") if customer else None,
            lines=self._read(owner, f"{path}/invoice_lines", sort="rank", limit="100"),
            sections=self._read(owner, f"{path}/invoice_line_sections", limit="100")["items"],
            text=msgspec.json.format(msgspec.json.encode(body), indent=2).decode(),
        )

    def _requests(self, request: Request) -> Response:
        return self._render("requests.html", entries=self._sandbox.log.since()[::-1])

    def _faults(self, request: Request) -> Response:
        return self._render("faults.html", scheduled=self._sandbox.faults.scheduled(), kinds=sorted(KINDS))

    def _asset(self, request: Request, name: str) -> Response:
        if name not in _ASSETS:
            raise not_found()
        folder, kind = _ASSETS[name]
        headers = {"content-type": kind, "cache-control": "no-cache"}
        return Response(200, headers, (data.templates() / folder / name).read_bytes())

    # --- what views are made of -----------------------------------------------------------------------

    def _company(self, identifier: str | None) -> Company:
        for company in self._sandbox.companies():
            if identifier in (None, str(company.id)):
                return company
        raise not_found("Company")

    def _page(self, company: Company, path: str, request: Request) -> JsonObject:
        cursor = parse_qs(request.query).get("after", [""])[0]
        return self._read(company, path, limit=str(_ROWS), cursor=cursor)

    def _read(self, company: Company, path: str, **parameters: str) -> JsonObject:
        query = urlencode({name: value for name, value in parameters.items() if value})
        response = self._sandbox.answer(company, Request("GET", BASE_PATH + path, query))
        body: JsonObject = msgspec.json.decode(response.body)
        if response.status != 200:
            raise ApiError(response.status, body.get("error") or body.get("message", ""))
        return body

    def _customer_names(self, company: Company, invoices: JsonObject) -> dict[int, str]:
        """The customers of a page of invoices, by id: one request for all of them."""
        ids = sorted({invoice["customer"]["id"] for invoice in invoices["items"] if invoice["customer"]})
        if not ids:
            return {}
        conditions = msgspec.json.encode([{"field": "id", "operator": "in", "value": ids}]).decode()
        customers = self._read(company, "/customers", filter=conditions, limit="100")
        return {customer["id"]: customer["name"] for customer in customers["items"]}

    def _render(self, template: str, *, status: int = 200, **values: object) -> Response:
        common = {
            "company": None,
            "companies": self._sandbox.companies(),
            "now": self._sandbox.clock(),
            "ahead": self._sandbox.clock.ahead,
            "switched_on": len(self._sandbox.faults.scheduled()),
        }
        text = self._templates.get_template(template).render({**common, **values})
        return Response(status, _PAGE_HEADERS, html_document(text).encode())


def _money(text: str, currency: str = "") -> str:
    """``1 234.50 EUR``."""
    return f"{Decimal(text):,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}") + (currency and f" {currency}")


def _number(text: str) -> str:
    """A quantity or a price without trailing zeros."""
    integer, _, fraction = text.partition(".")
    return f"{integer}.{fraction}".rstrip("0").rstrip(".") if fraction else integer


def _details(fault: Fault) -> str:
    """What a fault takes besides what other columns show."""
    values = fault.to_json()
    return ", ".join(
        f"{name} {value}" for name, value in values.items() if name not in _SHOWN_IN_OTHER_COLUMNS
    )
