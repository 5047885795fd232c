from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pennyform.sandbox import Rules, Sandbox
from pennylane_company import Client
from pennylane_company.oauth import OAuth

from .bodies import company
from .conftest import BASE_URL, Clock

# It announces, whenever it is imported, which HTTP library it means to use some day.
with warnings.catch_warnings(record=True):
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.httpx_client import OAuth2Client

ORIGIN = "https://app.pennylane.com"
BACK = "https://me.example/back"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def web(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Neither a token nor a contract: the browser, and forms by hand."""
    with httpx.Client(transport=sandbox.transport(), base_url=ORIGIN) as client:
        yield client


def authorized(web: httpx.Client, **changes: str) -> dict[str, str]:
    """Where the user comes back to, by its parameters."""
    query = {
        "response_type": "code",
        "client_id": "sandbox",
        "redirect_uri": BACK,
        "scope": "customers:all",
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    answer = web.get("/oauth/authorize", params={name: value for name, value in query.items() if value})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return {name: value for name, [value] in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchanged(web: httpx.Client, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "sandbox",
        "client_secret": "sandbox",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return web.post("/oauth/token", data={name: value for name, value in form.items() if value})


def refreshed(web: httpx.Client, token: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "sandbox"}
    return web.post("/oauth/token", data={**form, "client_secret": "sandbox", **changes})


def status(web: httpx.Client, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return web.get(f"{BASE_URL}/customers", headers=headers).status_code


@pytest.fixture
def pair(web: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = exchanged(web, authorized(web)["code"]).json()
    return found


def transport_of_authlib(web: httpx.Client) -> Any:
    """The sandbox for authlib, which takes httpx2 where it is installed: its types are not httpx's."""
    client = next(base for base in OAuth2Client.__mro__ if base.__name__ == "Client")
    library: Any = import_module(client.__module__.partition(".")[0])

    class Bridge(library.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"cookie"]
            answer = web.request(request.method, str(request.url), headers=headers, content=request.read())
            return library.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)

    return Bridge()


class TestLibraries:
    def test_authlib(self, web: httpx.Client, clock: Clock) -> None:
        with OAuth2Client(
            "sandbox",
            "sandbox",
            redirect_uri=BACK,
            scope="customers:all",
            code_challenge_method="S256",
            token_endpoint=f"{ORIGIN}/oauth/token",
            transport=transport_of_authlib(web),
        ) as client:
            url, state = client.create_authorization_url(f"{ORIGIN}/oauth/authorize", code_verifier=VERIFIER)
            back = web.get(url).headers["location"]
            token = client.fetch_token(authorization_response=back, state=state, code_verifier=VERIFIER)
            assert (token["token_type"], token["expires_in"]) == ("Bearer", 86_400)
            assert client.post(f"{BASE_URL}/company_customers", json=company()).status_code == 201
            assert client.get(f"{BASE_URL}/products").status_code == 403
            first = dict(client.token)
            second = client.refresh_token()
            assert second["access_token"] != first["access_token"]
            assert status(web, first["access_token"]) == 401
            assert client.get(f"{BASE_URL}/customers").status_code == 200
            assert client.revoke_token(f"{ORIGIN}/oauth/revoke").status_code == 200
            assert client.get(f"{BASE_URL}/customers").status_code == 401
            with pytest.raises(OAuthError, match="invalid_grant"):
                client.refresh_token()

    def test_the_emitted_client(self, sandbox: Sandbox, web: httpx.Client) -> None:
        oauth = OAuth("sandbox", "sandbox", redirect_uri=BACK, transport=sandbox.transport())
        request = oauth.authorize(["customers:all"])
        oauth.exchange(request, web.get(request.url).headers["location"])
        with Client(oauth, transport=sandbox.transport()) as client:
            assert client.me.get().scopes == ["customers:all"]
            oauth.refresh()
            assert client.me.get().company.reg_no.startswith("sandbox-")
            oauth.revoke()


