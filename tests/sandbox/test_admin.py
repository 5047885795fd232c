"""``/_sandbox``: steering from any language, and who may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.request_log import format_entry

from .bodies import company, product
from .conftest import Clock

BASE = "http://127.0.0.1:8787"
API = "/api/external/v2"


@pytest.fixture
def admin(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=sandbox.transport(), base_url=BASE, headers=headers) as client:
        yield client


def me(client: httpx.Client, token: str = TOKEN) -> httpx.Response:
    return client.get(f"{API}/me", headers={"authorization": f"Bearer {token}"})


def test_faults_are_switched_on_looked_at_and_switched_off(admin: httpx.Client) -> None:
    one = {"kind": "unavailable", "path": "/me", "status": 500, "times": 1}
    added = admin.post("/_sandbox/faults", json=one)
    assert added.status_code == 201
    assert added.json() == {"faults": [{"number": 1, **one, "seen": 0, "met": 0}]}
    several = [{"kind": "rate_limited", "retry_after": None, "skip": 1}, {"kind": "latency", "chance": 0}]
    admin.post("/_sandbox/faults", json=several)
    assert [me(admin).status_code for _ in range(2)] == [500, 429]
    found = admin.get("/_sandbox/faults").json()
    assert [(fault["kind"], fault["seen"], fault["met"]) for fault in found["faults"]] == [
        ("unavailable", 2, 1),
        ("rate_limited", 2, 1),
        ("latency", 2, 0),
    ]
    assert admin.delete("/_sandbox/faults/2").status_code == 204
    assert admin.delete("/_sandbox/faults/2").status_code == 404
    assert me(admin).status_code == 200
    assert admin.delete("/_sandbox/faults").status_code == 204
    assert admin.get("/_sandbox/faults").json() == {"seed": 0, "faults": [], "late": 0}


def test_a_seed_repeats_what_happened(admin: httpx.Client) -> None:
    storm = {"seed": 7, "faults": [{"kind": "unavailable", "chance": 0.5}]}
    runs = []
    for _ in range(2):
        assert admin.put("/_sandbox/faults", json=storm).status_code == 200
        runs.append([me(admin).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "latncy"}, "did you mean latency?"),
        ({"kind": "earthquake"}, "use one of latency, slow"),
        ({"status": 500}, "a fault is an object with a kind"),
        ({"kind": "latency", "seconds": -1}, "$.seconds"),
        ({"kind": "latency", "second": 1}, "unknown field `second`"),
        ({"kind": "unavailable", "status": 200}, "$.status"),
        (
            {"kind": "dropped", "how": "connect_error", "after_commit": True},
            "nothing can have been carried out",
        ),
        (["latency"], "a fault is an object with a kind"),
    ],
)
def test_a_wrong_fault_is_explained(admin: httpx.Client, fault: Any, words: str) -> None:
    answer = admin.post("/_sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert admin.get("/_sandbox/faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("latncy", "did you mean latency?"),
        ("latency; seconds=soon", "$.seconds"),
        ("lag; seconds=2", "not by a header"),
        ("stale", "not by a header"),
    ],
)
def test_a_wrong_header_is_explained(admin: httpx.Client, header: str, words: str) -> None:
    answer = admin.get(f"{API}/me", headers={"x-sandbox-fault": header})
    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_header_may_hold_several(admin: httpx.Client) -> None:
    header = {"x-sandbox-fault": "duplicate; answer=second, newer_contract"}
    answer = admin.post(f"{API}/company_customers", json=company(external_reference="A"), headers=header)
    assert answer.status_code == 422
    assert admin.get(f"{API}/me", headers=header).json()["introduced_later"]


def test_rules_are_looked_at_and_decided_otherwise(admin: httpx.Client) -> None:
    assert admin.get("/_sandbox/rules").json()["taken_status"] == 422
    decided = admin.put("/_sandbox/rules", json={"taken_status": 409, "pdf_seconds": 2}).json()
    assert (decided["taken_status"], decided["pdf_seconds"], decided["paid_once"]) == (409, 2, True)
    body = company(external_reference="ONCE")
    statuses = [admin.post(f"{API}/company_customers", json=body).status_code for _ in range(2)]
    assert statuses == [201, 409]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"pdf_second": 2}, "did you mean pdf_seconds?"),
        ({"zzz": 2}, "there are rounding, "),
        ({"taken_status": 500}, "taken_status"),
        ({"pdf_seconds": -1}, "pdf_seconds"),
        ([], "object"),
    ],
)
def test_a_wrong_rule_is_explained(admin: httpx.Client, wanted: Any, words: str) -> None:
    before = admin.get("/_sandbox/rules").json()
    refused = admin.put("/_sandbox/rules", json=wanted)
    assert refused.status_code == 400
    assert words in refused.json()["error"]
    assert admin.get("/_sandbox/rules").json() == before


def test_the_clock_is_set_and_advanced(admin: httpx.Client, clock: Clock) -> None:
    assert admin.put("/_sandbox/clock", json={"now": "2026-01-31T09:00:00Z"}).status_code == 200
    clock.advance(seconds=5)
    moved = admin.put("/_sandbox/clock", json={"advance": {"days": 1, "hours": 2}})
    assert moved.json()["now"] == "2026-02-01T11:00:05.000000Z"
    created = admin.post(f"{API}/products", json=product()).json()
    assert created["created_at"].startswith("2026-02-01T11:00:05")
    assert admin.delete("/_sandbox/clock").status_code == 204
    assert admin.get("/_sandbox/clock").json()["ahead_seconds"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"now": "2026-01-31T09:00:00Z", "advance": {"days": 1}},
        {"now": "noon"},
        {"advance": {"weeks": 1}},
        {"advance": {"days": 1e300}},
        [],
    ],
)
def test_a_time_that_cannot_be(admin: httpx.Client, body: Any) -> None:
    assert admin.put("/_sandbox/clock", json=body).status_code == 400
    assert admin.get("/_sandbox/clock").json()["ahead_seconds"] == 0


def test_nobody_leaves_the_calendar(admin: httpx.Client, customer: int) -> None:
    for now in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        admin.put("/_sandbox/clock", json={"now": now})
        assert admin.get(f"{API}/customers/{customer}").status_code == 200
        assert admin.post(f"{API}/products", json=product()).status_code == 201


def test_companies_and_tokens(admin: httpx.Client) -> None:
    other = admin.post("/_sandbox/companies", json={"name": "Other SARL"}).json()["id"]
    wanted = {"token": "other-token", "company": other, "scopes": ["customers:readonly"]}
    assert admin.post("/_sandbox/tokens", json=wanted).status_code == 201
    assert me(admin, "other-token").json()["company"]["name"] == "Other SARL"
    assert me(admin, "other-token").json()["scopes"] == ["customers:readonly"]
    admin.post("/_sandbox/tokens", json={**wanted, "expires_at": "2020-01-01T00:00:00"})
    assert me(admin, "other-token").status_code == 401
    for wrong in ({"company": 1}, {"scopes": ["everything"]}, {"token": ""}):
        assert admin.post("/_sandbox/tokens", json={**wanted, **wrong}).status_code == 400


def test_snapshots_and_reset(admin: httpx.Client) -> None:
    admin.post(f"{API}/company_customers", json=company())
    assert admin.put("/_sandbox/snapshots/one").status_code == 204
    assert admin.post("/_sandbox/reset").status_code == 204
    assert admin.get(f"{API}/customers").json()["items"] == []
    assert admin.post("/_sandbox/snapshots/one").status_code == 204
    assert len(admin.get(f"{API}/customers").json()["items"]) == 1
    assert "one" in admin.post("/_sandbox/snapshots/two").json()["error"]


def test_it_says_what_there_is(admin: httpx.Client) -> None:
    about = admin.get("/_sandbox").json()
    assert about["companies"][0]["reg_no"].startswith("sandbox-")
    assert "/_sandbox/faults" in admin.get("/_sandbox/nothing").json()["error"]
    assert admin.patch("/_sandbox/clock").status_code == 405


# --- the log ----------------------------------------------------------------------------------------------

SECRET = "tok_9f8e7d6c5b4a"


def test_the_log_says_what_happened_and_never_the_token(admin: httpx.Client, sandbox: Sandbox) -> None:
    lines: list[str] = []
    sandbox.log.listeners.append(lambda entry: lines.append(format_entry(entry)))
    admin.post("/_sandbox/tokens", json={"token": SECRET})
    me(admin, SECRET)
    headers = {"authorization": f"Bearer {SECRET}"}
    admin.get(
        f"{API}/customers/{SECRET}", params={"access_token": "other-secret", "x": SECRET}, headers=headers
    )
    admin.post(f"{API}/products", json={"label": SECRET}, headers=headers)
    admin.post(f"{API}/products", content=b"\xff\x1b[31m", headers=headers)
    listed = admin.get("/_sandbox/requests").json()["requests"]
    assert [entry["status"] for entry in listed] == [200, 400, 400, 400]
    assert listed[1]["target"] == "/customers/[secret]?access_token=…&x=[secret]"
    assert listed[2]["reason"] == "Missing price_before_tax"
    assert lines[2].endswith("POST   /products  Missing price_before_tax")
    written = "".join(lines) + admin.get("/_sandbox/requests").text
    assert SECRET not in written
    assert "other-secret" not in written
    assert "\x1b" not in "".join(lines)


def test_the_log_tells_faults(admin: httpx.Client, sandbox: Sandbox) -> None:
    with pytest.raises(httpx.ReadError):
        admin.get(f"{API}/me", headers={"x-sandbox-fault": "dropped; how=read_error"})
    (entry,) = sandbox.log.since()
    assert (entry.status, entry.ending, entry.faults) == (None, "read_error", ("dropped",))
    assert format_entry(entry).endswith("GET    /me  [dropped]  read_error")
    assert admin.get("/_sandbox/requests?after=1").json() == {"requests": []}
    assert admin.get("/_sandbox/requests?after=x").status_code == 400
    assert admin.delete("/_sandbox/requests").status_code == 204
    assert sandbox.log.since() == []


def test_a_long_body_is_not_kept(admin: httpx.Client, sandbox: Sandbox) -> None:
    admin.post(f"{API}/products", content=b"[" * 1_000_000, headers={"content-type": "application/json"})
    assert len(sandbox.log.since()[0].request) == 16 * 1024


# --- who may come in --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.org"},
        {"origin": "null"},
        {"host": "evil.example.org"},
        {"host": "evil.example.org", "origin": "http://evil.example.org"},
        {"host": "evil.com:8787", "origin": "http://evil.com:8787"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/_sandbox/reset", "/_sandbox/snapshots/x"])
def test_other_sites_may_not_steer(server_request: Any, headers: dict[str, str], path: str) -> None:
    assert server_request("POST", path, headers).status == 403


@pytest.mark.parametrize("path", ["/", "/requests", "/_sandbox/requests"])
def test_a_name_that_somebody_else_may_own_shows_nothing(server_request: Any, path: str) -> None:
    assert server_request("GET", path, {"host": "evil.com:8787"}).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "[::1]:8787", "localhost:8787", "192.0.2.7"])
def test_this_computer_may(server_request: Any, host: str) -> None:
    assert server_request("GET", "/", {"host": host, "origin": f"http://{host}"}).status == 200


def test_a_body_that_is_not_declared_as_json_is_refused(admin: httpx.Client) -> None:
    answer = admin.post(
        "/_sandbox/faults", content=b'{"kind": "latency"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415
    assert admin.post("/_sandbox/faults", content=b"{").status_code == 415
    bad = admin.post("/_sandbox/faults", content=b"{", headers={"content-type": "application/json"})
    assert bad.status_code == 400


@pytest.fixture
def server_request(sandbox: Sandbox) -> Any:
    """Ask as a server would: the origin is made of the Host header."""
    from pennyform.sandbox.http.dispatcher import Dispatcher
    from pennyform.sandbox.http.visitors import Visitors
    from pennyform.sandbox.messages import Request

    def ask(method: str, path: str, headers: dict[str, str]) -> Any:
        host = headers.get("host", "127.0.0.1:8787")
        request = Request(method, path, headers={"host": host, **headers}, origin=f"http://{host}")
        return Dispatcher(sandbox, Visitors())(request).response

    return ask
