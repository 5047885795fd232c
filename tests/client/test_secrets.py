"""Whatever a service says, in whatever spelling: a client's secrets are in nothing that it gives or logs."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Callable

import httpx
import pytest
from pennylane_company import AsyncClient, BearerToken, Client, errors, to_builtins
from pennylane_company.oauth import FileTokenStore, OAuth

from tests.client.conftest import ORIGIN
from tests.client.test_exchange import Retries
from tests.spellings import SECRET, SPELLINGS, leaks

Door = Callable[[str], httpx.Response]

ME = {"user": {"id": 1}, "company": {"id": 2, "reg_no": "3"}, "scopes": []}


def _raised(error: Callable[[str], Exception]) -> Door:
    def answer(echo: str) -> httpx.Response:
        raise error(echo)

    return answer


def _header(name: str, status: int) -> Door:
    def answer(echo: str) -> httpx.Response:
        return httpx.Response(status, headers=[(name.encode(), echo.encode())], content=b"{}")

    return answer


DOORS: dict[str, Door] = {
    "error as text": lambda echo: httpx.Response(422, text=f"<p>{echo}</p>"),
    "error as JSON": lambda echo: httpx.Response(400, json={"code": echo, "field": echo, "message": echo}),
    "error, nested": lambda echo: httpx.Response(403, json={"errors": [{"a": {"message": [echo, {}]}}]}),
    "key of an error": lambda echo: httpx.Response(409, json={"details": {echo: 1}}),
    "error of a proxy": lambda echo: httpx.Response(503, text=echo * 40),
    "rate": lambda echo: httpx.Response(429, text=echo, headers={"retry-after": "0"}),
    "header of an error": _header("x-request-id", 500),
    "name of a header": lambda echo: httpx.Response(401, headers=[(echo.encode(), b"1")], text="{}"),
    "redirect": _header("location", 302),
    "date": _header("date", 422),
    "content type": _header("content-type", 200),
    "no JSON": lambda echo: httpx.Response(200, text=echo, headers={"content-type": "application/json"}),
    "wrong JSON": lambda echo: httpx.Response(200, json={"company": echo, "scopes": {echo: 1}}),
    "company": lambda echo: httpx.Response(
        200, json=ME | {"company": {"id": 2, "name": echo, "reg_no": echo}}
    ),
    "reason phrase": lambda echo: httpx.Response(
        404, json={}, extensions={"reason_phrase": echo.encode("ascii", "replace")}
    ),
    "protocol error": _raised(lambda echo: httpx.RemoteProtocolError(f"illegal status line: {echo}")),
    "connect error": _raised(httpx.ConnectError),
    "error of the system": _raised(lambda echo: OSError(5, echo)),
}


def _everything(error: BaseException) -> str:
    """Whatever can be had of an exception."""
    chained: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chained:
        chained.append(link)
        link = link.__cause__ or link.__context__
    texts = ["".join(traceback.format_exception(error))]
    for each in chained:
        texts += [
            str(each),
            repr(each),
            repr(vars(each)),
            repr(each.args),
            repr(getattr(each, "__notes__", "")),
        ]
        texts += [repr(getattr(each, name, "")) for name in ("body", "headers", "message", "request_id")]
        texts.append(repr(dict(getattr(each, "headers", {}))))
        assert not hasattr(each, "request"), "a request has the token in its headers"
    return "\n".join(texts)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("door", DOORS)
def test_the_token_comes_back_through_no_door(
    door: str, spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = SPELLINGS[spelling](SECRET)
    transport = httpx.MockTransport(lambda request: DOORS[door](echo))
    client = Client(
        SECRET, base_url=ORIGIN, transport=transport, rate_limit=None, retries=Retries(attempts=2, backoff=0)
    )
    seen = [repr(client), repr(vars(client)), repr(client.me)]
    try:
        answer = client.me.get()
        seen += [repr(answer), repr(to_builtins(answer))]
    except errors.PennylaneError as error:
        seen.append(_everything(error))
    seen += [client.server_date, caplog.text, *(repr(record.args) for record in caplog.records)]
    assert not leaks("\n".join(seen))


def test_in_a_task_too() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(422, text=SECRET.lower()))

    async def call() -> str:
        async with AsyncClient(SECRET, base_url=ORIGIN, transport=transport, rate_limit=None) as client:
            with pytest.raises(errors.UnprocessableError) as caught:
                await client.me.get()
            return _everything(caught.value)

    assert not leaks(asyncio.run(call()))


def test_the_cursor_of_a_list_is_no_way_out() -> None:
    page = {"items": [], "has_more": True, "next_cursor": SECRET}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=page))
    client = Client(SECRET, base_url=ORIGIN, transport=transport, rate_limit=None)
    products = client.products.list()
    assert not leaks(repr(products))
    assert not leaks(repr(products.answer))
    assert not leaks(repr(products.next_cursor))
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        list(client.products.list())
    assert not leaks(_everything(caught.value))


def test_credentials_of_somebody_elses_are_not_repeated_either() -> None:
    auth = httpx.BasicAuth("user", SECRET)
    transport = httpx.MockTransport(
        lambda request: httpx.Response(422, text=request.headers["authorization"])
    )
    client = Client(auth, base_url=ORIGIN, transport=transport, rate_limit=None)
    with pytest.raises(errors.UnprocessableError) as caught:
        client.me.get()
    assert not leaks(_everything(caught.value))


def test_who_holds_secrets_is_not_pickled(tmp_path) -> None:  # type: ignore[no-untyped-def]
    oauth = OAuth("an-id", SECRET, store=FileTokenStore(tmp_path / "tokens.json"))
    for holder in (BearerToken(SECRET), oauth, Client(SECRET), Client(oauth)):
        with pytest.raises(TypeError):
            pickle.dumps(holder)
        assert not leaks(repr(holder))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_secret_of_a_client_is_in_no_error_of_oauth(spelling: str) -> None:
    echo = SPELLINGS[spelling](SECRET)
    answer = {"error": echo, "error_description": echo}
    for status in (400, 500):
        transport = httpx.MockTransport(lambda request, status=status: httpx.Response(status, json=answer))
        oauth = OAuth("an-id", SECRET, redirect_uri="https://me.example/back", transport=transport)
        request = oauth.authorize(["products:all"])
        with pytest.raises(errors.AuthorizationError) as caught:
            oauth.exchange(request, f"https://me.example/back?code=c&state={request.state}")
        assert not leaks(f"{_everything(caught.value)} {caught.value.error}")
