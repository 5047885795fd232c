"""``/_sandbox/faults``: schedule faults, look at them, remove them."""

from __future__ import annotations

import msgspec

from pennyform.sandbox.admin.admin_request import AdminRequest
from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.faults import Fault, Faults, ScheduledFault
from pennyform.sandbox.faults.parsing import FaultError, from_json
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.messages import Response, make_response


class _Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: int = 0
    faults: list[Json] = []


def faults_status(admin: AdminRequest) -> JsonObject:
    """The seed, all faults with how often they matched and applied, and how many requests are still late."""
    faults = admin.sandbox.faults
    scheduled = [_as_json(fault) for fault in faults.scheduled()]
    return {"seed": faults.seed, "faults": scheduled, "late": faults.late}


def get_faults(admin: AdminRequest) -> Response:
    """What is scheduled."""
    return make_response(200, faults_status(admin))


def add_faults(admin: AdminRequest) -> Response:
    """Schedule one fault or a list of them; answers with their numbers."""
    body = admin.body(object)
    # All are read before the first is scheduled: a list with a mistake in it changes nothing.
    faults = [_fault(item) for item in (body if isinstance(body, list) else [body])]
    numbers = {admin.sandbox.faults.schedule(fault) for fault in faults}
    scheduled = [_as_json(fault) for fault in admin.sandbox.faults.scheduled() if fault.number in numbers]
    return make_response(201, {"faults": scheduled})


def replace_faults(admin: AdminRequest) -> Response:
    """Schedule a seed and faults in the place of all others."""
    try:
        schedule = msgspec.convert(admin.body(JsonObject), _Schedule)
    except msgspec.ValidationError as error:
        raise ApiError(400, "give an object with seed, an integer, and faults, a list") from error
    admin.sandbox.faults = Faults(schedule.seed, [_fault(item) for item in schedule.faults])
    return get_faults(admin)


def clear_faults(admin: AdminRequest) -> Response:
    """Remove all faults."""
    admin.sandbox.faults.clear()
    return make_response(204, None)


def remove_fault(admin: AdminRequest) -> Response:
    """Remove the fault of a number."""
    number = admin.name
    if not number.isdecimal() or not admin.sandbox.faults.remove(int(number[:9])):
        raise ApiError(404, f"there is no fault number {number}")
    return make_response(204, None)


def _fault(value: Json) -> Fault:
    try:
        return from_json(value)
    except FaultError as error:
        raise ApiError(400, str(error)) from error


def _as_json(fault: ScheduledFault) -> JsonObject:
    fields = fault.fault.to_json()
    return {"number": fault.number, **fields, "seen": fault.matched, "met": fault.applied}
