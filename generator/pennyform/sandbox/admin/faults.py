"""``/_sandbox/faults``: switch on what goes wrong, look at it, switch it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.sandbox.admin.admin_request import AdminRequest, Answer, Handler, refusal
from pennyform.sandbox.faults import Fault, Faults, Scheduled
from pennyform.sandbox.faults.parsing import FaultError, from_json


def shown(order: AdminRequest) -> Answer:
    """The seed, all faults with what they have met, and how many requests are still under way."""
    faults = order.sandbox.faults
    return 200, {
        "seed": faults.seed,
        "faults": [_json(found) for found in faults.scheduled()],
        "late": faults.late,
    }


def _add(order: AdminRequest) -> Answer:
    given = order.body(object)
    faults = [_fault(item) for item in (given if isinstance(given, list) else [given])]
    numbers = {order.sandbox.faults.schedule(fault) for fault in faults}
    return 201, {
        "faults": [_json(found) for found in order.sandbox.faults.scheduled() if found.number in numbers]
    }


def _replace(order: AdminRequest) -> Answer:
    given = order.body(dict[str, Any])
    seed, faults = given.pop("seed", 0), given.pop("faults", [])
    if given or type(seed) is not int or not isinstance(faults, list):
        raise refusal(400, "give an object with seed, an integer, and faults, a list")
    order.sandbox.faults = Faults(seed, [_fault(item) for item in faults])
    return shown(order)


def _clear(order: AdminRequest) -> Answer:
    order.sandbox.faults.clear()
    return 204, None


def _remove(order: AdminRequest) -> Answer:
    number = order.name
    if not number.isdecimal() or not order.sandbox.faults.remove(int(number[:9])):
        raise refusal(404, f"there is no fault number {number}")
    return 204, None


def _fault(value: Any) -> Fault:
    try:
        return from_json(value)
    except FaultError as problem:
        raise refusal(400, str(problem)) from problem


def _json(found: Scheduled) -> dict[str, Any]:
    return {"number": found.number, **found.fault.to_json(), "seen": found.seen, "met": found.met}


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "faults"): shown,
    ("POST", "faults"): _add,
    ("PUT", "faults"): _replace,
    ("DELETE", "faults"): _clear,
    ("DELETE", "faults/*"): _remove,
}
