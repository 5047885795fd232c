# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""OAuth 2.0 for integrations that act for their users: authorization code with PKCE, refresh, revocation.

A user is sent to :attr:`AuthorizationRequest.url` and comes back to ``redirect_uri`` with a code::

    oauth = OAuth("client-id", "client-secret", redirect_uri="https://me.example/back", store=store)
    request = oauth.authorize(["customer_invoices:all"])  # keep it with the user's session
    oauth.exchange(request, "https://me.example/back?code=...&state=...")
    client = Client(oauth)

From then on the tokens are in the store, and ``OAuth(..., store=store)`` is all that a later run needs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_urlsafe
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec

from ._codec import checked
from ._connections.clock import SYSTEM_CLOCK, Clock
from ._connections.failures import Fate, fate
from ._connections.http_client import connect, connect_async
from ._contract import AUTHORIZE_URL, REVOKE_URL, TOKEN_URL
from ._exchange import USER_AGENT, Exchange, Reply, Retries, Steps
from ._secrets.credentials import is_printable, is_safe
from ._secrets.logs import keep_out_of_logs
from ._secrets.redaction import Redactor
from ._secrets.tokens import FileTokenStore, MemoryTokenStore, Tokens, TokenStore
from ._transport import AsyncCore, Core
from .errors import AuthorizationError, AuthorizationUnknownError

__all__ = [
    "ENDPOINTS",
    "AuthorizationRequest",
    "Endpoints",
    "FileTokenStore",
    "MemoryTokenStore",
    "OAuth",
    "TokenStore",
    "Tokens",
]

R = TypeVar("R")

