"""Handlers of ``/_sandbox``: companies, tokens, snapshots, faults, the clock, the rules, the request log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Meta

from pennyform.sandbox.api_errors import ApiError, too_large
from pennyform.sandbox.clock import timestamp, with_zone
from pennyform.sandbox.faults import Fault, Faults, ScheduledFault
from pennyform.sandbox.faults.schedule import MOST_FAULTS, FaultError, from_json
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.rules import update_rules
from pennyform.sandbox.service import SandboxService, TokenRequest, grant_token

T = TypeVar("T")
# A snapshot is a whole database in memory: a test that takes one per case must not fill the computer's.
_MOST_SNAPSHOTS = 16
_LONGEST_NAME = 100
LONGEST_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """One request to the sandbox itself. ``snapshots`` are those taken so far, by name."""

    sandbox: SandboxService
    request: Request
    snapshots: dict[str, bytes]

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return unquote(self.request.path.rpartition("/")[2])

    def body(self, type_: type[T]) -> T:
        """The body, decoded as a type.

        Raises:
            ApiError: 413 when it is too long, 415 when it is not declared as JSON, 400 when it is no JSON or
                not of this type.
        """
        if self.request.exceeds(LONGEST_BODY):
            raise too_large(LONGEST_BODY)
        if self.request.media_type != "application/json":
            raise ApiError(415, "Content-Type must be application/json")
        try:
            return msgspec.json.decode(self.request.body, type=type_)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ApiError(400, str(error)) from error


AdminHandler = Callable[[AdminRequest], Response]


class _Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: Annotated[int, Meta(ge=-(2**53), le=2**53)] = 0
    faults: Annotated[list[Json], Meta(max_length=MOST_FAULTS)] = []


def faults_status(admin: AdminRequest) -> JsonObject:
    """The seed, all faults with how often they matched and applied, and how many requests are still late."""
    faults = admin.sandbox.faults
    scheduled = [_present_fault(fault) for fault in faults.scheduled()]
    return {"seed": faults.seed, "faults": scheduled, "late": faults.late}


def get_faults(admin: AdminRequest) -> Response:
    """What is scheduled."""
    return make_response(200, faults_status(admin))


def add_faults(admin: AdminRequest) -> Response:
    """Schedule one fault or a list of them; answers with their numbers."""
    body = admin.body(object)
    # All are read before the first is scheduled: a list with a mistake in it changes nothing.
    faults = [_read_fault(item) for item in (body if isinstance(body, list) else [body])]
    if len(faults) + len(admin.sandbox.faults.scheduled()) > MOST_FAULTS:
        raise ApiError(400, f"at most {MOST_FAULTS} faults are scheduled")
    numbers = {admin.sandbox.faults.schedule(fault) for fault in faults}
    scheduled = [
        _present_fault(fault) for fault in admin.sandbox.faults.scheduled() if fault.number in numbers
    ]
    return make_response(201, {"faults": scheduled})


def replace_faults(admin: AdminRequest) -> Response:
    """Schedule a seed and faults in the place of all others."""
    try:
        schedule = msgspec.convert(admin.body(JsonObject), _Schedule)
    except msgspec.ValidationError as error:
        message = f"give an object with seed, an integer, and faults, a list of at most {MOST_FAULTS}"
        raise ApiError(400, message) from error
    admin.sandbox.faults = Faults(schedule.seed, [_read_fault(item) for item in schedule.faults])
    return get_faults(admin)


def clear_faults(admin: AdminRequest) -> Response:
    """Remove all faults."""
    admin.sandbox.faults.clear()
    return make_response(204, None)


def remove_fault(admin: AdminRequest) -> Response:
    """Remove the fault of a number."""
    number = admin.name
    # No schedule counts to nine digits; a longer text would make int() slow.
    if not number.isdecimal() or not admin.sandbox.faults.remove(int(number[:9])):
        raise ApiError(404, f"there is no fault number {number[:20]}")
    return make_response(204, None)


def _read_fault(value: Json) -> Fault:
    try:
        return from_json(value)
    except FaultError as error:
        raise ApiError(400, str(error)) from error


def _present_fault(fault: ScheduledFault) -> JsonObject:
    fields = fault.fault.to_json()
    return {"number": fault.number, **fields, "seen": fault.matched, "met": fault.applied}


class _CompanyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]


class _Duration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    days: float = 0
    hours: float = 0
    minutes: float = 0
    seconds: float = 0


class _ClockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    now: datetime | None = None
    advance: _Duration | None = None


def get_status(admin: AdminRequest) -> Response:
    """Companies, the clock and the faults at a glance."""
    companies = [
        {"id": company.id, "name": company.name, "reg_no": company.reg_no}
        for company in admin.sandbox.companies()
    ]
    return make_response(200, {"companies": companies, **_clock_status(admin), **faults_status(admin)})


def add_company(admin: AdminRequest) -> Response:
    """Add a company; answers with its id."""
    name = admin.body(_CompanyRequest).name
    return make_response(201, {"id": admin.sandbox.add_company(name), "name": name})


def add_token(admin: AdminRequest) -> Response:
    """Make a token known, or change what a known one may do."""
    request = admin.body(TokenRequest)
    try:
        grant_token(admin.sandbox, request)
    except ValueError as error:
        raise ApiError(400, str(error)) from error
    granted = {"company": request.company, "scopes": request.scopes, "expires_at": request.expires_at}
    return make_response(201, granted)


def reset(admin: AdminRequest) -> Response:
    """Forget everything that is stored."""
    admin.sandbox.reset()
    return make_response(204, None)


def take_snapshot(admin: AdminRequest) -> Response:
    """Remember everything that is stored under a name, in memory."""
    if len(admin.name) > _LONGEST_NAME:
        raise ApiError(400, f"the name of a snapshot has at most {_LONGEST_NAME} characters")
    if len(admin.snapshots) >= _MOST_SNAPSHOTS and admin.name not in admin.snapshots:
        raise ApiError(409, f"at most {_MOST_SNAPSHOTS} snapshots are kept: take it by a name in use")
    admin.snapshots[admin.name] = admin.sandbox.copy()
    return make_response(204, None)


def restore_snapshot(admin: AdminRequest) -> Response:
    """Put back what a snapshot holds."""
    if admin.name not in admin.snapshots:
        known = ", ".join(sorted(admin.snapshots)) or "none was taken"
        raise ApiError(404, f"there is no snapshot {admin.name[:_LONGEST_NAME]}: {known}")
    admin.sandbox.restore(admin.snapshots[admin.name])
    return make_response(204, None)


def get_clock(admin: AdminRequest) -> Response:
    """The time, and how far it is ahead of the computer's."""
    return make_response(200, _clock_status(admin))


