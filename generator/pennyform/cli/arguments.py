"""Options that several commands share, as argparse declares them. Light, so that ``--help`` is fast."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_paths(parser: argparse.ArgumentParser) -> None:
    """The files and folders that a command works on: ``args.paths``."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="FILE|FOLDER",
        help="definitions; the folder one is in by default",
    )


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """``--format``, the first one given being the default, and ``--no-color``."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help="how to print; default: %(default)s"
    )
    add_no_color(parser)


def add_no_color(parser: argparse.ArgumentParser) -> None:
    """``--no-color``."""
    parser.add_argument("--no-color", action="store_true", help="never colour; the same as NO_COLOR=1")


def add_page(parser: argparse.ArgumentParser) -> None:
    """``--html``: a page to look at and to send, besides what is printed."""
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a page to look at, to print and to send"
    )


def add_account(parser: argparse.ArgumentParser) -> None:
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
