"""What is sent, what is sent again, and what every kind of answer and failure becomes."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pennylane_company import Client, File, Retries, errors, models
from pennylane_company._connections.failures import FATES, Fate, fate

from tests.client.conftest import FakeClock

Handler = Callable[[httpx.Request], httpx.Response]
Connect = Callable[..., Client]
JSON = {"content-type": "application/json"}


class Script:
    """Answers requests one after the other; an exception is raised instead of answered."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def read(client: Client) -> Any:
    return client.customer_invoices.get(1)


def write(client: Client) -> Any:
    return client.customer_invoices.finalize(1)


# --- classification -------------------------------------------------------------------------------------


def test_every_exception_of_httpx_has_its_place() -> None:
    classes = {
        value for value in vars(httpx).values() if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert FATES.keys() == classes


def test_a_class_that_is_not_listed_is_ambiguous() -> None:
    class NewNetworkError(httpx.NetworkError):
        pass

    assert fate(NewNetworkError("x")) is Fate.AMBIGUOUS
    assert fate(ConnectionResetError("x")) is Fate.AMBIGUOUS
    assert fate(type("TunnelError", (httpx.ConnectError,), {})("x")) is Fate.NOT_SENT


@pytest.mark.parametrize("cls", FATES)
def test_each_failure_of_a_write_becomes_its_error(cls: type[Exception], connect: Connect) -> None:
    script = Script(exception(cls))
    with pytest.raises(errors.PennylaneError) as caught:
        write(connect(script))
    if FATES[cls] is Fate.NOT_SENT:
        assert isinstance(caught.value, errors.NotSentError)
        assert len(script.requests) == 4
    else:
        assert isinstance(caught.value, errors.OutcomeUnknownError)
        assert len(script.requests) == 1
    assert caught.value.operation == "finalizeCustomerInvoice"


def exception(cls: type[Exception]) -> Exception:
    request = httpx.Request("PUT", "https://pennylane.example/")
    if issubclass(cls, httpx.HTTPStatusError):
        return cls("boom", request=request, response=httpx.Response(500))
    if cls in {httpx.StreamConsumed, httpx.StreamClosed, httpx.RequestNotRead, httpx.ResponseNotRead}:
        return cls()
    return cls("boom")


# --- repeating -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [read, write])
def test_a_429_is_repeated_after_the_wait_that_was_asked_for(
    call: Callable[[Client], Any], connect: Connect, clock: FakeClock
) -> None:
    script = Script(httpx.Response(429, text="slow down", headers={"retry-after": "3"}), ok(id=1))
    assert call(connect(script)).id == 1
    assert clock.slept == [3.0]


def test_a_429_without_a_wait_is_repeated_after_growing_ones(connect: Connect, clock: FakeClock) -> None:
    script = Script(httpx.Response(429, text="slow down"))
    with pytest.raises(errors.RateLimitedError) as caught:
        read(connect(script))
    assert clock.slept == [0.5, 1.0, 2.0]
    assert (caught.value.retry_after, caught.value.message) == (None, "slow down")


def test_a_wait_beyond_the_bound_is_passed_on(connect: Connect, clock: FakeClock) -> None:
    script = Script(httpx.Response(429, text="later", headers={"retry-after": "61"}))
    with pytest.raises(errors.RateLimitedError) as caught:
        read(connect(script))
    assert (clock.slept, caught.value.retry_after) == ([], 61.0)


@pytest.mark.parametrize("wait", ["nan", "-1", "inf", "soon", ""])
def test_a_wait_that_makes_no_sense_is_passed_over(wait: str, connect: Connect, clock: FakeClock) -> None:
    script = Script(httpx.Response(429, headers={"retry-after": wait}), ok(id=1))
    read(connect(script))
    assert clock.slept == [0.5]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_only_reads_are_repeated_after_a_server_error(status: int, connect: Connect) -> None:
    reading = Script(httpx.Response(status), ok(id=1))
    assert read(connect(reading)).id == 1
    writing = Script(httpx.Response(status), ok(id=1))
    with pytest.raises(errors.ServerError):
        write(connect(writing))
    assert (len(reading.requests), len(writing.requests)) == (2, 1)


def test_only_reads_are_repeated_after_a_broken_connection(connect: Connect) -> None:
    assert read(connect(Script(httpx.ReadTimeout("slow"), ok(id=1)))).id == 1
    with pytest.raises(errors.OutcomeUnknownError):
        write(connect(Script(httpx.ReadTimeout("slow"), ok(id=1))))


def test_a_connection_that_never_opened_is_tried_again_even_for_a_write(connect: Connect) -> None:
    assert write(connect(Script(httpx.ConnectError("refused"), ok(id=1)))).id == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_final(status: int, connect: Connect) -> None:
    script = Script(httpx.Response(status, json={"error": "no", "status": status}))
    with pytest.raises(errors.for_status(status)):
        read(connect(script))
    assert len(script.requests) == 1


def test_repeating_can_be_switched_off(connect: Connect) -> None:
    script = Script(httpx.Response(503))
    with pytest.raises(errors.ServerError):
        read(connect(script, retries=Retries(attempts=1)))
    assert len(script.requests) == 1


# --- errors ----------------------------------------------------------------------------------------------

SHAPES = [
    (400, {"message": "bad date", "field": "date", "code": "InvalidPattern"}, "bad date"),
    (400, {"message": "wrong", "payload": {"a": 1}, "code": "NotAnyOf"}, "wrong"),
    (401, {"error": "Unauthorized", "status": 401}, "Unauthorized"),
    (403, {"error": "forbidden", "message": "scope", "details": "x:all"}, "scope: forbidden: x:all"),
    (422, {"error": ["a", {"message": "b"}]}, "a; b"),
    (422, {"errors": {"message": "nested"}}, "nested"),
    (404, "Not here", "Not here"),
    (409, "", "no message"),
    (500, "<html><body>Oops</body></html>", "<html><body>Oops</body></html>"),
    (418, {"unexpected": True}, "no message"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "message"), SHAPES)
def test_every_shape_of_error_has_a_message(status: int, body: Any, message: str, connect: Connect) -> None:
    answer = httpx.Response(status, text=body) if isinstance(body, str) else httpx.Response(status, json=body)
    answer.headers["x-request-id"] = "req-1"
    with pytest.raises(errors.APIError) as caught:
        write(connect(Script(answer)))
    error = caught.value
    assert type(error) is errors.for_status(status)
    assert (error.status, error.message, error.request_id) == (status, message, "req-1")
    assert str(error) == f"finalizeCustomerInvoice: {status} {message}"
    assert error.body == (body or "")
    if status == 400:
        assert (error.code, error.field) == (body["code"], body.get("field"))


def test_a_long_message_is_cut(connect: Connect) -> None:
    with pytest.raises(errors.ServerError) as caught:
        write(connect(Script(httpx.Response(500, text="x" * 10_000))))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (httpx.Response(200, html="<h1>Proxy</h1>"), "text/html"),
        (httpx.Response(200, text='{"id": 1}'), "text/plain"),
        (httpx.Response(200, content=b""), "unknown"),
        (httpx.Response(200, content=b'{"id": 1', headers=JSON), "truncated"),
        (httpx.Response(200, content=b'\xff{"id": 1}', headers=JSON), "200"),
        (httpx.Response(200, content=b"[]", headers=JSON), "array"),
        (httpx.Response(302, headers={"location": "https://elsewhere.example/"}), "302"),
        (httpx.Response(408), "408"),
        *(
            (httpx.Response(200, headers=JSON, content=text.encode()), "a number is out of range")
            for number in ('"NaN"', '"-sNaN"', '"Infinity"', '"1e99999999"', '"1E-1001"', f'"{"9" * 1001}"')
            for text in (f'{{"currency_amount": {number}}}', f'{{"date": 1, "currency_amount": {number}}}')
        ),
    ],
)
def test_a_success_that_cannot_be_relied_on_is_an_unknown_outcome(
    answer: httpx.Response, what: str, connect: Connect
) -> None:
    script = Script(answer)
    with pytest.raises(errors.OutcomeUnknownError, match="finalizeCustomerInvoice") as caught:
        write(connect(script))
    assert what in str(caught.value)
    assert len(script.requests) == 1
    assert caught.value.status == answer.status_code


