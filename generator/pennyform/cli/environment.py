"""Which account is meant: options that every verb with an account has. Light, so that ``--help`` is fast."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """``--sandbox`` and ``--environment``."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--environment",
        choices=("sandbox", "production"),
        help="which account; default: what pennyform.yaml says",
    )
    which.add_argument(
        "--sandbox",
        action="store_const",
        const="sandbox",
        dest="environment",
        help="the embedded sandbox; short for --environment sandbox",
    )
