"""OAuth: nobody but the asker gets in, no pair of tokens is used up twice, and no secret is ever shown."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pennylane_company import AsyncClient, Client, errors
from pennylane_company.oauth import (
    ENDPOINTS,
    AuthorizationRequest,
    Endpoints,
    FileTokenStore,
    MemoryTokenStore,
    OAuth,
    Tokens,
    TokenStore,
)

from tests.client.conftest import ORIGIN, FakeClock

BACK = "https://me.example/back"
DAY = 86_400.0
SECRETS = ("s3cret", "access-", "refresh-", "c0de-of-mine", "v3rifier")


class Service:
    """The service's two sides: it grants tokens, and answers calls that carry the newest one."""

    def __init__(self, *outcomes: httpx.Response | Exception) -> None:
        self.outcomes = list(outcomes)
        self.forms: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.granted = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(ORIGIN):
            self.calls.append(request.headers["authorization"])
            known = self.calls[-1] == f"Bearer access-{self.granted}"
            return httpx.Response(200, json={}) if known else httpx.Response(401, json={"error": "no"})
        self.forms.append({key: value for key, [value] in parse_qs(request.content.decode()).items()})
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            # A copy each time, as a response can be read once.
            return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)
        return httpx.Response(200, json=self.grant())

    def grant(self) -> dict[str, Any]:
        self.granted += 1
        pair = {"access_token": f"access-{self.granted}", "refresh_token": f"refresh-{self.granted}"}
        return {**pair, "token_type": "Bearer", "expires_in": DAY, "scope": "products:all"}


def tokens(clock: FakeClock, *, age: float = 0.0) -> Tokens:
    start = clock.time() - age
    return Tokens("access-0", "refresh-0", start + DAY, start)


def oauth(service: Service, store: TokenStore, clock: FakeClock, **options: Any) -> OAuth:
    carriers = {"transport": httpx.MockTransport(service), "async_transport": httpx.MockTransport(service)}
    settings = {"redirect_uri": BACK, "store": store, "clock": clock, **carriers, **options}
    return OAuth("an-id", "s3cret-of-mine", **settings)


def call(auth: OAuth, service: Service) -> None:
    transport = httpx.MockTransport(service)
    with Client(auth, base_url=ORIGIN, transport=transport, rate_limit=None) as client:
        client.products.get(1)


async def acall(auth: OAuth, service: Service) -> None:
    transport = httpx.MockTransport(service)
    async with AsyncClient(auth, base_url=ORIGIN, transport=transport, rate_limit=None) as client:
        await client.products.get(1)


def both(auth: OAuth, service: Service) -> list[Callable[[], None]]:
    return [lambda: call(auth, service), lambda: asyncio.run(acall(auth, service))]


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenStore:
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "tokens.json")


# --- authorizing --------------------------------------------------------------------------------------------


def test_the_addresses_are_those_of_the_corrected_contract() -> None:
    assert Endpoints(
        "https://app.pennylane.com/oauth/authorize",
        "https://app.pennylane.com/oauth/token",
        "https://app.pennylane.com/oauth/revoke",
    ) == ENDPOINTS  # fmt: skip
    for url in ("http://app.pennylane.com/oauth", "https://u:p@x.example/", "ftp://localhost", "https:///x"):
        with pytest.raises(ValueError, match="https"):
            Endpoints(url, url, url)
    Endpoints(*["http://127.0.0.1:8000/token"] * 3)


def test_a_user_is_sent_with_a_challenge_and_a_state(store: TokenStore, clock: FakeClock) -> None:
    service = Service()
    asked = oauth(service, store, clock).authorize(["products:all", "customers:readonly"])
    url = urlsplit(asked.url)
    query = {key: value for key, [value] in parse_qs(url.query).items()}
    digest = hashlib.sha256(asked.verifier.encode()).digest()
    assert f"{url.scheme}://{url.netloc}{url.path}" == ENDPOINTS.authorize
    assert query == {
        "response_type": "code",
        "client_id": "an-id",
        "redirect_uri": BACK,
        "scope": "products:all customers:readonly",
        "state": asked.state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(asked.verifier) <= 128
    other = oauth(service, store, clock).authorize([])
    assert other.state != asked.state
    assert other.verifier != asked.verifier


ASKED = AuthorizationRequest("https://x.example", "st4te", "v3rifier")


@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_a_code_becomes_tokens_that_are_stored(flavour: str, store: TokenStore, clock: FakeClock) -> None:
    service = Service()
    auth = oauth(service, store, clock)
    callback = f"{BACK}?code=c0de-of-mine&state=st4te"
    got = (
        auth.exchange(ASKED, callback) if flavour == "sync" else asyncio.run(auth.aexchange(ASKED, callback))
    )
    assert service.forms == [
        {
            "grant_type": "authorization_code",
            "code": "c0de-of-mine",
            "code_verifier": "v3rifier",
            "redirect_uri": BACK,
            "client_id": "an-id",
            "client_secret": "s3cret-of-mine",
        }
    ]
    assert store.load() == got
    assert (got.access_token, got.expires_at, got.scope) == ("access-1", clock.time() + DAY, "products:all")
    call(auth, service)
    assert (service.calls, len(service.forms)) == (["Bearer access-1"], 1)


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("code=c0de-of-mine&state=other", "not the user"),
        ("code=c0de-of-mine", "not the user"),
        ("state=st4te", "no code"),
        ("error=access_denied&error_description=No&state=st4te", "access_denied: No"),
    ],
)
def test_a_callback_that_is_not_the_answer_sends_nothing(query: str, what: str, clock: FakeClock) -> None:
    service = Service()
    with pytest.raises(errors.AuthorizationError, match=what):
        oauth(service, MemoryTokenStore(), clock).exchange(ASKED, f"{BACK}?{query}")
    assert service.forms == []


