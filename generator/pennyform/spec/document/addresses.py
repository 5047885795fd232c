"""Addresses that a contract may be fetched from: URLs told apart from what only looks like one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urljoin, urlsplit

LONGEST_URL = 4_000
"""Characters of one URL."""

# RFC 3986 (2): all the characters of a URI. Whatever else stands there, programs read it differently.
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_PATH = re.compile(r"[/?#]")
# RFC 1123 (2.1), and underscores, which some services have.
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9-]{1,63}\.?"
)
# A last label like this is a number to some resolvers: 127.1, 0x7f000001, 017700000001.
_NUMBER = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_PORTS = {"http": 80, "https": 443}
# Prefixes of IPv6 under which IPv4 addresses are reached (RFC 6052, 2.1).
_NAT64 = bytes.fromhex("0064ff9b0000000000000000")

THIS_MACHINE, PRIVATE, PUBLIC = range(3)
"""Who can be reached at an address: the programs of this machine, of a network of its own, everybody's."""


class AddressError(ValueError):
    """A text is no address that is fetched from; ``str()`` says why.

    ``has_secret`` is whether the text must not be repeated.
    """

    def __init__(self, reason: str, *, has_secret: bool = False) -> None:
        super().__init__(reason)
        self.has_secret = has_secret


@dataclass(frozen=True, slots=True)
class Address:
    """A URL whose parts are what every program takes them for; ``target`` is what the server is asked for."""

    text: str
    scheme: str
    host: str
    port: int
    target: str

    def redirected_to(self, location: str) -> Address:
        """What the ``Location`` of an answer from here means (RFC 9110, 10.2.2).

        Raises:
            AddressError: see :func:`parse_address`.
        """
        _check_characters(location)
        try:
            return parse_address(urljoin(self.text, location))
        except AddressError:
            raise
        except ValueError as problem:
            raise AddressError(f"it is not a URL: {problem}") from None


def parse_address(text: str) -> Address:
    """Take a URL apart.

    Raises:
        AddressError: it is neither ``https`` nor ``http``, carries a user name or password, or its host or
            port is something that programs disagree on.
    """
    # First of all, so that no other message repeats what may be a password.
    if "@" in _PATH.split(text.partition("://")[2], maxsplit=1)[0]:
        raise AddressError("the URL carries a user name or password", has_secret=True)
    _check_characters(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as problem:
        raise AddressError(f"it is not a URL: {problem}") from None
    if parts.scheme not in _PORTS:
        raise AddressError("it is not https")
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        if not _is_ip_address(host) or "%" in host:
            raise AddressError("its host is not an IPv6 address")
    elif not _NAME.fullmatch(host):
        raise AddressError("its host is not a name; other letters than a to z are written as xn--…")
    elif _NUMBER.fullmatch(host.rpartition(".")[2] or host) and not _is_ip_address(host):
        raise AddressError("its host is neither a name nor an IPv4 address")
    if port == 0 or (port is None and parts.netloc.endswith(":")):
        raise AddressError("its port is not a number from 1 to 65535")
    query = f"?{parts.query}" if parts.query else ""
    return Address(text, parts.scheme, host, port or _PORTS[parts.scheme], f"{parts.path or '/'}{query}")


def _check_characters(text: str) -> None:
    if len(text) > LONGEST_URL:
        raise AddressError(f"it is longer than {LONGEST_URL:,} characters")
    if not _CHARACTERS.fullmatch(text):
        raise AddressError("it has characters that no URL has, or is empty")


def _is_ip_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name or number alone."""
    return host == "localhost" or (_is_ip_address(host) and reach(host) == THIS_MACHINE)


def reach(text: str) -> int:
    """Who answers at an IP address: ``THIS_MACHINE``, ``PRIVATE`` or ``PUBLIC``."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner_address(address)
        if inner is not None:
            return reach(str(inner))
    # The unspecified address leads to this machine as well.
    if address.is_loopback or address.is_unspecified:
        return THIS_MACHINE
    return PUBLIC if address.is_global and not address.is_multicast else PRIVATE


def _inner_address(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if any."""
    if address.packed.startswith(_NAT64):
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
