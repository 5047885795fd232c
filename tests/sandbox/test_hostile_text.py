"""Text that was made to take long, or to be no answer at all: each is answered at once, and with no 500."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.findings import Failure
from pennyform.sandbox import TOKEN, Rules, Sandbox
from pennyform.sandbox.faults import Duplicate, Ending, Late, Unavailable
from pennyform.sandbox.faults.fault import path_matches
from pennyform.sandbox.handlers.customer_invoices import is_email_address
from pennyform.sandbox.input_files import load_faults
from pennyform.sandbox.messages import BASE_PATH, Request
from pennyform.sandbox.request_log import hide_secrets
from pennyform.sandbox.rules import update_rules
from pennyform.testing import Served

from .bodies import company, invoice
from .conftest import PATIENCE

API = BASE_PATH
LONG = 60_000


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    base = f"https://app.pennylane.com{API}"
    with httpx.Client(transport=sandbox.transport(), base_url=base, headers=headers) as client:
        yield client


# --- what took longer than its length deserves -------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["token" * LONG, "?" * LONG, "token;" * LONG, "tokentoken&" * LONG, "=token" * LONG, "a" * LONG]
)
def test_secrets_are_hidden_in_one_pass(sandbox: Sandbox, query: str) -> None:
    assert len(hide_secrets(query)) <= 2 * len(query)
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        client.get(f"{API}/me?{query[:LONG]}")
        assert client.get("/").status_code == 200
    (entry,) = sandbox.log.since()
    assert len(entry.target) < 5000


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("token=x", "token=…"),
        ("a=b&access_token=x&c=d", "a=b&access_token=…&c=d"),
        ("a=b;Client_Secret=x=y;c", "a=b;Client_Secret=…;c"),
        ("?code=1&KEY=2", "?code=…&KEY=…"),
        ("token&a=token", "token&a=token"),
        ("", ""),
    ],
)
def test_which_parameters_are_secrets(query: str, shown: str) -> None:
    assert hide_secrets(query) == shown


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/**", "/a/b", True),
        ("/*", "/a", True),
        ("/*", "/", False),
        ("/*", "/a/b", False),
        ("/a/*/b", "/a/x/b", True),
        ("/a/*/b", "/a//b", False),
        ("/a/**/b", "/a/x/y/b", True),
        ("/a**b", "/ab", True),
        ("/a*b", "/ab", False),
        ("/a*b", "/axxb", True),
        ("/a.b", "/axb", False),
        ("/me", "/me/", False),
        ("**", "", True),
        ("****", "/x", True),
        ("***", "/x", True),
        ("", "", True),
    ],
)
def test_wildcards(pattern: str, path: str, fits: bool) -> None:
    assert path_matches(pattern, path) is fits


@pytest.mark.parametrize("pattern", ["**a" * 60, "*a*" * 60, "/**" * 60 + "/x", "**" * 90, "*" * 199 + "b"])
def test_wildcards_take_one_pass(sandbox: Sandbox, pattern: str) -> None:
    sandbox.faults.schedule(Unavailable(path=pattern))
    assert not path_matches(pattern + "!", "a" * 8000)
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        assert client.get(f"{API}/" + "a" * 8000).status_code in (404, 503)


def test_a_pattern_has_a_length(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    for field in ("path", "containing"):
        file.write_text(f"faults: [{{kind: slow, {field}: '{'*' * 20_000}'}}]")
        with pytest.raises(Failure, match=r"length|characters|str"):
            load_faults(file)


ADDRESSES = {
    "a@b.fr": True,
    "a.b+c@d.e.fr": True,
    "é@b.fr": True,
    "a@b": False,
    "a@.b": False,
    "a@b.": False,
    "@b.fr": False,
    "a@b@c.fr": False,
    "a b@c.fr": False,
    "a@b.fr\n": False,
    "": False,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses(address: str) -> None:
    assert is_email_address(address) is ADDRESSES[address]


@pytest.mark.parametrize(
    "address", ["a@" + "." * 10**6 + "@", "a" * 10**6, "a@" + ".a" * 10**6 + " ", "@" * 10**6]
)
def test_addresses_are_read_in_one_pass(address: str) -> None:
    assert not is_email_address(address)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + b"stream\n" * 40_000,
        b"%PDF-1.7\n" + b"".join(b"%d 0 obj<</Length 9>>stream\n" % number for number in range(1, 40_000)),
        b"%PDF-1.7\n" + b"1 0 obj\n<<" * 30_000,
        b"%PDF-1.7\n" + b"trailer\n" * 40_000 + b"startxref\n0\n%%EOF",
        b"%PDF-1.7\nxref\n0 99999999\ntrailer\n<<>>\nstartxref\n9\n%%EOF" + b" " * 280_000,
    ],
)
def test_a_pdf_is_opened_in_one_pass(api: httpx.Client, content: bytes) -> None:
    files = {"file": ("a.pdf", content, "application/pdf")}
    answer = api.post("/customer_invoices/e_invoices/imports", files=files)
    assert 400 <= answer.status_code < 500


def test_a_filter_reads_a_text_once(api: httpx.Client) -> None:
    body = company(name="a" * 200, external_reference="x")
    assert api.post("/company_customers", json=body).status_code == 201

    def names(start: str) -> list[str]:
        condition = json.dumps([{"field": "name", "operator": "start_with", "value": start}])
        answer = api.get("/customers", params={"filter": condition})
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    assert names("aaa") == names("") == ["a" * 200]
    assert names("ab") == names("a" * 201) == []


# --- what ended as a 500 -----------------------------------------------------------------------------------


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


CURSORS = {
    "too large": cursor(2**63),
    "too small": cursor(-(2**63) - 1),
    "huge": cursor(10**40),
    "a large key": cursor(1, "name", 2**63),
    "a huge key": cursor(1, "name", -(10**30)),
    "true": base64.urlsafe_b64encode(b"[true]").decode(),
    "surrogate": base64.urlsafe_b64encode(b'[1, "name", "\\ud800"]').decode(),
    "real": cursor(1.5),
    "nothing": cursor(),
    "not ASCII": "é",
}


@pytest.mark.parametrize("name", CURSORS)
@pytest.mark.parametrize("path", ["/customers", "/customers?sort=name", "/changelogs/customers"])
def test_cursors(api: httpx.Client, path: str, name: str) -> None:
    answer = api.get(path, params={**httpx.QueryParams(path.partition("?")[2]), "cursor": CURSORS[name]})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "condition",
    [
        [{"field": "id", "operator": "eq", "value": 1}] * 600,
        [{"field": "id", "operator": "eq", "value": 10**30}],
        [{"field": "name", "operator": "eq", "value": "\ud800"}],
        [{"field": "id", "operator": "in", "value": [10**20]}],
        [{"field": ["id"], "operator": {"eq": 1}, "value": 1}],
    ],
)
def test_filters(api: httpx.Client, condition: Any) -> None:
    answer = api.get("/customers", params={"filter": json.dumps(condition)})
    assert answer.status_code == 400, answer.text


def authorize(redirect: str, **changes: str) -> dict[str, str]:
    query = {"client_id": "sandbox", "response_type": "code", "scope": "customers:readonly"}
    return {**query, "redirect_uri": redirect, **changes}


@pytest.mark.parametrize(
    "redirect",
    [
        "http://[",
        "http://[::1",
        "http://[x]/",
        "http://a.test/\r\nset-cookie: a=b",
        "http://a.test/\n",
        "http://a.test/\u20ac",
        "http://a.test/ b",
        "http://a.test:x/",
        "http://a.test:99999999/",
        "http://\u2100.test/",
        "http://a.test/" + "x" * 10_000,
        "javascript:alert(1)",
        "//a.test",
        "",
    ],
)
def test_redirects(sandbox: Sandbox, redirect: str) -> None:
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        answer = client.get("/oauth/authorize", params=authorize(redirect))
        assert answer.status_code == 400, (answer.status_code, answer.headers)
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": "\u20ac" * 43, "code_challenge_method": "S256"},
        {"code_challenge": "a" * 42 + "\n", "code_challenge_method": "S256"},
        {"company_id": "9" * 5000},
        {"scope": "\ud7ff" * 100},
        {"state": "\u20ac\r\nx: y"},
    ],
)
def test_what_is_sent_to_authorize(server_url: str, changes: dict[str, str]) -> None:
    answer = httpx.get(f"{server_url}/oauth/authorize", params=authorize("http://a.test/", **changes))
    assert answer.status_code == 302
    assert "x" not in answer.headers
    code = httpx.URL(answer.headers["location"]).params.get("code")
    if code:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://a.test/"}
        secrets = {"client_id": "sandbox", "client_secret": "\u20ac", "code_verifier": "\u20ac"}
        assert httpx.post(f"{server_url}/oauth/token", data={**form, **secrets}).status_code == 401
        secrets["client_secret"] = "sandbox"
        assert httpx.post(f"{server_url}/oauth/token", data={**form, **secrets}).status_code == 400


@pytest.fixture
def server_url(sandbox: Sandbox) -> Iterator[str]:
    with Served(sandbox) as server:
        yield server.url


ADMIN = [
    ("POST", "tokens", {"token": "x", "expires_at": "0001-01-01T00:00:00+23:59"}, 400),
    ("POST", "tokens", {"token": "x", "expires_at": "9999-12-31T23:59:59-23:59"}, 400),
    ("POST", "tokens", {"token": "x", "expires_at": "9999-12-31T23:59:59Z"}, 201),
    ("POST", "tokens", {"token": "x", "company": 10**30}, 400),
    ("POST", "tokens", {"token": "x", "company": -(2**63)}, 400),
    ("PUT", "clock", {"now": "0001-01-01T00:00:00+23:59"}, 400),
    ("PUT", "clock", {"now": "9999-12-31T23:59:59-23:59"}, 400),
    ("PUT", "rules", {"pdf_seconds": 1e308}, 400),
    ("PUT", "rules", {"pdf_seconds": 1e12}, 400),
    ("PUT", "rules", {"code_minutes": 1e300}, 400),
    ("PUT", "rules", {"pa_seconds": 1e20}, 400),
    ("PUT", "rules", {"changelog_delay": 1e20}, 400),
    ("PUT", "rules", {"x" * 100_000: 1}, 400),
    ("POST", "faults", {"kind": "slow", "skip": 10**30}, 400),
    ("POST", "faults", {"kind": "slow", "times": 10**30}, 400),
    ("POST", "faults", {"kind": "rate_limited", "retry_after": 10**30}, 400),
    ("POST", "faults", {"kind": "html", "status": 204}, 400),
    ("POST", "faults", {"kind": "html", "status": 304}, 400),
    ("POST", "faults", {"kind": "x" * 100_000}, 400),
    ("PUT", "faults", {"seed": 10**30}, 400),
    ("POST", "faults", [{"kind": "slow"}] * 1001, 400),
    ("DELETE", "faults/\u0661", None, 404),
    ("DELETE", "faults/" + "9" * 5000, None, 404),
    ("GET", "requests?after=" + "9" * 5000, None, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ADMIN)
def test_admin_requests(sandbox: Sandbox, method: str, path: str, body: Any, status: int) -> None:
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        answer = client.request(method, f"/_sandbox/{path}", json=body)
        assert answer.status_code == status, answer.text[:300]
        assert len(answer.text) < 5000
        for look in ("/_sandbox", "/_sandbox/faults", "/_sandbox/rules", "/faults", "/"):
            assert client.get(look).status_code == 200


def test_the_largest_rules_fit_in_the_calendar(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.clock.set(datetime(9000, 1, 1, tzinfo=UTC))
    year = 31_536_000
    sandbox.rules = update_rules(
        Rules(),
        {"pdf_seconds": year, "pa_seconds": year, "changelog_delay": year}
        | {"code_minutes": 1e6, "attachment_minutes": 1e6},
    )
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        assert client.get("/oauth/authorize", params=authorize("http://a.test/")).status_code == 302
    customer = api.post("/company_customers", json=company()).json()["id"]
    created = api.post("/customer_invoices", json=invoice(customer, draft=False)).json()
    assert api.get(f"/customer_invoices/{created['id']}").status_code == 200
    assert api.get("/changelogs/customers").status_code == 200


FAULT_HEADERS = {
    "many": "latency; seconds=0," * 3000,
    "doubled": "duplicate," * 30,
    "not latin-1 later": "rate_limited; retry_after=5\tx",
    "no body": "html; status=204",
    "not modified": "html; status=304",
    "a status of nobody": "html; status=100",
    "a number": "rate_limited; retry_after=" + "9" * 5000,
    "a long word": "x" * 50_000,
}


@pytest.mark.parametrize("name", FAULT_HEADERS)
def test_faults_of_a_header(server_url: str, name: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "x-sandbox-fault": FAULT_HEADERS[name]}
    answer = httpx.get(f"{server_url}{API}/me", headers=headers, timeout=PATIENCE)
    assert answer.status_code in (200, 400, 429), answer.text[:300]
    assert len(answer.text) < 5000


def test_duplicates_do_not_multiply(sandbox: Sandbox, api: httpx.Client) -> None:
    for _ in range(60):
        sandbox.faults.schedule(Duplicate())
    assert api.post("/company_customers", json=company()).status_code == 201
    assert 2 <= len(api.get("/customers?limit=100").json()["items"]) <= 16


@pytest.mark.parametrize("text", ["5\r\nset-cookie: a=b", "\u20ac", "a\x00b", "x" * 200])
def test_text_of_a_fault_is_one_header(sandbox: Sandbox, server_url: str, text: str) -> None:
    with httpx.Client(base_url=server_url, timeout=PATIENCE) as client:
        fault = {"kind": "rate_limited", "retry_after": text}
        assert client.post("/_sandbox/faults", json=fault).status_code == 201
        answer = client.get(f"{API}/me", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 429
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_rules_of_the_command_line(tmp_path: Path, value: str) -> None:
    command = [sys.executable, "-m", "pennyform", "sandbox", "serve", "--port", "0"]
    words = [*command, "--db", str(tmp_path / "x.db"), "--rule", f"pdf_seconds={value}"]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 1
    assert "--rule pdf_seconds=" in result.stderr
    assert "Traceback" not in result.stderr


def test_numbers_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    for number in ("9" * 5000, "-" + "9" * 5000, "1e999", "9" * 30):
        file.write_text(f"faults: [{{kind: slow, seconds: {number}}}]")
        with pytest.raises(Failure):
            load_faults(file)
        file.write_text(f"seed: {number}\nfaults: []")
        with pytest.raises(Failure):
            load_faults(file)


def test_what_comes_late_is_bounded(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.faults.schedule(Late(seconds=3600, how=Ending.DISCONNECTED))
    for _ in range(1100):
        with pytest.raises(httpx.RemoteProtocolError):
            api.get("/me")
    assert sandbox.faults.late == 1000


def test_a_request_is_matched_whatever_its_length(sandbox: Sandbox) -> None:
    fault = Unavailable(path="/x*")
    assert fault.matches(Request("GET", f"{API}/x" + "y" * 100_000))
    assert not fault.matches(Request("GET", f"{API}/" + "y" * 100_000))
    sandbox.faults.clear()