# --- refreshing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
def test_a_pair_is_replaced_in_time_and_stored_first(
    number: int, store: TokenStore, clock: FakeClock
) -> None:
    service = Service()
    store.save(tokens(clock, age=DAY - 60))
    both(oauth(service, store, clock), service)[number]()
    assert [form["refresh_token"] for form in service.forms] == ["refresh-0"]
    assert service.calls == ["Bearer access-1"]
    kept = store.load()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token, kept.in_use) == ("access-1", "refresh-1", False)


@pytest.mark.parametrize("number", [0, 1])
def test_a_refused_token_is_replaced_once(number: int, store: TokenStore, clock: FakeClock) -> None:
    service = Service()
    store.save(replace(tokens(clock, age=3_600), access_token="access-old"))
    run = both(oauth(service, store, clock), service)[number]
    run()
    assert service.calls == ["Bearer access-old", "Bearer access-1"]
    service.granted = 9
    with pytest.raises(errors.AuthenticationError):
        run()
    assert len(service.forms) == 1


def test_a_pair_that_somebody_else_replaced_is_taken_over(store: TokenStore, clock: FakeClock) -> None:
    service = Service()
    store.save(tokens(clock))
    auth = oauth(service, store, clock)
    call(auth, service)
    other = oauth(service, store, clock)
    other.refresh()
    call(auth, service)
    assert service.calls == ["Bearer access-0", "Bearer access-0", "Bearer access-1"]
    assert len(service.forms) == 1


def test_two_threads_and_two_tasks_refresh_once(store: TokenStore) -> None:
    clock = FakeClock()
    store.save(tokens(clock, age=DAY))
    service = Service()
    slow = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if not str(request.url).startswith(ORIGIN):
            slow.wait(0.15)
        return service(request)

    class RealSleep(FakeClock):
        """Stands still, but lets others run."""

        def sleep(self, seconds: float) -> None:
            slow.wait(seconds)

        async def async_sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    carrier = httpx.MockTransport(answer)
    auth = oauth(service, store, RealSleep(), transport=carrier, async_transport=carrier)

    async def tasks() -> None:
        await asyncio.gather(acall(auth, service), acall(auth, service))

    jobs = [lambda: call(auth, service), lambda: call(auth, service), lambda: asyncio.run(tasks())]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(service.forms) == 1
    assert service.calls == ["Bearer access-1"] * 4


LOST = [
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("gone"),
    httpx.Response(502, text="bad gateway"),
    httpx.Response(200, text="<html>proxy</html>"),
    httpx.Response(200, json={"access_token": "access-\n", "expires_in": 1}),
    httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    ConnectionResetError("reset"),
]


@pytest.mark.parametrize("lost", LOST, ids=repr)
@pytest.mark.parametrize("number", [0, 1])
def test_a_lost_answer_is_said_and_not_asked_for_again(
    number: int, lost: Any, store: TokenStore, clock: FakeClock
) -> None:
    service = Service(lost)
    store.save(tokens(clock, age=DAY))
    auth = oauth(service, store, clock)
    for each in (auth, auth, oauth(service, store, clock)):
        with pytest.raises(errors.AuthorizationUnknownError, match="authorize again"):
            both(each, service)[number]()
    assert (len(service.forms), service.calls) == (1, [])
    # Only who says so sends it once more.
    assert auth.refresh(again=True).access_token == "access-1"
    call(auth, service)


def test_a_refresh_that_was_interrupted_counts_as_lost(store: TokenStore, clock: FakeClock) -> None:
    store.save(tokens(clock, age=DAY))
    service = Service()

    async def main() -> None:
        sent = asyncio.Event()

        async def hang(request: httpx.Request) -> httpx.Response:
            sent.set()
            await asyncio.sleep(600)
            raise AssertionError

        auth = oauth(service, store, clock, async_transport=httpx.MockTransport(hang))
        refreshing = asyncio.create_task(auth.arefresh())
        await asyncio.wait_for(sent.wait(), 120)
        refreshing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await refreshing
        with pytest.raises(errors.AuthorizationUnknownError):
            await auth.arefresh()

    asyncio.run(main())


NOT_DONE = [
    httpx.ConnectError("no route"),
    httpx.Response(429, text="slow down"),
    httpx.Response(400, json={"error": "invalid_grant", "error_description": "refresh-0 is s3cret-of-mine"}),
    httpx.Response(401, json={"error": "invalid_client"}),
]


