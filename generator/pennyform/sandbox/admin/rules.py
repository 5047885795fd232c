"""``/_sandbox/rules``: how the sandbox decides what is not certain about the real service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pennyform.sandbox.admin.admin_request import AdminRequest, Answer, Handler, refusal
from pennyform.sandbox.rules import update_rules


def _shown(order: AdminRequest) -> Answer:
    return 200, asdict(order.sandbox.rules)


def _decide(order: AdminRequest) -> Answer:
    try:
        order.sandbox.rules = update_rules(order.sandbox.rules, order.body(dict[str, Any]))
    except ValueError as problem:  # msgspec's are of this kind
        raise refusal(400, str(problem)) from problem
    return _shown(order)


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "rules"): _shown,
    ("PUT", "rules"): _decide,
}