class TestAuthorize:
    def test_the_state_comes_back(self, web: httpx.Client) -> None:
        assert authorized(web)["state"] == "xyz"
        assert "state" not in authorized(web, state="")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "everything"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"company_id": "42"}, "access_denied"),
        ],
    )
    def test_what_is_wrong_is_told_to_the_application(
        self, web: httpx.Client, changes: dict[str, str], error: str
    ) -> None:
        back = authorized(web, **changes)
        assert (back["error"], back["state"]) == (error, "xyz")

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"client_id": "nobody", "redirect_uri": BACK},
            {"client_id": "strict", "redirect_uri": f"{BACK}/elsewhere"},
            {"client_id": "sandbox", "redirect_uri": "javascript:alert(1)"},
            {"client_id": "sandbox", "redirect_uri": ""},
            {"client_id": ["sandbox", "sandbox"], "redirect_uri": BACK},
        ],
    )
    def test_nobody_is_sent_where_the_application_did_not_say(
        self, sandbox: Sandbox, web: httpx.Client, query: dict[str, Any]
    ) -> None:
        sandbox.add_application("strict", "secret", redirect_uris=[BACK])
        answer = web.get("/oauth/authorize", params=query)
        assert answer.status_code == 400
        assert "location" not in answer.headers

    def test_a_company_can_be_chosen(self, sandbox: Sandbox, web: httpx.Client) -> None:
        other = sandbox.add_company("Other SAS")
        token = exchanged(web, authorized(web, company_id=str(other))["code"]).json()["access_token"]
        me = web.get(f"{BASE_URL}/me", headers={"authorization": f"Bearer {token}"}).json()
        assert me["company"]["name"] == "Other SAS"


