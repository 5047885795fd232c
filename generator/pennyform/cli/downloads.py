"""Files behind links that the service gives out: within bounds, and never with a token."""

from __future__ import annotations

import httpx

from pennyform.engine.account.errors import UnreadableError
from pennyform.findings import Failure

# Of one document that was issued: with its XML and a logo it is well below one megabyte.
_DOCUMENT_BYTES, _DOCUMENT_SECONDS = 32 * 1024 * 1024, 60.0


def fetch_link(transport: httpx.BaseTransport | None, url: str) -> bytes:
    """The file behind a link.

    Args:
        transport: what carries requests in place of the network.
        url: the link.

    Raises:
        UnreadableError: it does not open, or not within bounds.
    """
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
            if answer.status_code != httpx.codes.OK:
                raise UnreadableError(f"its link answered {answer.status_code}")
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _DOCUMENT_BYTES:
                    raise UnreadableError(f"its document is larger than {_DOCUMENT_BYTES:,} bytes")
            return bytes(content)
    except httpx.HTTPError as problem:
        raise UnreadableError(f"its link cannot be opened: {type(problem).__name__}") from None