def test_text_that_could_be_a_number_beyond_all_bounds_is_text(connect: Connect) -> None:
    label = f"nan 1e999 {'9' * 2000}"
    answer = ok(label=label, currency_amount="1e999", currency_tax="9" * 1000)
    read_answer = read(connect(Script(answer)))
    assert read_answer.label == label
    assert read_answer.currency_amount == Decimal("1e999")


def test_an_answer_without_a_body_is_none_unless_a_proxy_wrote_one(connect: Connect) -> None:
    connect(Script(httpx.Response(204))).customer_invoices.delete(1)
    with pytest.raises(errors.OutcomeUnknownError):
        connect(Script(httpx.Response(200, html="<h1>Welcome</h1>"))).customer_invoices.delete(1)


def test_a_read_whose_answer_has_no_body_is_an_error(connect: Connect) -> None:
    with pytest.raises(errors.OutcomeUnknownError, match="instead of JSON"):
        read(connect(Script(httpx.Response(204))))
    with pytest.raises(errors.OutcomeUnknownError, match="instead of JSON"):
        connect(Script(httpx.Response(204))).customer_invoices.list()


class Endless(httpx.SyncByteStream):
    """A body that trickles in and does not end."""

    def __init__(self, clock: FakeClock, *, chunk: bytes, pause: float) -> None:
        self.clock, self.chunk, self.pause = clock, chunk, pause

    def __iter__(self) -> Iterator[bytes]:
        # Endless for all that a client should care; a client without bounds must fail here, and not hang.
        for _ in range(50):
            self.clock.now += self.pause
            yield self.chunk
        raise AssertionError("nobody stopped reading")


