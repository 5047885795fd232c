"""What type checkers know of errors, tokens and limits."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import httpx
from pennylane_company import AsyncClient, Client, RateLimit, __version__, errors
from pennylane_company.oauth import AuthorizationRequest, FileTokenStore, OAuth

store = FileTokenStore(Path("tokens.json"))
oauth = OAuth("id", "secret", redirect_uri="https://me.example/back", store=store)
assert_type(oauth.authorize(["customer_invoices:all"]), AuthorizationRequest)
of_user = Client(oauth, timeout=httpx.Timeout(5.0), rate_limit=RateLimit(requests=10))
AsyncClient(oauth, transport=httpx.AsyncHTTPTransport(), rate_limit=None)

Client("token", http_client=httpx.Client(verify=True), app="my-shop/1.2", random=lambda: 0.5)
AsyncClient("token", http_client=httpx.AsyncClient())
assert_type(of_user.with_options(timeout=2.0, max_retries=0), Client)
assert_type(AsyncClient("token").with_options(timeout=httpx.Timeout(2.0)), AsyncClient)
version: str = __version__

try:
    of_user.me.get()
except errors.RateLimitedError as refusal:
    assert_type(refusal.retry_after, float | None)
except errors.APIError as refusal:
    assert_type(refusal.status, int)
    assert_type(refusal.request_id, str | None)
except errors.OutcomeUnknownError as unknown:
    assert_type(unknown.operation, str)

Client("token", transport=httpx.AsyncHTTPTransport())  # E: arg-type
Client("token", rate_limit=25)  # E: arg-type
Client(b"token")  # E: arg-type
oauth.exchange("code")  # E: call-arg arg-type
Client("token", http_client=httpx.AsyncClient())  # E: arg-type
of_user.with_options(retries=2)  # E: call-arg
