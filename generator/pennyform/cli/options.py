"""What the options of commands with an account have in common, as frozen records made from argparse's."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Which definitions a command is about, and which account.

    Attributes:
        paths: files and folders of definitions.
        environment: ``sandbox`` or ``production``; None for what the repository says.
        token_file: where the API token lies; None for the environment variable or the keyring.
        references: the invoices that the command is restricted to; none for all of them.
        prune: also delete drafts that left the repository.
    """

    paths: tuple[Path, ...]
    environment: str | None
    token_file: Path | None
    references: tuple[str, ...] = ()
    prune: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> TargetOptions:
        """Those of a command line; a command that has no such option leaves it out."""
        return cls(
            tuple(map(Path, args.paths)),
            args.environment,
            args.token_file,
            tuple(getattr(args, "target", ())),
            getattr(args, "prune", False),
        )