class TestToken:
    @pytest.mark.parametrize(
        ("changes", "code", "expected"),
        [
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"client_id": "nobody"}, 401, "invalid_client"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"code": "wrong"}, 400, "invalid_grant"),
            ({"redirect_uri": f"{BACK}/"}, 400, "invalid_grant"),
            ({"code_verifier": f"{VERIFIER}x"}, 400, "invalid_grant"),
            ({"code_verifier": ""}, 400, "invalid_grant"),
        ],
    )
    def test_who_asks_wrongly_gets_none(
        self, web: httpx.Client, changes: dict[str, str], code: int, expected: str
    ) -> None:
        answer = exchanged(web, **{"code": authorized(web)["code"], **changes})
        assert (answer.status_code, answer.json()["error"]) == (code, expected)
        assert answer.headers["cache-control"] == "no-store"

    def test_a_verifier_without_a_challenge_proves_nothing(self, web: httpx.Client) -> None:
        code = authorized(web, code_challenge="", code_challenge_method="")["code"]
        assert exchanged(web, code).status_code == 400

    def test_a_secret_may_come_in_the_header(self, web: httpx.Client) -> None:
        form = {"grant_type": "authorization_code", "code": authorized(web)["code"], "redirect_uri": BACK}
        answer = web.post(
            "/oauth/token", data={**form, "code_verifier": VERIFIER}, auth=("sandbox", "sandbox")
        )
        assert answer.status_code == 200
        assert web.post("/oauth/token", data=form, auth=("sandbox", "wrong")).status_code == 401
        garbled = {"authorization": "Basic %%%"}
        assert web.post("/oauth/token", data=form, headers=garbled).status_code == 401

    def test_an_application_without_a_secret_proves_itself_by_pkce(
        self, sandbox: Sandbox, web: httpx.Client
    ) -> None:
        sandbox.add_application("app")
        assert "error" in authorized(web, client_id="app", code_challenge="", code_challenge_method="")
        code = authorized(web, client_id="app")["code"]
        assert exchanged(web, code, client_id="app", client_secret="").status_code == 200

    def test_a_code_of_another_application_is_not_known(self, sandbox: Sandbox, web: httpx.Client) -> None:
        sandbox.add_application("app", "secret")
        code = authorized(web)["code"]
        assert exchanged(web, code, client_id="app", client_secret="secret").status_code == 400
        assert exchanged(web, code).status_code == 200

    def test_a_code_used_twice_ends_what_it_gave(self, web: httpx.Client) -> None:
        code = authorized(web)["code"]
        token = exchanged(web, code).json()["access_token"]
        assert status(web, token) == 200
        assert exchanged(web, code).status_code == 400
        assert status(web, token) == 401

    @pytest.mark.parametrize(("minutes", "status"), [(10, 400), (11, 200)])
    def test_a_code_ends_after_ten_minutes(
        self, sandbox: Sandbox, web: httpx.Client, clock: Clock, minutes: int, status: int
    ) -> None:
        sandbox.rules = Rules(code_minutes=minutes)
        code = authorized(web)["code"]
        clock.advance(minutes=10)
        assert exchanged(web, code).status_code == status

    @pytest.mark.parametrize(
        "request_",
        [
            {"json": {"grant_type": "authorization_code"}},
            {"content": b"\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            {"content": b"a=1&a=2", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            {"content": b"a=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            {"data": {str(number): "x" for number in range(101)}},
        ],
    )
    def test_what_is_no_form(self, web: httpx.Client, request_: dict[str, Any]) -> None:
        answer = web.post("/oauth/token", **request_)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_nothing_else_is_there(self, web: httpx.Client) -> None:
        assert web.get("/oauth/token").status_code == 404
        assert web.post("/oauth/authorize").status_code == 404
        assert web.get("/oauth/").status_code == 404


class TestRefresh:
    def test_it_replaces_both_tokens(self, web: httpx.Client, pair: dict[str, Any]) -> None:
        second = refreshed(web, pair["refresh_token"]).json()
        assert second["refresh_token"] != pair["refresh_token"]
        assert status(web, pair["access_token"]) == 401
        assert status(web, second["access_token"]) == 200

    @pytest.mark.parametrize(("once", "survives"), [(True, 401), (False, 200)])
    def test_once(
        self, sandbox: Sandbox, web: httpx.Client, pair: dict[str, Any], once: bool, survives: int
    ) -> None:
        sandbox.rules = Rules(refresh_once=once)
        second = refreshed(web, pair["refresh_token"]).json()
        again = refreshed(web, pair["refresh_token"])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert status(web, second["access_token"]) == survives

    def test_tokens_end(self, web: httpx.Client, pair: dict[str, Any], clock: Clock) -> None:
        clock.advance(hours=24)
        assert status(web, pair["access_token"]) == 401
        second = refreshed(web, pair["refresh_token"]).json()
        assert status(web, second["access_token"]) == 200
        clock.advance(days=90)
        assert refreshed(web, second["refresh_token"]).status_code == 400

    def test_it_may_ask_for_less_but_not_for_more(self, web: httpx.Client) -> None:
        code = authorized(web, scope="customers:all products:all")["code"]
        first = exchanged(web, code).json()
        assert refreshed(web, first["refresh_token"], scope="journals:all").json()["error"] == "invalid_scope"
        less = refreshed(web, first["refresh_token"], scope="products:all").json()
        assert less["scope"] == "products:all"
        assert status(web, less["access_token"]) == 403


class TestRevoke:
    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    def test_either_ends_both(self, web: httpx.Client, pair: dict[str, Any], which: str) -> None:
        form = {"token": pair[which], "client_id": "sandbox", "client_secret": "sandbox"}
        assert web.post("/oauth/revoke", data=form).status_code == 200
        assert status(web, pair["access_token"]) == 401
        assert refreshed(web, pair["refresh_token"]).status_code == 400

    def test_of_others_tokens_nothing_is_said(
        self, sandbox: Sandbox, web: httpx.Client, pair: dict[str, Any]
    ) -> None:
        sandbox.add_application("app", "secret")
        form = {"client_id": "app", "client_secret": "secret"}
        for token in ("unknown", pair["access_token"], pair["refresh_token"]):
            assert web.post("/oauth/revoke", data={**form, "token": token}).status_code == 200
        assert status(web, pair["access_token"]) == 200
        assert web.post("/oauth/revoke", data={"token": pair["access_token"]}).status_code == 401


def test_no_secret_is_kept_in_the_open(sandbox: Sandbox, pair: dict[str, Any]) -> None:
    image = sandbox.copy()
    for secret in (pair["access_token"], pair["refresh_token"], VERIFIER):
        assert secret.encode() not in image


def test_grants_survive_a_reset_no_more_than_anything_else(
    sandbox: Sandbox, web: httpx.Client, pair: dict[str, Any]
) -> None:
    sandbox.reset()
    assert status(web, pair["access_token"]) == 401
    assert refreshed(web, pair["refresh_token"]).status_code == 400
    assert status(web, exchanged(web, authorized(web)["code"]).json()["access_token"]) == 200
