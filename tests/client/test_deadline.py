"""One deadline for all of an attempt, and bounds on all of an answer, in both clients."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpcore
import httpx
import pytest
import trustme
from pennylane_company import (
    AsyncClient,
    Bounds,
    Client,
    File,
    Retries,
    _bounds,
    _codec,
    errors,
    models,
    oauth,
)
from pennylane_company._bounds import ATTEMPT
from pennylane_company._connections.failures import Fate, fate

from tests.client.conftest import FakeClock

ONCE = Retries(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n"
WHOLE = HEAD + b'{"id":1}'
Connect = Callable[..., Client]


class Wire:
    """What a server does to one connection, in virtual time: each operation takes ``seconds``.

    It times out as a socket does: after its time-out, unless it is done by then. ``answers`` are what it
    sends, piece by piece, and ``slow`` the operation that takes long.
    """

    def __init__(self, clock: FakeClock, slow: str, seconds: float, pieces: Callable[[], Iterator[bytes]]):
        self.clock, self.slow, self.seconds = clock, slow, seconds
        self.pieces = pieces()
        self.operations: list[str] = []

    def spend(self, operation: str, timeout: float | None, error: type[Exception]) -> None:
        self.operations.append(operation)
        assert len(self.operations) < 5_000, "nobody stopped"
        seconds = self.seconds if operation == self.slow else 0.0
        self.clock.now += seconds if timeout is None else min(seconds, timeout)
        if timeout is not None and seconds >= timeout:
            raise error("timed out")

    def receive(self) -> bytes:
        return next(self.pieces, b"")


class Stream(httpcore.NetworkStream):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.wire.spend("read", timeout, httpcore.ReadTimeout)
        return self.wire.receive()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.wire.spend("write", timeout, httpcore.WriteTimeout)

    def close(self) -> None:
        pass

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self.wire.spend("tls", timeout, httpcore.ConnectTimeout)
        return self


class Backend(httpcore.NetworkBackend):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *more: Any, **options: Any
    ) -> Any:
        self.wire.spend("connect", timeout, httpcore.ConnectTimeout)
        return Stream(self.wire)


class AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, wire: Wire) -> None:
        self.inner = Stream(wire)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, timeout)

    async def aclose(self) -> None:
        pass

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self.inner.start_tls(ssl_context, server_hostname, timeout)
        return self


class AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *more: Any, **options: Any
    ) -> Any:
        self.wire.spend("connect", timeout, httpcore.ConnectTimeout)
        return AsyncStream(self.wire)


def finalize_invoice(client: Any) -> Any:
    return client.customer_invoices.finalize(1)


def upload(client: Any) -> Any:
    return client.file_attachments.create(
        models.FileAttachmentCreate(file=File("a.pdf", b"x" * 10**6), filename="a.pdf")
    )


def in_a_thread(wire: Wire, clock: FakeClock, call: Any = finalize_invoice, **options: Any) -> Any:
    transport = httpx.HTTPTransport()
    transport._pool._network_backend = Backend(wire)  # type: ignore[attr-defined]
    settings: dict[str, Any] = {"rate_limit": None, "retries": ONCE, "clock": clock, **options}
    with Client("a-token", transport=transport, **settings) as client:
        return call(client)


def in_a_task(wire: Wire, clock: FakeClock, call: Any = finalize_invoice, **options: Any) -> Any:
    async def run() -> Any:
        transport = httpx.AsyncHTTPTransport()
        transport._pool._network_backend = AsyncBackend(wire)  # type: ignore[attr-defined]
        settings: dict[str, Any] = {"rate_limit": None, "retries": ONCE, "clock": clock, **options}
        async with AsyncClient("a-token", transport=transport, **settings) as client:
            return await call(client)

    return asyncio.run(run())


BOTH = pytest.mark.parametrize("finalize", [in_a_thread, in_a_task])


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's host has three addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in (1, 2, 3)]
    looked_up = socket.getaddrinfo

    def answer(host: str, *more: Any, **options: Any) -> Any:
        return found if host == "app.pennylane.com" else looked_up(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def forever(piece: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        if before:
            yield before
        while True:
            yield piece

    return pieces


def dripped(text: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: (text[index : index + 1] for index in range(len(text)))


# What is slow, how slow each operation of it is, what the server sends, and what the deadline is met by.
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
SLOW = [
    pytest.param("connect", 1e9, forever(WHOLE), errors.NotSentError, id="connecting"),
    pytest.param("tls", 1e9, forever(WHOLE), errors.NotSentError, id="TLS"),
    pytest.param("write", 1e9, forever(WHOLE), errors.OutcomeUnknownError, id="sending"),
    pytest.param("read", 9.0, forever(HINTS), errors.OutcomeUnknownError, id="103"),
    pytest.param("read", 9.0, forever(b"x", HEAD[:20]), errors.OutcomeUnknownError, id="a header"),
    pytest.param("read", 9.0, dripped(WHOLE), errors.OutcomeUnknownError, id="every byte"),
    pytest.param(
        "read", 9.0, forever(b"x", HEAD.replace(b"8", b"999999")), errors.OutcomeUnknownError, id="a body"
    ),
    pytest.param(
        "read",
        9.0,
        forever(b"1\r\nx\r\n", HEAD.replace(b"content-length: 8", b"transfer-encoding: chunked")),
        errors.OutcomeUnknownError,
        id="chunks",
    ),
]


@BOTH
@pytest.mark.parametrize(("slow", "seconds", "pieces", "error"), SLOW)
def test_an_attempt_ends_by_its_deadline(
    finalize: Any, slow: str, seconds: float, pieces: Any, error: type[Exception], clock: FakeClock
) -> None:
    """Each operation stays below its own time-out of 10 or 30 seconds, or is cut by it."""
    started = clock.now
    with pytest.raises(error):
        finalize(Wire(clock, slow, seconds, pieces), clock, bounds=Bounds(seconds=25.0))
    assert clock.now - started <= 25.0


@BOTH
def test_the_deadline_is_said(finalize: Any, clock: FakeClock) -> None:
    with pytest.raises(errors.OutcomeUnknownError, match=r"ReadTimeout: it took more than 25 s in all"):
        finalize(Wire(clock, "read", 9.0, dripped(WHOLE)), clock, bounds=Bounds(seconds=25.0))


@BOTH
def test_a_large_request_is_sent_piece_by_piece(finalize: Any, clock: FakeClock) -> None:
    """A server that takes a little of it now and then cannot make it last."""
    wire = Wire(clock, "write", 9.0, forever(WHOLE))
    with pytest.raises(errors.OutcomeUnknownError, match=r"WriteTimeout"):
        finalize(wire, clock, call=upload, bounds=Bounds(seconds=25.0))
    assert wire.operations.count("write") == 3


@BOTH
def test_each_attempt_has_its_own_deadline(finalize: Any, clock: FakeClock) -> None:
    wire = Wire(clock, "connect", 1e9, forever(WHOLE))
    started = clock.now
    with pytest.raises(errors.NotSentError):
        finalize(wire, clock, bounds=Bounds(seconds=8.0), retries=Retries(attempts=3, backoff=0.0))
    # In a thread, the addresses of a host share it.
    assert wire.operations == ["connect"] * 3
    assert clock.now - started == 24.0


def test_the_addresses_of_a_host_are_tried_one_after_the_other(clock: FakeClock) -> None:
    """The system would give each of them the whole time-out."""
    wire = Wire(clock, "connect", 1e9, forever(WHOLE))
    with pytest.raises(errors.NotSentError):
        in_a_thread(wire, clock, timeout=10.0, bounds=Bounds(seconds=25.0))
    assert clock.now == 1_025.0
    assert wire.operations == ["connect"] * 3


def test_looking_up_an_address_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(120) and [])
    client = Client("a-token", timeout=0.05, retries=ONCE, rate_limit=None)
    with client, pytest.raises(errors.NotSentError, match="ConnectTimeout"):
        finalize_invoice(client)
    answered.set()


def test_an_attempt_without_time_outs_ends(clock: FakeClock) -> None:
    wire = Wire(clock, "read", 1e9, forever(WHOLE))
    with pytest.raises(errors.OutcomeUnknownError):
        in_a_thread(wire, clock, timeout=httpx.Timeout(None))
    assert clock.now == 1_300.0


def test_waiting_for_a_connection_ends(clock: FakeClock) -> None:
    client = Client("a-token", timeout=httpx.Timeout(None), bounds=Bounds(seconds=7.0), clock=clock)
    assert client._core._timeout == httpx.Timeout(7.0).as_dict()


@BOTH
@pytest.mark.parametrize(
    ("piece", "what"),
    [
        (HINTS * 1000, "headers of more than 262144 bytes"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: " + b"x" * 60_000 + b"\r\n\r\n", "headers of more than"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n", "more than 200 headers"),
        (b"a" * 60_000, "RemoteProtocolError"),
    ],
)
def test_headers_are_bounded(finalize: Any, piece: bytes, what: str, clock: FakeClock) -> None:
    """However fast they come: nothing takes any time here."""
    with pytest.raises(errors.OutcomeUnknownError, match=what):
        finalize(Wire(clock, "", 0.0, forever(piece)), clock)


@BOTH
def test_a_large_body_right_behind_the_headers_is_none_of_them(finalize: Any, clock: FakeClock) -> None:
    filler = b" " * 500_000
    answer = HEAD.replace(b"8", b"500008") + filler + b'{"id":1}'
    assert finalize(Wire(clock, "", 0.0, lambda: iter([answer])), clock).id == 1


def test_a_transport_that_opens_connections_otherwise_is_bounded_as_it_is_read(clock: FakeClock) -> None:
    class Slow(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            clock.now += 301.0
            return httpx.Response(200, json={"id": 1})

    with pytest.raises(errors.OutcomeUnknownError, match="more than 300 s"):
        Client("a-token", transport=Slow(), rate_limit=None, retries=ONCE, clock=clock).me.get()


def test_a_transport_of_two_clients_is_bound_once(clock: FakeClock) -> None:
    transport = httpx.HTTPTransport()
    for _ in range(3):
        Client("a-token", transport=transport)._core._connections.get()
    backend = transport._pool._network_backend  # type: ignore[attr-defined]
    assert type(backend).__name__ == "Backend"
    assert isinstance(backend._inner, httpcore.SyncBackend)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_connections_through_proxies_are_bound(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    opened = Client("a-token")._core._connections.get()
    pools = [transport._pool for transport in (opened._transport, *opened._mounts.values()) if transport]  # type: ignore[attr-defined]
    assert len(pools) == 2
    assert {type(pool._network_backend).__name__ for pool in pools} == {"Backend"}


def test_a_token_that_is_refreshed_on_the_way_costs_the_call_nothing(clock: FakeClock) -> None:
    """The refresh has a deadline of its own."""
    store = oauth.MemoryTokenStore()
    store.save(oauth.Tokens("a", "r", clock.time() - 1, clock.time() - 1000, ""))

    def grant(request: httpx.Request) -> httpx.Response:
        clock.now += 250.0
        return httpx.Response(200, json={"access_token": "b", "expires_in": 3600, "refresh_token": "s"})

    def answer(request: httpx.Request) -> httpx.Response:
        clock.now += 250.0
        return httpx.Response(200, json={"id": 1})

    auth = oauth.OAuth("c", store=store, transport=httpx.MockTransport(grant), clock=clock)  # type: ignore[arg-type]
    transport = httpx.MockTransport(answer)
    client = Client(auth, transport=transport, rate_limit=None, clock=clock)  # type: ignore[arg-type]
    assert client.customer_invoices.finalize(1).id == 1
    assert ATTEMPT.get() is None


# --- bodies ---------------------------------------------------------------------------------------------


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces: bytes, forever: bytes = b"") -> None:
        self.pieces, self.forever = pieces, forever
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        while self.forever:
            self.sent += 1
            assert self.sent < 5_000, "nobody stopped"
            yield self.forever


def packed(coding: str, stream: httpx.SyncByteStream, status: int = 200) -> httpx.Response:
    headers = {"content-type": "application/json", "content-encoding": coding}
    return httpx.Response(status, headers=headers, stream=stream)


def bare(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b'{"id":1}')),
        ("GZIP", gzip.compress(b'{"id":1}')),
        ("deflate", zlib.compress(b'{"id":1}')),
        ("deflate", bare(b'{"id":1}')),
        ("identity", b'{"id":1}'),
        ("", b'{"id":1}'),
    ],
    ids=["gzip", "capitals", "deflate", "bare", "identity", "none"],
)
def test_a_body_is_unpacked(coding: str, body: bytes, connect: Connect) -> None:
    for pieces in ([body], [body[index : index + 1] for index in range(len(body))]):
        client = connect(lambda request, pieces=pieces: packed(coding, Pieces(*pieces)))
        assert client.customer_invoices.get(1).id == 1


@pytest.mark.parametrize(
    ("coding", "stream"),
    [
        pytest.param("gzip", lambda: Pieces(gzip.compress(b" " * 2**27)), id="much of little"),
        # An empty block of a deflate stream: bytes come, and nothing is made of them.
        pytest.param(
            "deflate", lambda: Pieces(forever=b"\x00\x00\x00\xff\xff" * 20_000), id="nothing of much"
        ),
        pytest.param("", lambda: Pieces(forever=b" " * 2**16), id="much"),
    ],
)
def test_a_body_is_bounded_packed_and_unpacked(
    coding: str, stream: Callable[[], Pieces], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    unpack = _bounds.Body._unpacked
    monkeypatch.setattr(
        _bounds.Body,
        "_unpacked",
        lambda self, chunk: made.append(len(result := unpack(self, chunk))) or result,
    )
    pieces = stream()
    client = connect(lambda request: packed(coding, pieces), retries=ONCE, bounds=Bounds(body_bytes=2**20))
    with pytest.raises(errors.OutcomeUnknownError, match="more than 1048576 bytes"):
        client.customer_invoices.get(1)
    assert sum(made) <= 2**20 + 2**16
    assert pieces.sent <= 20


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(b'{"id":1}')[:-9]), ("gzip", b"no gzip"), ("deflate", b"\xff\xff\xff")],
    ids=["cut", "not at all", "nonsense"],
)
def test_a_packed_body_that_is_broken_is_an_unknown_outcome(
    coding: str, body: bytes, connect: Connect
) -> None:
    client = connect(lambda request: packed(coding, Pieces(body)))
    with pytest.raises(errors.OutcomeUnknownError, match="DecodingError"):
        client.customer_invoices.finalize(1)


def test_the_explanation_of_a_refusal_is_bounded_and_the_refusal_stays(connect: Connect) -> None:
    pieces = Pieces(forever=b" " * 2**16)
    client = connect(lambda request: packed("", pieces, status=422))
    with pytest.raises(errors.UnprocessableError):
        client.customer_invoices.finalize(1)
    assert pieces.sent <= 17


# --- JSON -----------------------------------------------------------------------------------------------

LABEL = b'{"id":1,"label":"%s"}'
DEEP = b'{"id":1,"new":' + b"[" * 63 + b"]" * 63 + b"}"


@pytest.mark.parametrize(
    "text",
    [
        DEEP.replace(b"[" * 63, b"[" * 64).replace(b"]" * 63, b"]" * 64),
        b'{"id":1,"new":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"id":1,"new":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
        b"[" * 1_000_000,
        b'{"id":1,"new":[{}' + b",{}" * 100_000 + b"]}",
        b'{"id":1,"new":' + b"[" * 100 + b'"' + b'\\"' * 1_000_000,
    ],
    ids=["a level too many", "arrays", "objects", "unfinished", "flat", "a string without an end"],
)
def test_an_answer_of_too_many_objects_or_levels_is_no_answer(text: bytes, connect: Connect) -> None:
    headers = {"content-type": "application/json"}
    client = connect(lambda request: httpx.Response(200, content=text, headers=headers))
    with pytest.raises(errors.OutcomeUnknownError):
        client.customer_invoices.finalize(1)
    refusing = connect(lambda request: httpx.Response(422, content=text, headers=headers))
    with pytest.raises(errors.UnprocessableError):
        refusing.customer_invoices.finalize(1)


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        b'{"id":1,"label":"' + b"[{" * 200_000 + b'"}',
        b'{"id":1,"label":"' + b'[{]} \\\\\\"' * 90 + b'"}',
    ],
    ids=["all levels", "brackets in a text", "odd text"],
)
def test_an_answer_of_as_many_levels_as_allowed_is_read(text: bytes, connect: Connect) -> None:
    headers = {"content-type": "application/json"}
    client = connect(lambda request: httpx.Response(200, content=text, headers=headers))
    assert client.customer_invoices.get(1).id == 1


def test_counting_is_linear() -> None:
    """A level is taken off at a time, of what is left."""
    seen = 0

    class Counted(bytes):
        def replace(self, old: Any, new: Any, count: Any = -1) -> Counted:
            nonlocal seen
            seen += len(self)
            return Counted(super().replace(old, new))

    _codec._exceeds(Counted(b"{" * 50_000 + b"}" * 50_000))
    assert seen <= 100_000 * _codec.DEEPEST


# --- lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ({}, "has no items"),
        ({"has_more": False, "next_cursor": None}, "has no items"),
        ({"items": None, "has_more": False}, "items"),
        ({"items": []}, "does not say whether it is the last"),
        ({"items": [], "has_more": True, "next_cursor": "x" * 5000}, "a cursor of 5000 characters"),
    ],
)
def test_what_is_no_page_does_not_look_like_an_empty_list(
    page: dict[str, Any], what: str, connect: Connect
) -> None:
    client = connect(lambda request: httpx.Response(200, json=page))
    with pytest.raises(errors.OutcomeUnknownError, match=what):
        list(client.products.list())


def test_pages_can_be_followed_by_hand(connect: Connect) -> None:
    answers = iter([{"items": [], "has_more": True, "next_cursor": "same"}] * 2)
    client = connect(lambda request: httpx.Response(200, json=next(answers)))
    page = client.products.list()
    assert page.next_cursor == "same"
    with pytest.raises(errors.OutcomeUnknownError, match=r"getProducts: .*no new cursor"):
        page.next_page()


# --- real sockets -----------------------------------------------------------------------------------------


@contextmanager
def serving(act: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on this machine that does ``act`` to each connection, for as long as the context lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if tls is None:
                act(connection)
                return
            with tls.wrap_socket(connection, server_side=True) as secured:
                act(secured)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=[connection]))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def dripping(pieces: Callable[[], Iterator[bytes]]) -> Callable[[socket.socket], None]:
    """Answer drop by drop until the other side hangs up."""
    pause = threading.Event()

    def act(connection: socket.socket) -> None:
        connection.recv(65536)
        for piece in pieces():
            connection.sendall(piece)
            pause.wait(0.01)

    return act


DRIPS: Sequence[Any] = [
    pytest.param(forever(HINTS), id="103"),
    pytest.param(forever(b"x", HEAD[:20]), id="a header"),
    pytest.param(forever(b"x", HEAD.replace(b"8", b"999999")), id="a body"),
]


def finalize_on(port: int, *, asynchronous: bool, scheme: str = "http", **options: Any) -> object:
    settings: dict[str, Any] = {"rate_limit": None, "retries": ONCE, "bounds": Bounds(seconds=0.3), **options}
    settings["base_url"] = f"{scheme}://127.0.0.1:{port}"
    if not asynchronous:
        with Client("a-token", **settings) as client:
            return client.customer_invoices.finalize(1)

    async def run() -> object:
        async with AsyncClient("a-token", **settings) as client:
            return await client.customer_invoices.finalize(1)

    return asyncio.run(run())


# A busy machine may take that long to connect.
LATE = (errors.OutcomeUnknownError, errors.NotSentError)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("pieces", DRIPS)
def test_a_server_that_drips_is_left(pieces: Any, asynchronous: bool) -> None:
    with serving(dripping(pieces)) as port, pytest.raises(LATE, match=r"0\.3 s in all"):
        finalize_on(port, asynchronous=asynchronous)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("pieces", DRIPS)
def test_a_server_that_drips_behind_tls_is_left(pieces: Any, asynchronous: bool) -> None:
    server, client = tls_contexts()
    make = httpx.AsyncHTTPTransport if asynchronous else httpx.HTTPTransport
    with (
        serving(dripping(pieces), server) as port,
        pytest.raises(LATE, match=r"0\.3 s in all"),
    ):
        finalize_on(port, asynchronous=asynchronous, scheme="https", transport=make(verify=client))


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_server_that_never_finishes_the_handshake_was_sent_nothing(asynchronous: bool) -> None:
    def act(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with serving(act) as port, pytest.raises(errors.NotSentError):
        finalize_on(port, asynchronous=asynchronous, scheme="https")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_server_in_time_is_heard(asynchronous: bool) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(WHOLE)

    with serving(act) as port:
        answer: Any = finalize_on(port, asynchronous=asynchronous, bounds=Bounds())
    assert answer.id == 1


def test_time_outs_of_the_network_have_their_fates() -> None:
    fates = {
        httpx.ConnectTimeout: Fate.NOT_SENT,
        httpx.WriteTimeout: Fate.AMBIGUOUS,
        httpx.ReadTimeout: Fate.AMBIGUOUS,
    }
    assert {error: fate(error("late")) for error in fates} == fates