def move_clock(admin: AdminRequest) -> Response:
    """Set the clock, or advance it."""
    request = admin.body(_ClockRequest)
    if (request.now is None) == (request.advance is None):
        raise ApiError(400, 'give {"now": "2026-01-31T09:00:00Z"} or {"advance": {"days": 30}}')
    if request.now is not None:
        try:
            admin.sandbox.clock.set(with_zone(request.now))
        except ValueError as error:
            raise ApiError(400, str(error)) from error
    if request.advance is not None:
        try:
            admin.sandbox.clock.advance(timedelta(**msgspec.structs.asdict(request.advance)))
        except (OverflowError, ValueError) as error:
            raise ApiError(400, f"advance is out of range: {error}") from error
    return get_clock(admin)


def restore_clock(admin: AdminRequest) -> Response:
    """Follow the computer's clock again."""
    admin.sandbox.clock.restore()
    return make_response(204, None)


def _clock_status(admin: AdminRequest) -> JsonObject:
    clock = admin.sandbox.clock
    return {"now": timestamp(clock()), "ahead_seconds": clock.ahead.total_seconds()}


def get_rules(admin: AdminRequest) -> Response:
    """How the sandbox decides what is not certain about the real service."""
    return make_response(200, admin.sandbox.rules)


def change_rules(admin: AdminRequest) -> Response:
    """Decide some rules otherwise."""
    try:
        admin.sandbox.rules = update_rules(admin.sandbox.rules, admin.body(JsonObject))
    except ValueError as error:  # msgspec's ValidationError is one
        raise ApiError(400, str(error)) from error
    return get_rules(admin)


def get_requests(admin: AdminRequest) -> Response:
    """The latest requests; with ``after``, those that came after the one of that number."""
    after = parse_qs(admin.request.query).get("after", ["0"])[-1]
    if not after.isdecimal():
        raise ApiError(400, "after must be the number of a request")
    # 18 digits fit the log's numbers; a longer text would make int() slow, and means none of them.
    return make_response(200, {"requests": admin.sandbox.log.since(int(after[:18]))})


def clear_requests(admin: AdminRequest) -> Response:
    """Empty the log."""
    admin.sandbox.log.clear()
    return make_response(204, None)
