"""The page at ``/``: the books, the requests and the faults, for a browser.

It shows what the API answers to somebody who may read everything, and changes nothing but through
``/_sandbox``.
"""

# ruff: noqa: ARG002 - views are called alike, whatever they need
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.sandbox.admin.origin_guard import check_origin
from pennyform.sandbox.api_errors import ApiError, not_found
from pennyform.sandbox.auth.access import Company
from pennyform.sandbox.faults import Fault
from pennyform.sandbox.faults.parsing import KINDS
from pennyform.sandbox.http.request_log import line
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.request_context import BASE_PATH

if TYPE_CHECKING:
    from pennyform.sandbox.application import Sandbox

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_ASSETS = {"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
_ROWS = 50
_SAID_ELSEWHERE = {"kind", "method", "path", "containing"}
_SNIFF_NOT = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


class Pages:
    """Answers browsers.

    Args:
        sandbox: whose books are shown.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._folder = data.templates() / "sandbox"
        self._templates = Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._templates.filters.update(money=_money, number=_number, how=_how)
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
        """The page that stands at the request's path, or None when none does."""
        for path, view in self._views.items():
            found = path.fullmatch(request.path)
            if found and request.method == "GET":
                try:
                    check_origin(request)
                    return view(request, **found.groupdict())
                except ApiError as problem:
                    return self._shown("problem.html", status=problem.status, error=problem.body["error"])
        return None

    # --- views ----------------------------------------------------------------------------------------

    def _overview(self, request: Request, company: str | None) -> Response:
        found = self._company(company)
        invoices = self._read(found, "/customer_invoices", limit="8")
        return self._shown(
            "overview.html",
            company=found,
            invoices=invoices,
            names=self._names(found, invoices["items"]),
            customers=self._read(found, "/customers", limit="8"),
            lines=[line(entry) for entry in self._sandbox.log.since()[-8:]],
        )

    def _invoices(self, request: Request, company: str) -> Response:
        found = self._company(company)
        page = self._page(found, "/customer_invoices", request)
        names = self._names(found, page["items"])
        return self._shown("invoices.html", company=found, page=page, names=names)

    def _customers(self, request: Request, company: str) -> Response:
        found = self._company(company)
        return self._shown("customers.html", company=found, page=self._page(found, "/customers", request))

    def _invoice(self, request: Request, company: str, invoice: str) -> Response:
        found = self._company(company)
        place = f"/customer_invoices/{invoice}"
        kept = self._read(found, place)
        customer = kept["customer"]
        return self._shown(
            "invoice.html",
            company=found,
            invoice=kept,
            customer=self._read(found, f"/customers/{customer['id']}") if customer else None,
            lines=self._read(found, f"{place}/invoice_lines", sort="rank", limit="100"),
            sections=self._read(found, f"{place}/invoice_line_sections", limit="100")["items"],
            text=msgspec.json.format(msgspec.json.encode(kept), indent=2).decode(),
        )

    def _requests(self, request: Request) -> Response:
        return self._shown("requests.html", entries=self._sandbox.log.since()[::-1])

    def _faults(self, request: Request) -> Response:
        return self._shown("faults.html", scheduled=self._sandbox.faults.scheduled(), kinds=sorted(KINDS))

    def _asset(self, request: Request, name: str) -> Response:
        if name not in _ASSETS:
            raise not_found()
        headers = {"content-type": _ASSETS[name], "cache-control": "no-cache"}
        return Response(200, headers, (self._folder / name).read_bytes())

    # --- what they are made of ------------------------------------------------------------------------

    def _company(self, identifier: str | None) -> Company:
        companies = self._sandbox.companies()
        found = [company for company in companies if identifier in (None, str(company.id))]
        if not found:
            raise not_found("Company")
        return found[0]

    def _page(self, company: Company, path: str, request: Request) -> dict[str, Any]:
        query = parse_qs(request.query)
        return self._read(company, path, limit=str(_ROWS), cursor=query.get("after", [""])[0])

    def _read(self, company: Company, path: str, **parameters: str) -> dict[str, Any]:
        query = urlencode({name: value for name, value in parameters.items() if value})
        response = self._sandbox.answer(company, Request("GET", BASE_PATH + path, query))
        body: dict[str, Any] = msgspec.json.decode(response.body)
        if response.status != 200:
            raise ApiError(response.status, {"error": body.get("error") or body.get("message", "")})
        return body

    def _names(self, company: Company, invoices: list[dict[str, Any]]) -> dict[int, str]:
        """Customers of a page of invoices, by id."""
        ids = sorted({invoice["customer"]["id"] for invoice in invoices if invoice["customer"]})
        if not ids:
            return {}
        wanted = msgspec.json.encode([{"field": "id", "operator": "in", "value": ids}]).decode()
        found = self._read(company, "/customers", filter=wanted, limit="100")
        return {customer["id"]: customer["name"] for customer in found["items"]}

    def _shown(self, template: str, *, status: int = 200, **values: Any) -> Response:
        values = {"company": None, "companies": self._sandbox.companies(), **values}
        text = self._templates.get_template(template).render(
            now=self._sandbox.clock(),
            ahead=self._sandbox.clock.ahead,
            switched_on=len(self._sandbox.faults.scheduled()),
            **values,
        )
        headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
        return Response(status, {**headers, "content-security-policy": _POLICY, **_SNIFF_NOT}, text.encode())


def _money(text: str, currency: str = "") -> str:
    """``1 234.50 EUR``."""
    return f"{Decimal(text):,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}") + (currency and f" {currency}")


def _number(text: str) -> str:
    """A quantity or a price, without zeros that say nothing."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction}".rstrip("0").rstrip(".") if fraction else whole


def _how(fault: Fault) -> str:
    """What was said about a fault besides where it is met."""
    said = fault.to_json()
    return ", ".join(f"{name} {value}" for name, value in said.items() if name not in _SAID_ELSEWHERE)
