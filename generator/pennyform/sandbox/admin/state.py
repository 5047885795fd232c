"""``/_sandbox`` itself, companies, tokens, and the books as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from pennyform.sandbox.admin import faults, time
from pennyform.sandbox.admin.admin_request import AdminRequest, Answer, Handler, refusal
from pennyform.sandbox.setup.token_requests import TokenRequest, grant_token

_MOST_SNAPSHOTS = 16


class _Company(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]


def _about(order: AdminRequest) -> Answer:
    companies = [
        {"id": company.id, "name": company.name, "reg_no": company.reg_no}
        for company in order.sandbox.companies()
    ]
    return 200, {"companies": companies, **time.shown(order)[1], **faults.shown(order)[1]}


def _add_company(order: AdminRequest) -> Answer:
    name = order.body(_Company).name
    return 201, {"id": order.sandbox.add_company(name), "name": name}


def _add_token(order: AdminRequest) -> Answer:
    wanted = order.body(TokenRequest)
    try:
        grant_token(order.sandbox, wanted)
    except ValueError as problem:
        raise refusal(400, str(problem)) from problem
    return 201, {"company": wanted.company, "scopes": wanted.scopes, "expires_at": wanted.expires_at}


def _reset(order: AdminRequest) -> Answer:
    order.sandbox.reset()
    return 204, None


def _take_snapshot(order: AdminRequest) -> Answer:
    if len(order.snapshots) >= _MOST_SNAPSHOTS and order.name not in order.snapshots:
        raise refusal(409, f"at most {_MOST_SNAPSHOTS} snapshots are kept: take it by a name in use")
    order.snapshots[order.name] = order.sandbox.copy()
    return 204, None


def _restore_snapshot(order: AdminRequest) -> Answer:
    if order.name not in order.snapshots:
        known = ", ".join(sorted(order.snapshots)) or "none was taken"
        raise refusal(404, f"there is no snapshot {order.name}: {known}")
    order.sandbox.restore(order.snapshots[order.name])
    return 204, None


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", ""): _about,
    ("POST", "companies"): _add_company,
    ("POST", "tokens"): _add_token,
    ("POST", "reset"): _reset,
    ("PUT", "snapshots/*"): _take_snapshot,
    ("POST", "snapshots/*"): _restore_snapshot,
}
