"""Options of the verbs that get the documents that were issued."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from pennyform.cli.options.account import OptionRecord, TargetOptions, add_account, add_company
from pennyform.cli.options.common import add_no_color


def _add_targets(parser: argparse.ArgumentParser) -> None:
    """Which account, and the company of a repository that holds several; definitions are not named."""
    add_account(parser)
    add_company(parser)
    add_no_color(parser)
    parser.set_defaults(paths=["."])


@dataclass(frozen=True, slots=True)
class OpenOptions(OptionRecord):
    """The reference of the invoice to open, in which account; ``only_print`` prints its link instead."""

    targets: TargetOptions
    reference: str
    only_print: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "reference", metavar="REFERENCE", help="the external_reference of a final invoice"
        )
        parser.add_argument(
            "--print",
            action="store_true",
            dest="only_print",
            help="print the link instead: whoever has it has the document",
        )
        _add_targets(parser)


@dataclass(frozen=True, slots=True)
class PdfOptions:
    """The references of the invoices whose documents are downloaded, and the file or folder they go to."""

    targets: TargetOptions
    references: tuple[str, ...]
    out: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "references", nargs="+", metavar="REFERENCE", help="the external_reference of a final invoice"
        )
        parser.add_argument(
            "--out",
            default=".",
            metavar="FILE|FOLDER",
            help="a name ending with .pdf is a file, any other a folder; default: the folder one is in",
        )
        _add_targets(parser)

    @classmethod
    def read(cls, args: argparse.Namespace) -> PdfOptions:
        """The options that ``args`` hold."""
        return cls(TargetOptions.read(args), tuple(dict.fromkeys(args.references)), args.out)


OPTIONS = {"open": OpenOptions, "pdf": PdfOptions}
