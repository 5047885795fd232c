"""Options that several verbs share, as argparse declares them."""

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


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The repository that a command works on, as the only one of ``args.paths``."""
    parser.add_argument(
        "paths",
        nargs="?",
        type=lambda folder: [folder],
        default=".",
        metavar="FOLDER",
        help="the repository; the folder one is in by default",
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


def add_against(parser: argparse.ArgumentParser, help_: str) -> None:
    """``--against``: files and folders to look through for uses of what changed in a contract."""
    parser.add_argument("--against", nargs="+", type=Path, default=(), metavar="FILE|FOLDER", help=help_)
