"""Servers and addresses that mean harm: each ends in a finding, at the latest when the deadline comes."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
from contextlib import contextmanager

import httpcore
import pytest
from pennyform.cli import main
from pennyform.spec.document.addresses import (
    PRIVATE,
    PUBLIC,
    THIS_MACHINE,
    AddressError,
    parse_address,
    reach,
)
from pennyform.spec.document.budget import Limits
from pennyform.spec.document.download import Network, download

from .test_reading import GOOD, findings_of

BODY = json.dumps(GOOD).encode()
LIMITS = Limits(size=10_000, headers=2_000)
URL = "https://contracts.example.com/c.json"


class Clock:
    """Time that passes with each look at it."""

    def __init__(self, step=0.0):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


class Sockets(httpcore.NetworkBackend):
    """Each connection gives the next of some answers, in pieces, and notes where it was made to."""

    def __init__(self, *answers):
        self.answers, self.connected = list(answers), []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append((host, port))
        return _Answer(self.answers.pop(0))


class _Answer(httpcore.NetworkStream):
    def __init__(self, pieces):
        self.pieces = iter([pieces] if isinstance(pieces, bytes) else pieces)
        self.reads = 0

    def read(self, max_bytes, timeout=None):
        self.reads += 1
        assert timeout > 0
        assert self.reads < 50_000, "it reads on and on"
        return next(self.pieces, b"")

    def write(self, buffer, timeout=None):
        assert timeout > 0

    def close(self):
        pass

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        assert timeout > 0
        return self

    def get_extra_info(self, info):
        return None


def network(*answers, clock=None, addresses=("93.184.215.14",)):
    """A network whose names lead to ``addresses``, one list for all of them or one for each host."""
    by_host = addresses if isinstance(addresses, dict) else {}

    def resolve(host, port, seconds):
        assert seconds > 0
        return list(by_host.get(host, ["93.184.215.14"] if by_host else addresses))

    return Network(clock or Clock(), resolve, Sockets(*answers))


def answer(status="200 OK", body=BODY, **headers):
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def to(location, status="302 Found"):
    return answer(status, b"", location=location)


def dripped(content):
    return (bytes([byte]) for byte in content)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
START = b"HTTP/1.1 200 OK\r\n"
HELD = {
    "an informational answer without end": (itertools.repeat(b"HTTP/1.1 103 Early\r\n\r\n"), "too-large"),
    "a header without end": (
        itertools.chain([START, b"x: "], itertools.repeat(b"a")),
        "too-large",
    ),
    "a thousand headers": (
        itertools.chain([START], itertools.repeat(b"x: y\r\n")),
        "too-large",
    ),
    "a status line without end": (itertools.repeat(b"HTTP/1.1 200 "), "too-large"),
    "a body without end": (
        itertools.chain([START, b"\r\n"], itertools.repeat(b" ")),
        "too-large",
    ),
    "chunks without end": (itertools.chain([CHUNKED], itertools.repeat(b"1\r\n \r\n")), "too-large"),
    "a chunk size without end": (itertools.chain([CHUNKED], itertools.repeat(b"0")), "too-large"),
    "an extension of a chunk without end": (
        itertools.chain([CHUNKED, b"1;"], itertools.repeat(b"x")),
        "too-large",
    ),
    "trailers without end": (
        itertools.chain([CHUNKED, b"0\r\n"], itertools.repeat(b"a: b\r\n")),
        "too-large",
    ),
    "nothing at all": (b"", "unreachable"),
    "something else than HTTP": (b"220 mail.example.com ESMTP\r\n", "unreachable"),
    "a status that is none": (b"HTTP/1.1 9999 OK\r\n\r\n", "unreachable"),
    "another protocol from here on": (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", "unreachable"),
    "a body that is cut off": (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", "unreachable"),
    "a chunk that is cut off": (CHUNKED + b"9\r\n{", "unreachable"),
    "a length that is no number": (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}", "unreachable"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        "unreachable",
    ),
    "a length beyond all": (b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 30 + b"\r\n\r\n{", "unreachable"),
    "a packed body": (answer(body=gzip.compress(BODY), content_encoding="gzip"), "packed-answer"),
    "a body packed twice": (
        answer(body=gzip.compress(gzip.compress(BODY)), content_encoding="gzip, gzip"),
        "packed-answer",
    ),
    "a transfer that is packed": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "unreachable"),
    "no content": (answer("204 No Content", b""), "unexpected-status"),
    "a part of it": (answer("206 Partial Content"), "unexpected-status"),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "unexpected-status"),
    "a choice without a place": (answer("300 Multiple Choices"), "unexpected-status"),
    "a redirect without a place": (answer("302 Found", b""), "unexpected-status"),
    "a redirect to two places": (
        b"HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b\r\n\r\n",
        "unexpected-status",
    ),
    "an error": (answer("503 Service Unavailable"), "unexpected-status"),
}


@pytest.mark.parametrize("name", HELD)
def test_an_answer_that_means_harm_ends_in_a_finding(name):
    pieces, rule = HELD[name]
    (finding,) = findings_of(lambda: download(URL, LIMITS, network=network(pieces)))
    assert finding.rule == rule
    assert finding.file == URL


@pytest.mark.parametrize(
    "pieces",
    [
        itertools.repeat(b"HTTP/1.1 103 Early\r\n\r\n"),
        dripped(answer(x="y" * 100)),
        itertools.chain([b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"], itertools.repeat(b" ")),
    ],
    ids=["informational answers", "headers", "body"],
)
def test_what_drips_is_read_for_as_long_as_the_deadline_says(pieces):
    clock = Clock(step=1.0)
    (finding,) = findings_of(lambda: download(URL, Limits(), network=network(pieces, clock=clock)))
    assert finding.rule == "too-slow"
    assert clock.now < 70


def test_all_redirects_together_have_one_deadline():
    answers = [itertools.chain([b"HTTP/1.1 302 Found\r\n"], dripped(to("/next")[20:])) for _ in range(6)]
    clock = Clock(step=1.0)
    (finding,) = findings_of(lambda: download(URL, Limits(), network=network(*answers, clock=clock)))
    assert finding.rule == "too-slow"
    assert clock.now < 70


def test_headers_that_come_in_pieces_are_read():
    assert download(URL, Limits(), network=network(dripped(answer()))) == BODY
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 3
    assert download(URL, Limits(), network=network(early + answer())) == BODY


REFUSED = {
    "plain http": "http://example.com/c.json",
    "a file": "file:///etc/passwd",
    "data": "data:application/json,{}",
    "a script": "javascript:1",
    "this machine": "https://127.0.0.1/c.json",
    "this machine by name": "https://localhost/c.json",
    "this machine in IPv6": "https://[::1]/c.json",
    "this machine within IPv6": "https://[::ffff:127.0.0.1]/c.json",
    "this machine without an address": "https://0.0.0.0/c.json",
    "a private network": "https://10.0.0.1/c.json",
    "a cloud's metadata": "https://169.254.169.254/latest/meta-data",
    "a short number": "https://127.1/c.json",
    "one number": "https://2130706433/c.json",
    "a hexadecimal number": "https://0x7f.0.0.1/c.json",
    "no host": "https:///c.json",
    "a port of zero": "https://example.com:0/c.json",
    "a port beyond": "https://example.com:99999/c.json",
    "a port that is none": "https://example.com:x/c.json",
    "half an IPv6 address": "https://[::1/c.json",
    "a zone": "https://[fe80::1%25eth0]/c.json",
    "a password": "https://me:hush@example.com/c.json",
    "a name and no password": "https://hush@example.com/c.json",
    "an empty name": "https://@example.com/c.json",
    "two ats": "https://a@b@example.com/c.json",
    "a backslash": "https://example.com\\@127.0.0.1/c.json",
    "letters of another script": "https://ex\u00e4mple.com/c.json",
    "bytes of another encoding": "/\u00ff\u00fe",
    "a blank": "/a b",
    "a control character": "/a\x7fb",
    "an empty label": "https://example..com/c.json",
    "a label without end": f"https://{'a' * 64}.com/c.json",
    "an address without end": "/" + "a" * 5_000,
}


# In a redirect, an empty host is that of the server.
@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"no host"}))
def test_a_redirect_is_checked_before_it_is_followed(name):
    target = REFUSED[name]
    private = {"localhost": ["127.0.0.1"], "127.0.0.1": ["127.0.0.1"], "0.0.0.0": ["0.0.0.0"]}
    private |= {"10.0.0.1": ["10.0.0.1"], "169.254.169.254": ["169.254.169.254"]}
    private |= {"::1": ["::1"], "::ffff:127.0.0.1": ["::ffff:127.0.0.1"]}
    reached = network(to(target), addresses=private)
    found = findings_of(lambda: download(URL, Limits(), network=reached))
    assert [finding.rule for finding in found] == ["address-refused"]
    assert len(reached.sockets.connected) == 1, "only the first address was connected to"
    assert "hush" not in repr(found)


@pytest.mark.parametrize("name", REFUSED)
def test_the_first_address_is_checked_as_well(name, capsys, tmp_path):
    target = REFUSED[name]
    # What the user names may be private, but not what is no address.
    if "://" not in target or "machine" in name or name in ("a private network", "a cloud's metadata"):
        return
    fetch = ["spec", "fetch", "--api", "example", "--specs", str(tmp_path / "specs"), "--from", target]
    assert main(fetch) == 1
    err = capsys.readouterr().err
    assert "address-refused" in err or "credentials-in-url" in err
    assert "hush" not in err
    assert not (tmp_path / "specs").exists()


def test_a_name_that_leads_to_this_machine_is_no_way_around():
    names = {"evil.example.com": ["93.184.215.14", "127.0.0.1"]}
    reached = network(to("https://evil.example.com/c.json"), addresses=names)
    (finding,) = findings_of(lambda: download(URL, Limits(), network=reached))
    assert finding.rule == "address-refused"
    assert reached.sockets.connected == [("93.184.215.14", 443)]


def test_a_private_server_may_redirect_within_its_network():
    reached = network(to("https://10.0.0.2/c.json"), answer(), addresses=["10.0.0.1"])
    assert download("https://contracts.internal/c.json", Limits(), network=reached) == BODY


def test_plain_http_is_for_this_machine_whatever_its_name_leads_to():
    reached = network(answer(), addresses=["93.184.215.14"])
    (finding,) = findings_of(lambda: download("http://localhost/c.json", Limits(), network=reached))
    assert finding.rule == "address-refused"
    assert reached.sockets.connected == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to():
    reached = network(answer())
    download(URL, Limits(), network=reached)
    assert reached.sockets.connected == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    "location", ["next", "/next", "//contracts.example.com/next", "?a=1", URL, "#x", "../.."]
)
def test_relative_addresses_are_followed(location):
    assert download(URL, Limits(), network=network(to(location), answer())) == BODY


def test_redirects_in_a_circle_end():
    (finding,) = findings_of(lambda: download(URL, Limits(), network=network(*[to("/c.json")] * 9)))
    assert finding.rule == "too-many-redirects"


@pytest.mark.parametrize(
    ("body", "headers", "rule"),
    [
        (b"\xef\xbb\xbf" + BODY, {}, ""),
        (BODY, {"content_type": "text/html; charset=utf-16"}, ""),
        (BODY.decode().encode("utf-16"), {"content_type": "application/json; charset=utf-8"}, "not-utf-8"),
        (gzip.compress(BODY), {"content_type": "application/json"}, "not-utf-8"),
        (b"<html>", {"content_type": "application/json"}, "json-syntax"),
        (b"", {}, "json-syntax"),
        (b'{"a": 1e99999999}', {}, "json-syntax"),
    ],
    ids=[
        "a mark",
        "another type",
        "another encoding",
        "packed but not declared",
        "a page",
        "empty",
        "a number",
    ],
)
def test_what_counts_is_what_came_and_not_what_it_is_called(body, headers, rule, tmp_path, capsys):
    with serving(answer(body=body, **headers)) as url:
        folder = tmp_path / "specs"
        code = main(["spec", "fetch", "--api", "example", "--specs", str(folder), "--from", url])
    assert code == (1 if rule else 0)
    assert rule in capsys.readouterr().err
    assert folder.exists() == (not rule)


@contextmanager
def serving(*answers):
    """A server on this machine that gives each connection the next answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for content in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(content)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/c.json"
        thread.join(timeout=10)


