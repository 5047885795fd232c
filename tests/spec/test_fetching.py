"""Fetching a contract from servers on this machine, with TLS and without: bounds, redirects, trust."""

from __future__ import annotations

import gzip
import http.server
import json
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
import trustme
from pennyform.cli import main
from pennyform.spec.document.budget import Limits
from pennyform.spec.document.load import load

from .test_reading import GOOD, findings_of


class _Handler(http.server.BaseHTTPRequestHandler):
    """``/contract.json`` is one; ``/hop3`` is three redirects away from it; the others misbehave."""

    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("hop"):
            left = int(name[3:])
            self._redirect(f"/hop{left - 1}" if left else "/contract.json")
        elif name.startswith("to:"):
            self._redirect(name[3:])
        elif name == "packed":
            self._answer(200, gzip.compress(b" " * 10_000_000), {"content-encoding": "gzip"})
        elif name == "slow":
            self._answer(200, b"", {})
            self._drip()
        else:
            content = json.dumps(GOOD).encode() if name == "contract.json" else b"x" * 5_000
            self._answer(500 if name == "broken" else 200, content, {})

    def _redirect(self, target):
        self._answer(302, b"", {"location": target})

    def _answer(self, status, content, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _drip(self):
        for _ in range(40):
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:  # the reader has had enough
                return
            time.sleep(0.02)

    def log_message(self, *arguments):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that refuses the certificate is what some tests are about."""


@contextmanager
def serving(tls=None):
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if tls is not None:
            # The handshake belongs to the thread of the connection: it must not hold up the others.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def identity(authority, name="127.0.0.1"):
    """What a server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def trust(authority):
    """What a client believes."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(params=["http", "https"])
def origin(request, authority):
    with serving(identity(authority) if request.param == "https" else None) as origin:
        yield origin


def test_a_contract_is_fetched_from_this_machine(origin, trust):
    source = load(f"{origin}/hop2", trust=trust)
    assert source.document == GOOD
    assert source.name == f"{origin}/hop2"


@pytest.mark.parametrize(
    ("path", "limits", "rule"),
    [
        ("big", Limits(size=1_000), "too-large"),
        ("slow", Limits(seconds=0.2), "too-slow"),
        ("hop3", Limits(redirects=2), "too-many-redirects"),
        ("broken", Limits(), "unexpected-status"),
        ("packed", Limits(), "packed-answer"),
        ("to:ftp://127.0.0.1/c.json", Limits(), "address-refused"),
        ("to:http://example.com/c.json", Limits(), "address-refused"),
    ],
)
def test_every_limit_of_a_fetch_holds(origin, trust, path, limits, rule):
    (finding,) = findings_of(lambda: load(f"{origin}/{path}", limits=limits, trust=trust))
    assert finding.rule == rule


def test_a_server_that_nobody_vouches_for_is_not_believed(authority):
    with serving(identity(authority)) as origin:
        (finding,) = findings_of(lambda: load(f"{origin}/contract.json"))
        assert finding.rule == "unreachable"
        assert "CERTIFICATE_VERIFY_FAILED" in finding.summary


def test_a_certificate_for_another_name_is_not_believed(authority, trust):
    with serving(identity(authority, "contracts.example.com")) as origin:
        (finding,) = findings_of(lambda: load(f"{origin}/contract.json", trust=trust))
        assert finding.rule == "unreachable"
        assert "not valid for" in finding.summary


def test_a_redirect_never_leaves_tls(authority, trust):
    with serving(identity(authority)) as origin, serving() as plain:
        (finding,) = findings_of(lambda: load(f"{origin}/to:{plain}/contract.json", trust=trust))
        assert finding.rule == "address-refused"
        assert "is not https" in finding.summary


def test_fetch_believes_the_authorities_it_is_given(authority, tmp_path, capsys):
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    fetch = ["spec", "fetch", "--api", "example", "--specs", str(tmp_path / "specs")]
    with serving(identity(authority)) as origin:
        url = f"{origin}/contract.json"
        assert main([*fetch, "--from", url]) == 1
        assert "unreachable" in capsys.readouterr().err
        assert main([*fetch, "--from", url, "--ca-file", str(ca_file)]) == 0
    assert json.loads((tmp_path / "specs/lock.json").read_bytes())["contracts"]["example"]["source"] == url


def test_a_file_without_authorities_is_a_finding(tmp_path, capsys):
    (tmp_path / "ca.pem").write_text("nothing")
    fetch = ["spec", "fetch", "--api", "example", "--from", "https://127.0.0.1:9/c.json"]
    for name in ("ca.pem", "missing.pem"):
        assert main([*fetch, "--ca-file", str(tmp_path / name)]) == 1
        assert "unreadable-file" in capsys.readouterr().err


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


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving() as origin:
        assert load(f"{origin}/contract.json").document == GOOD
