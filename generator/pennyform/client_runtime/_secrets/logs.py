# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Log records of the HTTP libraries, without the secrets of this process: an answer may repeat them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakSet

from .._contract import PACKAGE
from .redaction import Redactor

_LOGGERS = (
    PACKAGE,
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


class HasSecrets(Protocol):
    """Who puts secrets on requests."""

    def secrets(self) -> Iterable[str]:
        """What no message may repeat."""
        ...


class _SecretFilter(logging.Filter):
    """Rewrites records that repeat a secret."""

    def __init__(self) -> None:
        super().__init__()
        self.holders: WeakSet[HasSecrets] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without secrets."""
        redact = Redactor(secret for holder in tuple(self.holders) for secret in holder.secrets())
        message = record.getMessage()
        if redact.is_in(message):
            record.msg, record.args = redact(message), ()
        return True


_FILTER = _SecretFilter()


def keep_out_of_logs(holder: HasSecrets) -> None:
    """From now on, keep the secrets of ``holder`` out of log records, as long as it lives."""
    _FILTER.holders.add(holder)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
