"""What the parts of one apply share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import RefusedError
from pennyform.engine.applying.journalled_request import JournalledSender
from pennyform.engine.journal.records import Subject
from pennyform.engine.recovery.unknown_outcomes import UnknownOutcomeResolver
from pennyform.engine.runtime import Runtime
from pennyform.invoices.model import Attachment, Key


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """The account, the ways to write to it and to look up what became of a write, and the machine.

    ``root`` is the folder that attached files lie in; ``ids`` are those of customers, products and invoices
    that this apply has created or seen. They grow while it runs.
    """

    account: AccountClient
    sender: JournalledSender
    resolver: UnknownOutcomeResolver
    runtime: Runtime
    root: Path
    ids: dict[Subject, int] = field(default_factory=dict)

    @property
    def interrupted(self) -> Callable[[], bool]:
        """Whether a person wants it to stop."""
        return self.sender.interrupted

    def identify(self, key: Key) -> int | None:
        """The id that a natural key stands for; None when it has none yet."""
        return self.ids.get(Subject(key.kind, str(key.value)))

    def read_attachment(self, file: Attachment) -> bytes:
        """The bytes of ``file``, if they are still those that were planned.

        Raises:
            RefusedError: the file is gone or was changed.
        """
        try:
            data = self.runtime.storage.read(self.root / file.path)
        except OSError as problem:
            raise RefusedError(f"{file.path} cannot be read: {problem}", status=0) from problem
        if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
            raise RefusedError(f"{file.path} was changed since it was planned", status=0)
        return data