def test_a_server_that_keeps_silent_is_left(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        (finding,) = findings_of(lambda: download(url, Limits(seconds=0.2)))
    assert finding.rule == "too-slow"


def test_a_name_that_nobody_answers_for_is_left():
    def resolve(host, port, seconds):
        raise httpcore.ConnectTimeout

    network = Network(Clock(), resolve, Sockets())
    (finding,) = findings_of(lambda: download(URL, Limits(), network=network))
    assert finding.rule == "too-slow"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", PUBLIC),
        ("2606:4700::1", PUBLIC),
        ("64:ff9b::808:808", PUBLIC),
        ("10.1.2.3", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("169.254.169.254", PRIVATE),
        ("224.0.0.1", PRIVATE),
        ("fe80::1%eth0", PRIVATE),
        ("fd00::1", PRIVATE),
        ("64:ff9b::a00:1", PRIVATE),
        ("2002:a00:1::", PRIVATE),
        ("127.9.9.9", THIS_MACHINE),
        ("0.0.0.0", THIS_MACHINE),
        ("::", THIS_MACHINE),
        ("::1", THIS_MACHINE),
        ("::ffff:127.0.0.1", THIS_MACHINE),
        ("64:ff9b::7f00:1", THIS_MACHINE),
    ],
)
def test_who_answers_at_an_address(address, expected):
    assert reach(address) == expected


def test_a_url_says_what_it_says():
    address = parse_address("https://Example.com:8443/a/b?c=d#e")
    assert (address.scheme, address.host, address.port) == ("https", "example.com", 8443)
    assert address.target == "/a/b?c=d"
    assert parse_address("https://[::1]").port == 443
    with pytest.raises(AddressError, match="neither a name nor"):
        parse_address("https://127.1/")
