"""``/_sandbox/requests``: what was asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from pennyform.sandbox.admin.admin_request import AdminRequest, Answer, Handler, refusal


def _shown(order: AdminRequest) -> Answer:
    after = parse_qs(order.request.query).get("after", ["0"])[-1]
    if not after.isdecimal():
        raise refusal(400, "after must be the number of a request")
    return 200, {"requests": order.sandbox.log.since(int(after[:18]))}


def _clear(order: AdminRequest) -> Answer:
    order.sandbox.log.clear()
    return 204, None


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "requests"): _shown,
    ("DELETE", "requests"): _clear,
}
