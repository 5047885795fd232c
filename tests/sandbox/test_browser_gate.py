"""Pages of other sites and names that others own reach nothing, on any path; files are no pages."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.auth import LINK_PREFIX, sign_link
from pennyform.sandbox.http.visitors import Visitors
from pennyform.sandbox.seed import FIRST_COMPANY
from pennyform.testing import Served

from .bodies import PDF, company
from .conftest import PATIENCE, Caller, Clock
from .test_e_invoices import cii, sent

API = "/api/external/v2"
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
# One of each: the API, its files, OAuth, what steers, the pages and what they are made of, and nothing.
PATHS = {
    f"{API}/me": "GET",
    f"{API}/company_customers": "POST",
    "/public/files/1/file_attachment/1/9999999999/00/a.pdf": "GET",
    "/oauth/authorize?client_id=sandbox&redirect_uri=http://a.test/&response_type=code&scope=x": "GET",
    "/oauth/token": "POST",
    "/_sandbox": "GET",
    "/_sandbox/requests": "GET",
    "/_sandbox/reset": "POST",
    "/_sandbox/snapshots/x": "PUT",
    "/": "GET",
    "/requests": "GET",
    "/assets/page.js": "GET",
    "/nothing": "GET",
}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Served]:
    with Served(sandbox) as server:
        yield server


@pytest.fixture
def ask(server: Served) -> Iterator[Ask]:
    """Ask over the port with a token, and with these headers alone."""
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as client:

        def ask(method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> httpx.Response:
            headers = {"authorization": f"Bearer {TOKEN}", **headers}
            return client.request(method, path, headers=headers, content=content)

        yield ask


FOREIGN = {
    "rebound": {"host": "evil.example.org"},
    "rebound, same origin": {"host": "evil.example.org:8787", "origin": "http://evil.example.org:8787"},
    "rebound, same origin to the browser": {"host": "evil.example.org:8787", "sec-fetch-site": "same-origin"},
    "a name without a dot": {"host": "ai"},
    "a name that ends well": {"host": "evil-localhost"},
    "another site": {"origin": "https://evil.example.org"},
    "no origin": {"origin": "null"},
    "another port of this computer": {"origin": "http://localhost:3000"},
    "an image": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    "a frame": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    "another program's page": {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    "a redirect": {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    },
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_sites_reach_nothing(ask: Ask, name: str) -> None:
    for path, method in PATHS.items():
        answer = ask(method, path, FOREIGN[name])
        assert answer.status_code == 403, (path, answer.status_code, answer.text)
        assert "Sandbox SAS" not in answer.text


@pytest.mark.parametrize(
    "host",
    ["[::1", "[", "]", "::1", "a:b", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999999", "%31", "a b", "\xe9"],
)
def test_odd_hosts_are_refused(server: Served, host: str) -> None:
    for path in (f"{API}/me", "/", "/_sandbox"):
        answer = say(server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403")), answer[:200]


def test_two_hosts_are_none(server: Served) -> None:
    hosts = "Host: evil.example.org\r\nHost: 127.0.0.1\r\n"
    assert b" 400 " in say(server, f"GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")[:20]


def say(server: Served, text: str) -> bytes:
    """Send text as it is; everything that comes back."""
    answer = b""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
        wire.sendall(text.encode("latin-1"))
        with suppress(ConnectionError):
            while part := wire.recv(65536):
                answer += part
    return answer


@pytest.mark.parametrize(
    "headers",
    [
        BROWSER | FORM,
        FORM,
        {"content-type": "text/plain"},
        {"content-type": "multipart/form-data; boundary=x"},
        BROWSER,  # fetch(…, {mode: "no-cors", method: "POST"})
        BROWSER | {"content-type": "application/json"},
        BROWSER | {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/_sandbox/reset", "/_sandbox/snapshots/x"])
def test_a_form_without_origin_changes_nothing(
    sandbox: Sandbox, ask: Ask, headers: dict[str, str], path: str
) -> None:
    sandbox.rename_company(sandbox.companies()[0].id, "Kept SARL")
    ask("PUT", "/_sandbox/snapshots/x", {})
    sandbox.rename_company(sandbox.companies()[0].id, "Later SARL")
    assert ask("POST", path, headers).status_code in (403, 415)
    assert sandbox.companies()[0].name == "Later SARL"


def test_a_form_of_another_site_gets_no_tokens(ask: Ask) -> None:
    form = b"grant_type=authorization_code&client_id=sandbox&client_secret=sandbox&code=x"
    assert ask("POST", "/oauth/token", BROWSER | FORM, form).status_code == 403
    assert ask("POST", "/oauth/token", FORM, form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "[::1]:8787", "localhost:8787", "LOCALHOST", "192.0.2.7"])
@pytest.mark.parametrize("site", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_this_computer_may(ask: Ask, host: str, site: dict[str, str]) -> None:
    for path in ("/", "/_sandbox", f"{API}/me"):
        assert ask("GET", path, {"host": host, "origin": f"http://{host}", **site}).status_code == 200
    same = {"host": host, "origin": f"http://{host}", **BROWSER}
    assert ask("POST", "/_sandbox/reset", same).status_code == 204


def test_programs_need_nothing_more_than_before(ask: Ask) -> None:
    """curl, and Node, whose fetch sends a header of browsers."""
    assert ask("POST", "/_sandbox/reset", {}).status_code == 204
    node = {"user-agent": "node", "sec-fetch-mode": "cors", "accept-language": "*"}
    assert ask("POST", "/_sandbox/reset", node).status_code == 204
    assert ask("DELETE", "/_sandbox/faults", node).status_code == 204


CLICK = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-user": "?1",
}


def test_a_link_that_somebody_clicked_opens_pages_and_starts_oauth(ask: Ask) -> None:
    query = "client_id=sandbox&redirect_uri=http://a.test/&response_type=code&scope=customers:readonly"
    assert ask("GET", "/", CLICK).status_code == 200
    assert ask("GET", f"/oauth/authorize?{query}", CLICK).status_code == 302
    for path in ("/_sandbox", f"{API}/me", "/public/files/x", "/oauth/token"):
        assert ask("GET", path, CLICK).status_code == 403


def test_a_host_can_be_named(sandbox: Sandbox) -> None:
    import asyncio

    async def status(host: str, hosts: tuple[str, ...]) -> int:
        transport = httpx.ASGITransport(sandbox.asgi(hosts=hosts))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return (await client.get("/_sandbox")).status_code

    assert asyncio.run(status("sandbox:8787", ("sandbox",))) == 200
    assert asyncio.run(status("SANDBOX", ("Sandbox",))) == 200
    assert asyncio.run(status("sandbox:8787", ())) == 403
    assert asyncio.run(status("a.sandbox", ("sandbox",))) == 403


def test_names_are_compared_whole() -> None:
    visitors = Visitors(["box"])
    assert [visitors.knows(name) for name in ("box", "localhost", "a.localhost", "127.0.0.1", "::1")] == [
        True
    ] * 5
    assert not any(
        visitors.knows(name) for name in ("", "boxx", "abox", "box.", "localhost.evil.org", "127.1")
    )


# --- files ------------------------------------------------------------------------------------------------


def check_inert(answer: httpx.Response) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")


def test_files_are_attachments(api: Caller) -> None:
    check_inert(api.fetch(api.upload(PDF, "a.pdf")["url"]))
    odd = api.upload(PDF, 'a";x="\u202e.html')
    check_inert(api.fetch(odd["url"]))


def test_an_imported_xml_is_no_page(api: Caller, sandbox: Sandbox, clock: Clock) -> None:
    imported = api.get(sent(api, cii()).json()["url"]).json()["id"]
    until = int(clock().timestamp()) + 60
    link = sign_link(sandbox.link_key(), FIRST_COMPANY, "customer_invoice", imported, until)
    answer = api.fetch(f"http://127.0.0.1{LINK_PREFIX}{link}/a.xml")
    assert answer.headers["content-type"] == "application/xml"
    check_inert(answer)
    constant = sign_link(b"pennyform sandbox", FIRST_COMPANY, "customer_invoice", imported, until)
    assert api.fetch(f"http://127.0.0.1{LINK_PREFIX}{constant}/a.xml").status_code == 404


def test_exports_and_documents_are_attachments(
    api: Caller, issued: Callable[..., dict[str, object]], clock: Clock
) -> None:
    invoice = issued()
    clock.advance(minutes=5)
    link = api.get(f"/customer_invoices/{invoice['id']}").json()["public_file_url"]
    check_inert(api.fetch(link))


def test_no_answer_is_sniffed_or_framed(ask: Ask) -> None:
    for path in (f"{API}/me", "/_sandbox", "/", "/assets/page.js", "/nothing"):
        headers = ask("GET", path, {}).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path


# --- the key of links -------------------------------------------------------------------------------------


def test_links_of_other_books_do_not_open(api: Caller, connect: Callable[..., Caller], clock: Clock) -> None:
    other = Sandbox(clock=clock, rate_limit=False)
    theirs, ours = connect(of=other).upload()["url"], api.upload()["url"]
    assert theirs != ours
    assert api.fetch(ours).status_code == 200
    assert api.fetch(theirs).status_code == 404
    other.close()


def test_the_key_is_no_part_of_a_copy(tmp_path: Path, clock: Clock) -> None:
    """Snapshots are shared and committed: who has one must not know the links of the books it came from."""
    sandbox = Sandbox(tmp_path / "a.db", clock=clock)
    key = sandbox.link_key()
    copy = sandbox.copy()
    assert len(key) == 32
    assert key not in copy
    other = Sandbox(tmp_path / "b.db", clock=clock)
    before = other.link_key()
    other.restore(copy)
    assert other.link_key() == before != key
    sandbox.restore(copy)
    assert sandbox.link_key() == key, "links stay what they were"
    sandbox.reset()
    assert sandbox.link_key() != key
    sandbox.close()
    other.close()
    again = Sandbox(tmp_path / "b.db", clock=clock)
    assert again.link_key() == before
    again.close()


def test_links_open_in_a_list_that_lags(api: Caller, sandbox: Sandbox, clock: Clock) -> None:
    from pennyform.sandbox.faults import Lag

    link = api.upload()["url"]
    clock.advance(seconds=1)
    sandbox.faults.schedule(Lag(seconds=60))
    api.made("/company_customers", company())
    clock.advance(seconds=1)
    assert api.get("/customers").json()["items"] == []
    assert api.fetch(link).status_code == 200
