"""Options of the verbs about the installation itself."""

from __future__ import annotations

import argparse
from typing import NamedTuple


class CompletionOptions(NamedTuple):
    """The shell to print the script for."""

    shell: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")

    @classmethod
    def read(cls, args: argparse.Namespace) -> CompletionOptions:
        """The options that ``args`` hold."""
        return cls(args.shell)


OPTIONS = {"completion": CompletionOptions}
