"""Download one document: one deadline for all of it, and every address is checked before it is connected to.

The deadline is that of the sockets. Whatever a server sends, and however slowly it does, each operation gets
the time that is left of the whole: connecting, TLS, informational answers, headers, the body, redirects.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httpcore
import httpx

from pennyform.client_runtime._connections.network import Backend, Resolve, resolve
from pennyform.findings import Failure, failure
from pennyform.spec.document.addresses import (
    THIS_MACHINE,
    Address,
    AddressError,
    is_this_machine,
    parse_address,
    reach,
)
from pennyform.spec.document.budget import Limits

# Unpacking is where a small answer becomes one that no memory holds: nothing packed is asked for, or taken.
_HEADERS = {"accept-encoding": "identity", "user-agent": "pennyform"}
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_ERRORS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError)


@dataclass(frozen=True, slots=True)
class Network:
    """What a download takes from the machine.

    Attributes:
        clock: seconds, monotonic.
        resolve: host, port and the seconds left → IP addresses.
        sockets: what connects to an IP address.
    """

    clock: Callable[[], float] = time.monotonic
    resolve: Resolve = resolve
    sockets: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)


def download(
    url: str,
    limits: Limits,
    *,
    trust: ssl.SSLContext | None = None,
    network: Network | None = None,
    accept: str = "application/json",
) -> bytes:
    """Return the body of ``url``.

    Args:
        url: ``https://``, or ``http://`` to this machine. Redirects obey the same rule. They never lead from
            https to http, nor from everybody's network to a private one or to this machine.
        limits: bounds; time counts from the first step to the last byte.
        trust: whose certificates to believe; the usual authorities when left out.
        network: what carries the requests; this machine's when left out.
        accept: the media type that is asked for.

    Raises:
        Failure: the address is refused, the server answers anything but 200, or a limit is exceeded.
    """
    exchange = _Exchange(url, limits, network or Network())
    headers = [*_HEADERS.items(), ("accept", accept)]
    try:
        address = parse_address(url)
    except AddressError as problem:
        if problem.has_secret:
            raise failure("credentials-in-url", str(problem), fix="Give the URL without them.") from None
        raise exchange.failure("address-refused", f"{url} is refused: {problem}") from None
    context = httpx.create_ssl_context(trust_env=False) if trust is None else trust
    # No proxy and no password of the environment is used: each address is checked before it is asked.
    with httpcore.ConnectionPool(ssl_context=context, network_backend=exchange.backend(), retries=0) as pool:
        for _ in range(limits.redirects + 1):
            exchange.check(address)
            try:
                answer = _ask(pool, address, exchange, headers)
            except httpcore.TimeoutException:
                raise exchange.too_slow() from None
            except _ERRORS as error:
                reason = str(error) or type(error).__name__
                raise exchange.failure("unreachable", f"cannot fetch {url}: {reason}") from None
            if isinstance(answer, bytes):
                return answer
            address = answer
    raise exchange.failure("too-many-redirects", f"more than {limits.redirects} redirects")


def _ask(
    pool: httpcore.ConnectionPool, address: Address, exchange: _Exchange, headers: list[tuple[str, str]]
) -> bytes | Address:
    """The body of an answer, or where it redirects to."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    location = httpcore.URL(
        scheme=address.scheme, host=host.encode(), port=address.port, target=address.target.encode()
    )
    exchange.expect(exchange.limits.headers)
    with pool.stream("GET", location, headers=headers) as response:
        answered = [(name.lower(), value) for name, value in response.headers]
        locations = [value for name, value in answered if name == b"location"]
        if response.status in _REDIRECTS and len(locations) == 1:
            # A redirect may lead anywhere (RFC 9110, 15.4): also to this machine, or to plain http.
            try:
                return address.redirected_to(locations[0].decode("latin-1"))
            except AddressError as problem:
                summary = f"{exchange.url} redirects to an address that is refused: {problem}"
                raise exchange.failure("address-refused", summary) from None
        if response.status != HTTPStatus.OK:
            nowhere = ", without saying where to" if response.status in _REDIRECTS else ""
            summary = f"{exchange.url} answered {response.status}{nowhere}"
            raise exchange.failure("unexpected-status", summary)
        if any(name == b"content-encoding" and value.lower() != b"identity" for name, value in answered):
            raise exchange.failure("packed-answer", f"{exchange.url} answered with packed content")
        # What surrounds the chunks of a body counts as well: as much as the body itself is enough for it.
        exchange.expect(2 * exchange.limits.size)
        return _read_body(response.iter_stream(), exchange)


