# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""What an exception of httpx says about the request: did it leave, and was it answered?"""

from __future__ import annotations

from enum import Enum

import httpx


class Fate(Enum):
    """What became of a request that ended in an exception."""

    NOT_SENT = "not sent"
    AMBIGUOUS = "ambiguous"
    ANSWERED = "answered"


# Every exception class of httpx has its place here; a test fails when httpx grows one that has not.
# When in doubt it is AMBIGUOUS, since that is the side on which nothing is done twice.
FATES: dict[type[Exception], Fate] = {
    # No connection was made, so not one byte of the request left.
    httpx.ConnectError: Fate.NOT_SENT,
    httpx.ConnectTimeout: Fate.NOT_SENT,
    httpx.PoolTimeout: Fate.NOT_SENT,
    httpx.ProxyError: Fate.NOT_SENT,
    httpx.UnsupportedProtocol: Fate.NOT_SENT,
    httpx.InvalidURL: Fate.NOT_SENT,
    httpx.CookieConflict: Fate.NOT_SENT,
    # The connection was open: some, all or none of it may have arrived.
    httpx.ReadTimeout: Fate.AMBIGUOUS,
    httpx.WriteTimeout: Fate.AMBIGUOUS,
    httpx.ReadError: Fate.AMBIGUOUS,
    httpx.WriteError: Fate.AMBIGUOUS,
    httpx.CloseError: Fate.AMBIGUOUS,
    httpx.LocalProtocolError: Fate.AMBIGUOUS,
    httpx.RemoteProtocolError: Fate.AMBIGUOUS,
    # The body of a request or an answer could not be streamed.
    httpx.StreamConsumed: Fate.AMBIGUOUS,
    httpx.StreamClosed: Fate.AMBIGUOUS,
    httpx.RequestNotRead: Fate.AMBIGUOUS,
    httpx.ResponseNotRead: Fate.AMBIGUOUS,
    # There was an answer, of which the body or the redirects could not be used.
    httpx.DecodingError: Fate.ANSWERED,
    httpx.TooManyRedirects: Fate.ANSWERED,
    httpx.HTTPStatusError: Fate.ANSWERED,
    # The bases, for a class that is not listed.
    httpx.TimeoutException: Fate.AMBIGUOUS,
    httpx.NetworkError: Fate.AMBIGUOUS,
    httpx.ProtocolError: Fate.AMBIGUOUS,
    httpx.TransportError: Fate.AMBIGUOUS,
    httpx.RequestError: Fate.AMBIGUOUS,
    httpx.HTTPError: Fate.AMBIGUOUS,
    httpx.StreamError: Fate.AMBIGUOUS,
}

# What a transport may raise beside httpx's own: sockets and TLS raise OSError.
TRANSPORT_FAILURES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, OSError)


def fate(failure: Exception) -> Fate:
    """What became of the request that ended in ``failure``."""
    for cls in type(failure).__mro__:
        if cls in FATES:
            return FATES[cls]
    return Fate.AMBIGUOUS