# A token is replaced this many seconds before its time, so that it does not end on its way to the service.
LEEWAY = 120.0
# How often, in seconds, to look whether whoever is refreshing has finished, and for how long.
PAUSE, LONGEST_WAIT = 0.05, 60.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where users authorize, and where tokens are had and revoked."""

    authorize: str
    token: str
    revoke: str

    def __post_init__(self) -> None:
        for url in map(httpx.URL, (self.authorize, self.token, self.revoke)):
            if not is_safe(url) or url.userinfo or url.query or url.fragment:
                raise ValueError("an endpoint must be https, or http to a loopback address, without a query")


ENDPOINTS = Endpoints(AUTHORIZE_URL, TOKEN_URL, REVOKE_URL)


@dataclass(frozen=True, slots=True, repr=False)
class AuthorizationRequest:
    """One user's way to the service and back. Keep it with their session; its repr shows nothing of it.

    ``state`` proves that who comes back is who was sent, ``verifier`` that the code is used by who asked.
    """

    url: str
    state: str
    verifier: str

    def __repr__(self) -> str:
        return "AuthorizationRequest(...)"


class OAuth(httpx.Auth):
    """Puts an access token on each request, and has a new one made in time, once for all who wait for it.

    Give one object to all clients of one authorization, in threads and in tasks. Each refresh uses up the
    refresh token: it is marked as used in the store before it is sent, and the new pair is stored before
    anything else is done with it. When the answer to a refresh is lost, nobody can know which pair is valid:
    the call fails with :class:`~.errors.AuthorizationUnknownError`,
    and so does every later one, until the user has authorized again or :meth:`refresh` was called with
    ``again=True``.

    Args:
        client_id: the integration's id.
        client_secret: its secret; empty for one that has none.
        redirect_uri: where users come back to, as registered.
        store: where the tokens are kept; in memory when left out.
        endpoints: the service's addresses.
        timeout: seconds for each of connecting, sending and receiving.
        transport: what carries :class:`Client`'s token requests instead of the network. It is not closed.
        async_transport: the same for :class:`AsyncClient`.
        clock: where time comes from.
    """

    def __init__(  # noqa: PLR0913 - the settings of an integration
        self,
        client_id: str,
        client_secret: str = "",
        *,
        redirect_uri: str = "",
        store: TokenStore | None = None,
        endpoints: Endpoints = ENDPOINTS,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._store: TokenStore = MemoryTokenStore() if store is None else store
        self._endpoints = endpoints
        self._timeout = httpx.Timeout(timeout)
        self._sync_transport = transport
        self._async_transport = async_transport
        self._clock = clock
        # What is used, and what was seen last: while a refresh is under way nothing may be used.
        self._known: Tokens | None = None
        self._seen: Tokens | None = None
        keep_out_of_logs(self)

    def __repr__(self) -> str:
        return f"OAuth({self._client_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not written into a pickle")

    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat."""
        pair = (self._seen.access_token, self._seen.refresh_token) if self._seen else ()
        return tuple(filter(None, (self._client_secret, *pair)))

    def authorize(
        self, scopes: Sequence[str], *, random: Callable[[int], str] = token_urlsafe
    ) -> AuthorizationRequest:
        """Prepare to send a user to the service, asking for ``scopes``. Nothing is sent.

        Args:
            scopes: such as ``customer_invoices:all``; the methods of the client name those that they need.
            random: gives unguessable URL-safe text out of that many random bytes.
        """
        state, verifier = random(32), random(48)
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        return AuthorizationRequest(f"{self._endpoints.authorize}?{urlencode(query)}", state, verifier)

    def exchange(self, request: AuthorizationRequest, callback: str) -> Tokens:
        """Use the code that a user came back with, once, and store the tokens it gives.

        Args:
            request: what :meth:`authorize` gave when the user was sent.
            callback: the whole URL that the user came back to.

        Raises:
            AuthorizationError: the user or the service refused, or it is not the same user.
            AuthorizationUnknownError: no usable answer came; send the user again.
        """
        return self._drive(self._exchanged(request, callback))

    def refresh(self, *, again: bool = False) -> Tokens:
        """Have the service replace the stored pair of tokens now.

        Args:
            again: send a refresh token that may have been used. When it was, the service
                refuses it, and may end the whole authorization.

        Raises:
            AuthorizationError: there are no tokens, or the service refused.
            AuthorizationUnknownError: no usable answer came, now or the last time.
        """
        steps = self._renewed(self._store.load(), forced=True, again=again)
        return self._drive(steps)

    def revoke(self) -> None:
        """End the authorization at the service, and forget the tokens; without any, nothing is done.

        Raises:
            AuthorizationError: the service refused; the tokens are kept.
            AuthorizationUnknownError: no answer came; it may be called again.
        """
        self._drive(self._revoked())

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        tokens = self._fresh()
        if tokens is None:
            tokens = self._drive(self._renewed(None))
        response = yield _signed(request, tokens)
        if response.status_code == 401:
            fresh = self._drive(self._renewed(tokens))
            if fresh.access_token != tokens.access_token:
                yield _signed(request, fresh)

    def _drive(self, steps: Steps[R]) -> R:
        transport = self._sync_transport
        connections = connect(transport, _NO_RULES.origin)
        core = Core(_NO_RULES, self._clock, httpx.Auth(), self._timeout, connections)
        try:
            return core.drive(steps)
        finally:
            if transport is None:
                core.close()

    async def aexchange(self, request: AuthorizationRequest, callback: str) -> Tokens:
        """Use the code that a user came back with, once, and store the tokens it gives.

        Args:
            request: what :meth:`authorize` gave when the user was sent.
            callback: the whole URL that the user came back to.

        Raises:
            AuthorizationError: the user or the service refused, or it is not the same user.
            AuthorizationUnknownError: no usable answer came; send the user again.
        """
        return await self._adrive(self._exchanged(request, callback))

    async def arefresh(self, *, again: bool = False) -> Tokens:
        """Have the service replace the stored pair of tokens now.

        Args:
            again: send a refresh token that may have been used. When it was, the service
                refuses it, and may end the whole authorization.

        Raises:
            AuthorizationError: there are no tokens, or the service refused.
            AuthorizationUnknownError: no usable answer came, now or the last time.
        """
        steps = self._renewed(self._store.load(), forced=True, again=again)
        return await self._adrive(steps)

    async def arevoke(self) -> None:
        """End the authorization at the service, and forget the tokens; without any, nothing is done.

        Raises:
            AuthorizationError: the service refused; the tokens are kept.
            AuthorizationUnknownError: no answer came; it may be called again.
        """
        await self._adrive(self._revoked())

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Called by httpx for each request."""
        tokens = self._fresh()
        if tokens is None:
            tokens = await self._adrive(self._renewed(None))
        response = yield _signed(request, tokens)
        if response.status_code == 401:
            fresh = await self._adrive(self._renewed(tokens))
            if fresh.access_token != tokens.access_token:
                yield _signed(request, fresh)

    async def _adrive(self, steps: Steps[R]) -> R:
        transport = self._async_transport
        connections = connect_async(transport, _NO_RULES.origin)
        core = AsyncCore(_NO_RULES, self._clock, httpx.Auth(), self._timeout, connections)
        try:
            return await core.drive(steps)
        finally:
            if transport is None:
                await core.close()

    def _fresh(self) -> Tokens | None:
        known = self._known
        return known if known is not None and not self._is_ending(known) else None

    def _is_ending(self, tokens: Tokens) -> bool:
        leeway = min(LEEWAY, (tokens.expires_at - tokens.obtained_at) / 2)
        return self._clock.time() >= tokens.expires_at - leeway

    def _is_due(self, stored: Tokens, before: Tokens | None, *, forced: bool) -> bool:
        """Whether a pair is to be replaced; not if somebody else did so since the caller saw ``before``."""
        unchanged = before is not None and stored.access_token == before.access_token
        # A new token that is refused will not be helped by a newer one.
        aged = self._clock.time() - stored.obtained_at > LEEWAY
        return stored.in_use or self._is_ending(stored) or (unchanged and (forced or aged))

    def _turn(self) -> Steps[None]:
        waited = 0.0
        while not self._store.acquire():
            if waited >= LONGEST_WAIT:
                raise AuthorizationError(f"somebody else has been refreshing for {waited:.0f} s")
            yield PAUSE
            waited += PAUSE

    def _renewed(self, before: Tokens | None, *, forced: bool = False, again: bool = False) -> Steps[Tokens]:
        yield from self._turn()
        try:
            stored = self._store.load()
            if stored is None:
                raise AuthorizationError("there are no tokens: send the user to the service first")
            self._known, self._seen = None, stored
            if stored.in_use and not again:
                raise AuthorizationUnknownError(_LOST)
            if self._is_due(stored, before, forced=forced):
                stored = yield from self._refreshed(stored)
            self._known = self._seen = stored
            return stored
        finally:
            self._store.release()

    def _refreshed(self, tokens: Tokens) -> Steps[Tokens]:
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        self._store.save(replace(tokens, in_use=True))
        try:
            fresh = yield from self._granted(form)
        except AuthorizationUnknownError:
            raise
        except AuthorizationError:
            # Nothing came of it, so the pair is what it was before.
            self._store.save(tokens)
            raise
        self._store.save(fresh)
        return fresh

    def _exchanged(self, request: AuthorizationRequest, callback: str) -> Steps[Tokens]:
        form = {
            "grant_type": "authorization_code",
            "code": _code(request, callback),
            "code_verifier": request.verifier,
            "redirect_uri": self._redirect_uri,
        }
        yield from self._turn()
        try:
            tokens = yield from self._granted(form)
            self._store.save(tokens)
            self._known = self._seen = tokens
            return tokens
        finally:
            self._store.release()

    def _revoked(self) -> Steps[None]:
        yield from self._turn()
        try:
            tokens = self._store.load()
            if tokens is not None:
                form = {"token": tokens.refresh_token, "token_type_hint": "refresh_token"}
                yield from self._post(self._endpoints.revoke, form)
                self._store.clear()
            self._known = None
        finally:
            self._store.release()

    def _granted(self, form: Mapping[str, str]) -> Steps[Tokens]:
        started = self._clock.time()
        reply = yield from self._post(self._endpoints.token, form)
        grant = _grant(reply.body)
        if grant is None:
            raise AuthorizationUnknownError(f"status {reply.status} without a usable token; {_LOST}")
        return Tokens(
            grant.access_token,
            # A service that does not replace the refresh token leaves it out.
            grant.refresh_token or form.get("refresh_token", ""),
            started + grant.expires_in,
            started,
            grant.scope,
        )

    def _post(self, url: str, form: Mapping[str, str]) -> Steps[Reply]:
        who = {"client_id": self._client_id, "client_secret": self._client_secret}
        data = {**form, **{name: value for name, value in who.items() if value}}
        request = httpx.Request(
            "POST", url, headers={"accept": "application/json", "user-agent": USER_AGENT}, data=data
        )
        outcome = yield request
        if isinstance(outcome, Reply):
            if 200 <= outcome.status < 300:
                return outcome
            secret = [value for name, value in data.items() if name in _SECRET]
            raise _refusal(outcome, Redactor((*self.secrets(), *secret)))
        # The cause is left out, since it holds the request and that the secrets.
        if isinstance(outcome, Exception) and fate(outcome) is Fate.NOT_SENT:
            raise AuthorizationError(f"the service could not be reached ({type(outcome).__name__})")
        raise AuthorizationUnknownError(f"no usable answer ({type(outcome).__name__}); {_LOST}")


_NO_RULES = Exchange("https:", Retries(), None, tuple[str, ...])
_SECRET = {"client_secret", "code", "code_verifier", "refresh_token", "token"}
_LOST = "the service may have used up what it was sent: authorize again, or refresh(again=True)"
_LONGEST_TEXT = 300


class _Grant(msgspec.Struct):
    """What the service answers with when it grants tokens."""

    access_token: str
    expires_in: Annotated[float, msgspec.Meta(gt=0)]
    refresh_token: str = ""
    scope: str = ""


def _grant(body: bytes) -> _Grant | None:
    try:
        grant = msgspec.json.decode(checked(body), type=_Grant)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return grant if grant.access_token and is_printable(grant.access_token) else None


def _refusal(reply: Reply, redact: Redactor) -> AuthorizationError:
    body = redact.in_bytes(reply.body)
    text = " ".join(body.decode("utf-8", "replace").split())
    text = f"status {reply.status}: {text[:_LONGEST_TEXT]}"
    if reply.status >= 500 or reply.status < 400 or reply.status == 408:
        return AuthorizationUnknownError(f"{text}; {_LOST}")
    return AuthorizationError(text, error=_error(body))


def _error(body: bytes) -> str:
    try:
        error = msgspec.json.decode(checked(body), type=dict[str, Any]).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return error if isinstance(error, str) else ""


def _code(request: AuthorizationRequest, callback: str) -> str:
    """The code that a callback brings, if it is the answer to ``request``."""
    parameters = {name: values[-1] for name, values in parse_qs(urlsplit(callback).query).items()}
    if not hmac.compare_digest(parameters.get("state", "").encode(), request.state.encode()):
        raise AuthorizationError("the state is not the one that was sent: this is not the user who asked")
    if "error" in parameters:
        # The callback comes from a browser, and who made it knows the state.
        redact = Redactor((request.state, request.verifier, parameters.get("code", "")))
        error, description = redact(parameters["error"]), redact(parameters.get("error_description", ""))
        text = f"{error}: {description}".removesuffix(": ")
        raise AuthorizationError(text[:_LONGEST_TEXT], error=error)
    if not parameters.get("code"):
        raise AuthorizationError("the callback brings no code")
    return parameters["code"]


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _signed(request: httpx.Request, tokens: Tokens) -> httpx.Request:
    request.headers["authorization"] = f"Bearer {tokens.access_token}"
    return request
