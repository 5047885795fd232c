"""Files behind links that the service gives out: within bounds, and never with a token."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from pennyform.engine.account.errors import UnreadableError
from pennyform.findings import Failure

# Of one document that was issued: with its XML and a logo it is well below one megabyte.
_DOCUMENT_BYTES, _DOCUMENT_SECONDS = 32 * 1024 * 1024, 60.0


def fetching(transport: httpx.BaseTransport | None) -> Callable[[str], bytes]:
    """What gets a file by its link, within bounds, and never with a token.

    Args:
        transport: what carries requests in place of the network.
    """

    def fetch(url: str) -> bytes:
        if transport is None:
            from pennyform.spec.document.budget import Limits
            from pennyform.spec.document.download import download

            limits = Limits(size=_DOCUMENT_BYTES, seconds=_DOCUMENT_SECONDS)
            try:
                return download(url, limits, accept="application/pdf")
            except Failure as problem:
                # Whoever has the link has the document, for as long as it opens.
                summary = problem.findings[0].summary.replace(url, "its link")
                raise UnreadableError(summary) from None
        try:
            with httpx.Client(transport=transport) as client, client.stream("GET", url) as answer:
                return _body(answer, _DOCUMENT_BYTES)
        except httpx.HTTPError as problem:
            raise UnreadableError(f"its link cannot be opened: {type(problem).__name__}") from None

    return fetch


def _body(answer: httpx.Response, most: int) -> bytes:
    """The body of an answer to a link.

    Raises:
        UnreadableError: it is a refusal, or larger than ``most`` bytes.
    """
    if answer.status_code != httpx.codes.OK:
        raise UnreadableError(f"its link answered {answer.status_code}")
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > most:
            raise UnreadableError(f"its document is larger than {most:,} bytes")
    return bytes(content)
