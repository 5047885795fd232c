"""Which account and which invoices are meant: options that verbs share. Light, so that ``--help`` is fast."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """``--sandbox``, ``--environment`` and ``--token-file``."""
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
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a private file with the API token; default: PENNYLANE_API_TOKEN, then the keyring",
    )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``--target``, which may be given more than once: ``args.target``."""
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="REFERENCE",
        help="only the invoice with this external_reference; may be repeated",
    )


def add_prune(parser: argparse.ArgumentParser) -> None:
    """``--prune``."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="also delete drafts with this repository's reference_prefix that no definition asks for",
    )
