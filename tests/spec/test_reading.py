"""Reading a contract: files, loopback HTTP, and everything that is not a contract."""

from __future__ import annotations

import http.server
import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pennyform.findings import Failure
from pennyform.spec.download import download
from pennyform.spec.limits import Limits
from pennyform.spec.load import load

OPERATION = {"operationId": "getMe", "responses": {"204": {"description": ""}}}
GOOD = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/v1/me": {"get": OPERATION}}}


def written(tmp_path: Path, content) -> Path:
    path = tmp_path / "contract.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def findings_of(action):
    with pytest.raises(Failure) as caught:
        action()
    assert all(finding.fix for finding in caught.value.findings)
    return caught.value.findings


def test_a_contract_is_read_with_its_very_bytes(tmp_path):
    path = written(tmp_path, GOOD)
    source = load(path)
    assert source.document == GOOD
    assert source.content == path.read_bytes()
    assert source.name == "contract.json", "a lock must not carry a machine's path"


@pytest.mark.parametrize(
    ("content", "rule", "line", "column"),
    [
        (b"", "json-syntax", 1, 1),
        (b"<html>not found</html>", "json-syntax", 1, 1),
        (b'{"openapi":\n "3.0.1",\n}', "json-syntax", 3, 1),
        (b'{"a": NaN}', "json-syntax", 0, 0),
        (b'{"a": 1,\n "a": 2}', "duplicate-key", 2, 2),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "duplicate-key", 1, 16),
        (b'{"a": "\xff"}', "not-utf-8", 1, 8),
        (b"[" * 100_000 + b"]" * 100_000, "json-depth", 0, 0),
        (b"[" * 200 + b"]" * 200, "json-depth", 0, 0),
    ],
    ids=["empty", "html", "comma", "nan", "duplicate", "escaped-duplicate", "latin-1", "very-deep", "deep"],
)
def test_what_is_not_json_is_refused_where_it_goes_wrong(tmp_path, content, rule, line, column):
    (finding,) = findings_of(lambda: load(written(tmp_path, content)))
    assert (finding.rule, finding.line, finding.column) == (rule, line, column)


def test_every_duplicate_is_named_at_once(tmp_path):
    text = b'{"a": 1, "b": [{"c": ",{\\"c\\":", "c": 2}], "a": 3}'
    found = findings_of(lambda: load(written(tmp_path, text)))
    assert [finding.column for finding in found] == [text.index(b'"c": 2') + 1, text.index(b'"a": 3') + 1]


def test_a_byte_order_mark_does_not_matter(tmp_path):
    assert load(written(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).document == GOOD


def with_schema(**schema):
    return {**GOOD, "components": {"schemas": {"A": schema}}}


A = "/components/schemas/A"
NO_CONTRACTS = {
    "a list": ([], [""]),
    "nothing": ({}, ["/info", "/openapi", "/paths"]),
    "version 2": ({**GOOD, "openapi": "2.0"}, ["/openapi"]),
    "no paths": ({**GOOD, "paths": {}}, ["/paths"]),
    "a path without its slash": ({**GOOD, "paths": {"me": {}}}, ["/paths/me"]),
    "an operation without its parts": (
        {**GOOD, "paths": {"/a/b": {"get": {"responses": []}}}},
        ["/paths/~1a~1b/get/operationId", "/paths/~1a~1b/get/responses"],
    ),
    "numbers for schemas": (with_schema(properties={"x": 1}, type=5), [f"{A}/properties/x", f"{A}/type"]),
    "odd keywords": (
        with_schema(allOf={}, enum="a", nullable="yes"),
        [f"{A}/allOf", f"{A}/enum", f"{A}/nullable"],
    ),
    "a fault deep inside": (
        with_schema(additionalProperties={"type": 1}),
        [f"{A}/additionalProperties/type"],
    ),
    "a parameter without a name": (
        {**GOOD, "components": {"parameters": {"a": {"in": "query"}}}},
        ["/components/parameters/a/name"],
    ),
}


@pytest.mark.parametrize(("document", "pointers"), NO_CONTRACTS.values(), ids=NO_CONTRACTS.keys())
def test_what_is_json_but_no_contract_is_refused_with_every_place(tmp_path, document, pointers):
    found = findings_of(lambda: load(written(tmp_path, document)))
    assert {finding.rule for finding in found} == {"not-a-contract"}
    assert sorted({finding.pointer for finding in found}) == pointers


def test_a_huge_file_is_not_read_whole(tmp_path):
    path = written(tmp_path, b" " * 2_000)
    assert findings_of(lambda: load(path, limits=Limits(size=1_000)))[0].rule == "too-large"


def test_a_file_that_cannot_be_read(tmp_path):
    assert findings_of(lambda: load(tmp_path / "missing.json"))[0].rule == "unreadable-file"
    assert findings_of(lambda: load(tmp_path))[0].rule == "unreadable-file"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("hop"):
            left = int(name[3:])
            self.send_response(302)
            self.send_header("location", f"/hop{left - 1}" if left else "/contract.json")
            self.end_headers()
            return
        self.send_response(500 if name == "broken" else 200)
        self.end_headers()
        content = json.dumps(GOOD).encode() if name == "contract.json" else b"x" * 5_000
        if name != "slow":
            self.wfile.write(content)
            return
        for byte in content[:40]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.02)

    def log_message(self, *arguments):
        pass


@contextmanager
def serving():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_contract_is_fetched_from_this_machine():
    with serving() as origin:
        source = load(f"{origin}/hop2")
        assert source.document == GOOD
        assert source.name == f"{origin}/hop2"


@pytest.mark.parametrize(
    ("path", "limits", "rule"),
    [
        ("big", Limits(size=1_000), "too-large"),
        ("slow", Limits(seconds=0.2), "too-slow"),
        ("hop3", Limits(redirects=2), "too-many-redirects"),
        ("broken", Limits(), "unexpected-status"),
    ],
)
def test_every_limit_of_a_fetch_holds(path, limits, rule):
    with serving() as origin:
        assert findings_of(lambda: load(f"{origin}/{path}", limits=limits))[0].rule == rule


def test_a_closed_port_is_a_finding():
    assert findings_of(lambda: load("http://127.0.0.1:9/contract.json"))[0].rule == "unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/contract.json",
        "ftp://example.com/contract.json",
        "file:///etc/passwd",
        "http://127.0.0.1.example.com/contract.json",
    ],
)
def test_only_https_or_this_machine(url):
    assert findings_of(lambda: load(url))[0].rule == "address-refused"


def test_a_url_with_a_password_is_refused_and_the_password_not_repeated():
    (finding,) = findings_of(lambda: load("https://me:hush@example.com/contract.json"))
    assert finding.rule == "credentials-in-url"
    assert "hush" not in repr(finding.summary) + finding.file


@pytest.mark.parametrize(
    "target", ["http://example.com/c.json", "https://127.0.0.1/c.json", "file:///etc/passwd"]
)
def test_a_redirect_may_not_lead_out_of_https_nor_to_this_machine(target):
    transport = httpx.MockTransport(lambda request: httpx.Response(302, headers={"location": target}))
    found = findings_of(lambda: download("https://example.com/c.json", Limits(), transport=transport))
    assert found[0].rule == "address-refused"


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving() as origin:
        assert load(f"{origin}/contract.json").document == GOOD