@pytest.mark.parametrize(("chunk", "pause"), [(b"x", 50.0), (b"x" * 2**23, 0.0)])
def test_an_endless_answer_ends(chunk: bytes, pause: float, connect: Connect, clock: FakeClock) -> None:
    stream = Endless(clock, chunk=chunk, pause=pause)
    with pytest.raises(errors.OutcomeUnknownError):
        write(connect(Script(httpx.Response(200, stream=stream, headers=JSON))))


class Broken(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"error": "ta'
        raise httpx.ReadError("reset")


def test_a_refusal_whose_explanation_breaks_off_is_still_a_refusal(connect: Connect) -> None:
    with pytest.raises(errors.UnprocessableError):
        write(connect(Script(httpx.Response(422, stream=Broken()))))
    with pytest.raises(errors.OutcomeUnknownError):
        write(connect(Script(httpx.Response(500, stream=Broken()))))


# --- where requests go, and with what ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "base_url",
    ["http://app.pennylane.com", "https://user:pw@app.pennylane.com", "https://app.pennylane.com/api",
     "https://app.pennylane.com/?a=1", "ftp://localhost", "http://127.0.0.1.evil.example", "http://10.0.0.1",
     "https://", "app.pennylane.com", "http://[::2]"],
)  # fmt: skip
def test_a_base_url_that_the_token_must_not_go_to_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Client("a-token", base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    ["https://app.pennylane.com", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:9"],
)
def test_https_and_this_machine_are_allowed(base_url: str) -> None:
    assert base_url in repr(Client("a-token", base_url=base_url))


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "clé", "a\x00"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="token") as caught:
        Client(token)
    assert not token or token not in str(caught.value)


SECRET = "s3cr3t-t0k3n"


def test_the_token_is_nowhere_to_be_seen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me"):
            raise httpx.ConnectError(f"odd header Bearer {SECRET}")
        return httpx.Response(422, json={"error": f"token {SECRET} is odd"})

    client = Client(SECRET, transport=httpx.MockTransport(handler), retries=Retries(attempts=1))
    seen = [repr(client), repr(vars(client)), repr(client._core._exchange), repr(client.me)]
    for call in (client.me.get, lambda: client.customer_invoices.finalize(1)):
        with pytest.raises(errors.PennylaneError) as caught:
            call()
        seen += [str(caught.value), repr(caught.value), repr(vars(caught.value))]
    assert SECRET not in "".join(seen) + caplog.text


def test_an_id_cannot_leave_its_place_in_the_path(connect: Connect) -> None:
    script = Script(ok(id=1))
    client = connect(script)
    client.customer_invoices.get("1/../../x?y#z")  # type: ignore[arg-type]
    assert script.requests[0].url.raw_path == b"/api/external/v2/customer_invoices/1%2F..%2F..%2Fx%3Fy%23z"
    for odd in ("", ".", ".."):
        with pytest.raises(ValueError, match="id"):
            client.customer_invoices.get(odd)  # type: ignore[arg-type]


def test_a_closed_client_stays_closed(connect: Connect) -> None:
    client = connect(Script(ok(id=1)))
    with client:
        read(client)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        read(client)


def test_credentials_can_come_from_an_httpx_auth(connect: Connect) -> None:
    script = Script(ok(id=1))
    client = Client(httpx.BasicAuth("a", "b"), transport=httpx.MockTransport(script), rate_limit=None)
    read(client)
    assert script.requests[0].headers["authorization"].startswith("Basic ")


class Pipe(io.BytesIO):
    """A stream that cannot go back."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("a pipe cannot go back")


@pytest.mark.parametrize(
    "content", [b"%PDF", io.BytesIO(b"%PDF"), Pipe(b"%PDF")], ids=["bytes", "file", "pipe"]
)
def test_a_file_is_whole_when_it_is_sent_again(content: bytes | io.BytesIO, connect: Connect) -> None:
    bodies: list[bytes] = []
    answers = iter([httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(201, json={"id": 1})])

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return next(answers)

    attachment = models.FileAttachmentCreate(file=File("a.pdf", content, "application/pdf"))
    assert connect(handler).file_attachments.create(attachment).id == 1
    assert bodies[0] == bodies[1]
    assert b"%PDF" in bodies[0]


def test_a_body_is_json_with_unset_fields_left_out_and_null_kept(connect: Connect) -> None:
    script = Script(ok(id=1))
    update = models.DraftCustomerInvoiceUpdate(label=None, external_reference="A-1")
    connect(script).customer_invoices.update(1, update)
    assert json.loads(script.requests[0].content) == {"label": None, "external_reference": "A-1"}


def test_no_cookie_of_an_answer_is_kept(connect: Callable[..., Client]) -> None:
    cookies = [("set-cookie", f"c{number}=1") for number in range(3)]
    client = connect(lambda request: httpx.Response(200, headers=cookies, json={"id": 1}))
    client.products.get(1)
    assert not len(client._core._connections.get().cookies)