def _read_body(stream: Iterable[bytes], exchange: _Exchange) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in stream:
        size += len(chunk)
        if size > exchange.limits.size:
            raise exchange.too_large()
        chunks.append(chunk)
    return b"".join(chunks)


class _Exchange:
    """The limits of one download: it gives each operation the time that is left, and counts what comes."""

    def __init__(self, url: str, limits: Limits, network: Network) -> None:
        self.url = url
        self.limits = limits
        self._network = network
        self._deadline = network.clock() + limits.seconds
        self._expected = 0
        self._address: Address | None = None
        self._first: Address | None = None
        self._first_reach = THIS_MACHINE

    def expect(self, size: int) -> None:
        """So many bytes may come in from here on."""
        self._expected = size

    def backend(self) -> httpcore.NetworkBackend:
        """What opens its connections."""
        return cast("httpcore.NetworkBackend", Backend(self._network.sockets, self, self._checked_addresses))

    def seconds(self, timeout: float | None, error: type[Exception]) -> float:  # noqa: ARG002 - one deadline
        """The time that is left for an operation.

        Raises:
            Failure: there is none.
        """
        seconds = self._deadline - self._network.clock()
        if seconds <= 0:
            raise self.too_slow()
        return seconds

    def count(self, content: bytes) -> bytes:
        """Count what came in.

        Raises:
            Failure: it is more than was expected.
        """
        self._expected -= len(content)
        if self._expected < 0:
            raise self.too_large()
        return content

    def check(self, address: Address) -> None:
        """Make sure that an address may be asked; by its text, before its name is looked up.

        Raises:
            Failure: it is plain http and not this machine, or after https.
        """
        first = self._first = self._first or address
        self._address = address
        if address.scheme == "http" and (first.scheme != "http" or not is_this_machine(address.host)):
            raise self.failure("address-refused", f"{address.text} is not https")

    def _checked_addresses(self, host: str, port: int, seconds: float | None) -> list[str]:
        """The IP addresses of a host, each of which may be connected to: these very ones are."""
        addresses = self._network.resolve(host.strip("[]"), port, seconds)
        if not addresses:
            raise httpcore.ConnectError("the host has no address")
        nearest = min(map(reach, addresses))
        assert self._address, "an address is checked before it is connected to"
        if self._address is self._first:
            self._first_reach = nearest
        if nearest < self._first_reach:
            where = "this machine" if nearest == THIS_MACHINE else "a private network"
            raise self.failure("address-refused", f"{self.url} redirects to {where}")
        if self._address.scheme == "http" and nearest != THIS_MACHINE:
            raise self.failure("address-refused", f"{self._address.text} is not https, nor this machine")
        return addresses

    def too_slow(self) -> Failure:
        """The finding that the time is over."""
        return self.failure("too-slow", f"took longer than {self.limits.seconds:g} seconds")

    def too_large(self) -> Failure:
        """The finding that too much came in."""
        summary = f"larger than {self.limits.size:,} bytes, or {self.limits.headers:,} bytes of headers"
        return self.failure("too-large", summary)

    def failure(self, rule: str, summary: str) -> Failure:
        """A finding about this download."""
        return failure(rule, summary, file=self.url, fix="Download the document yourself and give its path.")