@pytest.mark.parametrize("answer", NOT_DONE, ids=repr)
def test_a_refusal_leaves_the_pair_as_it_was(answer: Any, store: TokenStore, clock: FakeClock) -> None:
    service = Service(answer)
    before = tokens(clock, age=DAY)
    store.save(before)
    auth = oauth(service, store, clock)
    with pytest.raises(errors.AuthorizationError) as caught:
        call(auth, service)
    assert not isinstance(caught.value, errors.AuthorizationUnknownError)
    assert caught.value.error in {"", "invalid_grant", "invalid_client"}
    assert store.load() == before
    call(auth, service)
    assert len(service.forms) == 2


def test_without_tokens_nothing_is_sent(store: TokenStore, clock: FakeClock) -> None:
    service = Service()
    with pytest.raises(errors.AuthorizationError, match="send the user"):
        call(oauth(service, store, clock), service)
    assert (service.forms, service.calls) == ([], [])


# --- revoking -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_revoking_ends_it_and_forgets_it(flavour: str, store: TokenStore, clock: FakeClock) -> None:
    service = Service(httpx.ReadTimeout("slow"), httpx.Response(200, json={}))
    store.save(tokens(clock))
    auth = oauth(service, store, clock)

    def revoke() -> None:
        return auth.revoke() if flavour == "sync" else asyncio.run(auth.arevoke())

    with pytest.raises(errors.AuthorizationUnknownError):
        revoke()
    assert store.load() is not None
    for _ in range(2):
        revoke()
    assert store.load() is None
    assert [form["token"] for form in service.forms] == ["refresh-0", "refresh-0"]


# --- secrets ------------------------------------------------------------------------------------------------


def test_no_secret_is_in_a_repr_an_error_or_a_log(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = MemoryTokenStore(tokens(clock, age=DAY))
    echo = "access-0 refresh-0 s3cret-of-mine"
    outcomes: list[httpx.Response | Exception] = [
        httpx.Response(400, text=echo),
        httpx.Response(500, text=echo),
        httpx.Response(400, text=f"{echo} c0de-of-mine v3rifier"),
        httpx.ReadError("x"),
    ]
    service = Service(*outcomes)
    auth = oauth(service, store, clock)
    shown = [repr(auth), repr(store), repr(tokens(clock)), str(tokens(clock)), repr(ASKED), str(ASKED)]
    shown += [repr(Client(auth)), repr(AsyncClient(auth))]
    attempts: list[Callable[[], Any]] = [
        auth.refresh,
        lambda: auth.refresh(again=True),
        lambda: auth.exchange(ASKED, f"{BACK}?code=c0de-of-mine&state=st4te"),
        lambda: auth.refresh(again=True),
    ]
    for attempt in attempts:
        with pytest.raises(errors.AuthorizationError) as caught:
            attempt()
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        shown.append(f"{caught.value!r} {caught.value}")
    shown.append(caplog.text)
    assert [each for each in shown for secret in SECRETS if secret in each] == []


def test_an_error_that_repeats_the_access_token_does_not_show_it(clock: FakeClock) -> None:
    service = Service()
    auth = oauth(service, MemoryTokenStore(tokens(clock)), clock)
    refusing = httpx.MockTransport(lambda request: httpx.Response(422, text=request.headers["authorization"]))
    client = Client(auth, base_url=ORIGIN, transport=refusing, rate_limit=None)
    with pytest.raises(errors.UnprocessableError) as caught:
        client.products.get(1)
    assert "access-0" not in f"{caught.value} {caught.value.body}"


# --- the file -----------------------------------------------------------------------------------------------


def test_the_file_is_private_and_whole(tmp_path: Path, clock: FakeClock, monkeypatch: Any) -> None:
    path = tmp_path / "tokens.json"
    store = FileTokenStore(path)
    assert store.load() is None
    store.save(tokens(clock))
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.load() == tokens(clock)
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            store.save(tokens(clock, age=1))
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]
    assert FileTokenStore(path).load() == tokens(clock)
    store.clear()
    assert store.load() is None


def test_a_file_that_cannot_be_trusted_is_not_used(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "tokens.json"
    store = FileTokenStore(path)
    store.save(tokens(clock))
    path.chmod(0o640)
    with pytest.raises(errors.AuthorizationError, match="chmod 600"):
        store.load()
    path.chmod(0o600)
    path.write_text('{"access_token": "access-0"')
    with pytest.raises(errors.AuthorizationError, match="authorize again") as caught:
        store.load()
    assert caught.value.__context__ is None
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        FileTokenStore(tmp_path / "link").load()


def test_only_one_at_a_time_may_refresh(store: TokenStore, tmp_path: Path, clock: FakeClock) -> None:
    store.save(tokens(clock, age=DAY))
    assert store.acquire()
    assert not store.acquire()
    if isinstance(store, FileTokenStore):
        assert not FileTokenStore(tmp_path / "tokens.json").acquire()
    service = Service()
    with pytest.raises(errors.AuthorizationError, match="somebody else"):
        oauth(service, store, clock).refresh()
    store.release()
    assert oauth(service, store, clock).refresh().access_token == "access-1"
