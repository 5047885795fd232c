"""Read a contract from a file or over HTTPS, within limits, and make sure that it is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document import strict_json
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.structure import structure_errors

if TYPE_CHECKING:
    import ssl

    import httpx


# Unpacking is where a small answer becomes one that no memory holds: nothing packed is asked for, or taken.
_HEADERS = {"accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one read: bytes, seconds for everything together, and redirects followed."""

    # The largest contract known is a sixth of that.
    size: int = 32 * 1024 * 1024
    seconds: float = 60.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A contract as it was read: ``name`` is a URL or a file's base name, ``content`` the very bytes."""

    name: str
    content: bytes
    document: JsonObject


def load(source: str | Path, *, limits: Limits | None = None, trust: ssl.SSLContext | None = None) -> Source:
    """Read one contract document.

    Args:
        source: a path, or an ``https://`` URL (``http://`` only to this machine).
        limits: bounds on size, time and redirects; the defaults suit real contracts.
        trust: whose certificates to believe; the usual authorities when left out.

    Raises:
        Failure: it cannot be read, exceeds a limit, is not JSON, or is not an OpenAPI 3 document; every
            finding at once.
    """
    limits = limits or Limits()
    text = str(source)
    if "://" in text:
        name, content = text, download(text, limits, trust=trust)
    else:
        name, content = Path(text).name, _read(Path(text), limits)
    document = strict_json.parse(content, file=text)
    problems = [(pointer, f"expected {expected}") for pointer, expected in structure_errors(document)]
    paths = document.get("paths") if isinstance(document, dict) else None
    if paths == {}:
        problems.append(("/paths", "there are no operations"))
    for path in paths if isinstance(paths, dict) else ():
        if not path.startswith("/"):
            problems.append((child("/paths", path), f"the path {path!r} does not begin with '/'"))
    findings = tidy(
        Finding(
            "not-a-contract",
            Severity.ERROR,
            f"{pointer or 'the document'}: {problem}",
            file=text,
            pointer=pointer,
            detail="Only an OpenAPI 3 document in JSON can be pinned.",
            fix="Check the file or URL: a login page or an error message is often saved in its place.",
        )
        for pointer, problem in problems
    )
    if findings:
        raise Failure(findings)
    return Source(name, content, document)


def _read(path: Path, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limits.size + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fix = "Give the path of the contract in JSON, or its https URL."
        raise failure("unreadable-file", f"cannot read {path}: {reason}", file=str(path), fix=fix) from None
    if len(content) > limits.size:
        fix = "The largest contract known is a sixth of that: check what this file is."
        raise failure("too-large", f"larger than {limits.size:,} bytes", file=str(path), fix=fix)
    return content


def download(
    url: str,
    limits: Limits,
    *,
    trust: ssl.SSLContext | None = None,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """Return the body of ``url``.

    Args:
        url: ``https://``, or ``http://`` to a loopback address. Redirects obey the same rule; they never lead
            from https to http, nor from elsewhere to this machine.
        limits: bounds; time counts from the first request to the last byte.
        trust: whose certificates to believe; the usual authorities when left out.
        transport: what carries the requests; the network when left out.
        clock: seconds, monotonic.

    Raises:
        Failure: the address is refused, the server answers anything but 200, or a limit is exceeded.
    """
    import httpx  # not for those who read a file

    _check_address(url, origin=url)
    deadline = clock() + limits.seconds
    # For each step of a request; only the deadline bounds a server that sends a byte now and then.
    timeout = httpx.Timeout(min(10.0, limits.seconds))
    current = url
    with httpx.Client(
        transport=transport,
        verify=True if trust is None else trust,
        timeout=timeout,
        # Each address is checked before it is asked, and no proxy or password of the environment is used.
        follow_redirects=False,
        trust_env=False,
    ) as client:
        for _ in range(limits.redirects + 1):
            try:
                with client.stream("GET", current, headers=_HEADERS) as response:
                    if not response.is_redirect:
                        return _read_body(response, url, limits, lambda: clock() > deadline)
                    current = urljoin(current, response.headers["location"])
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
                raise _failure("unreachable", f"cannot fetch {url}: {reason}", url) from None
            # A redirect may lead anywhere (RFC 9110, 15.4): also to this machine, or to plain http.
            _check_address(current, origin=url)
    raise _failure("too-many-redirects", f"more than {limits.redirects} redirects", url)


def _read_body(response: httpx.Response, url: str, limits: Limits, expired: Callable[[], bool]) -> bytes:
    if response.status_code != HTTPStatus.OK:
        raise _failure("unexpected-status", f"{url} answered {response.status_code}", url)
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _failure("packed-answer", f"{url} answered with packed content", url)
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > limits.size:
            raise _failure("too-large", f"larger than {limits.size:,} bytes", url)
        if expired():
            raise _failure("too-slow", f"took longer than {limits.seconds:g} seconds", url)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_address(url: str, *, origin: str) -> None:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise _failure("credentials-in-url", "the URL carries a user name or password", parts.hostname or "")
    local = _is_loopback(parts.hostname or "")
    if local and not _is_loopback(urlsplit(origin).hostname or ""):
        raise _failure("address-refused", f"{origin} redirects to this machine", origin)
    # An https URL never leads to http, not even on this machine.
    local_http = parts.scheme == "http" and local and urlsplit(origin).scheme == "http"
    if parts.scheme != "https" and not local_http:
        raise _failure("address-refused", f"{url} is not https", origin)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failure(rule: str, summary: str, url: str) -> Failure:
    return failure(rule, summary, file=url, fix="Download the document yourself and give its path.")
