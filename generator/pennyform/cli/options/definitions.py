"""Options of the verbs that work on definitions alone, without the network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from pennyform.cli.options.common import add_format, add_no_color, add_paths

# No dataclasses: `validate` and `fmt` run in commit hooks, and importing them would be a tenth of the time.


class InitOptions(NamedTuple):
    """The folder, and what to put into it: a larger example, no example, or only schemas for editors.

    ``workflows`` are the services, ``github`` and ``gitlab``, whose workflow is written as well.
    """

    folder: Path
    example: bool
    bare: bool
    schemas: bool
    workflows: tuple[str, ...]

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "folder", nargs="?", default=".", metavar="FOLDER", help="made if it is not there"
        )
        content = parser.add_mutually_exclusive_group()
        content.add_argument(
            "--example", action="store_true", help="a larger example instead of the first two invoices"
        )
        content.add_argument("--bare", action="store_true", help="no example at all")
        content.add_argument(
            "--schemas",
            action="store_true",
            help="only the schemas for editors, written anew: also one for each template of the folder",
        )
        for service, name in (("github", "GitHub"), ("gitlab", "GitLab")):
            parser.add_argument(
                f"--{service}",
                action="append_const",
                const=service,
                dest="workflows",
                help=f"also a workflow of {name}: validate and plan on each change, apply after approval",
            )

    @classmethod
    def read(cls, args: argparse.Namespace) -> InitOptions:
        """The options that ``args`` hold."""
        workflows = tuple(args.workflows or ())
        return cls(Path(args.folder), args.example, args.bare, args.schemas, workflows)


class ValidateOptions(NamedTuple):
    """What to validate, and how to report it. ``jobs`` are processes; None for one a core.

    ``all_definitions`` is about all definitions of every repository at the paths and below. ``e_invoice``
    also checks each invoice by the rules of electronic ones. ``fail_on_warning`` lets warnings count as
    errors do.
    """

    paths: tuple[Path, ...]
    all_definitions: bool
    format: str
    output: Path | None
    jobs: int | None
    e_invoice: bool
    fail_on_warning: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        parser.add_argument(
            "--all",
            action="store_true",
            help="every repository in these folders and below, whole: for hooks, which do not name what was "
            "deleted or renamed, nor what depends on it",
        )
        add_format(parser, "text", "json", "markdown", "github", "sarif", "junit")
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="write there instead, and print only how many there are",
        )
        parser.add_argument(
            "--jobs",
            type=parse_job_count,
            metavar="N",
            help="processes that share many files; default: one a core",
        )
        parser.add_argument(
            "--e-invoice",
            action="store_true",
            help="also check by the rules of electronic invoices, in France those of the platforms",
        )
        parser.add_argument(
            "--fail-on",
            choices=("error", "warning"),
            default="error",
            help="what makes the exit code 4; default: %(default)s",
        )

    @classmethod
    def read(cls, args: argparse.Namespace) -> ValidateOptions:
        """The options that ``args`` hold."""
        paths = tuple(map(Path, args.paths))
        strict = args.fail_on == "warning"
        return cls(paths, args.all, args.format, args.output, args.jobs, args.e_invoice, strict)


def parse_job_count(text: str) -> int:
    """The value of ``--jobs``: a number above zero."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


class FmtOptions(NamedTuple):
    """What to format; with ``check``, only to say what would change."""

    paths: tuple[Path, ...]
    check: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit 4 when a file would change"
        )
        add_no_color(parser)

    @classmethod
    def read(cls, args: argparse.Namespace) -> FmtOptions:
        """The options that ``args`` hold."""
        return cls(tuple(map(Path, args.paths)), args.check)


class RulesOptions(NamedTuple):
    """The rules to print, all of them when none is named, and how."""

    names: tuple[str, ...]
    format: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("names", nargs="*", metavar="RULE", help="only these; all of them by default")
        add_format(parser, "text", "json", "markdown")

    @classmethod
    def read(cls, args: argparse.Namespace) -> RulesOptions:
        """The options that ``args`` hold."""
        return cls(tuple(args.names), args.format)


class RenderOptions(NamedTuple):
    """What to render, and how; with ``provenance``, text also shows where each value comes from."""

    paths: tuple[Path, ...]
    format: str
    provenance: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_format(parser, "text", "json")
        parser.add_argument(
            "--provenance",
            action="store_true",
            help="also show where each value comes from; JSON always does",
        )

    @classmethod
    def read(cls, args: argparse.Namespace) -> RenderOptions:
        """The options that ``args`` hold."""
        return cls(tuple(map(Path, args.paths)), args.format, args.provenance)


class PreviewOptions(NamedTuple):
    """What to preview: ``targets`` are references, files and folders. ``form`` is pdf, html, ubl or cii.

    ``out`` is a file or a folder, None for standard output; ``language`` one of ISO 639-1, None for the
    invoice's own.
    """

    targets: tuple[str, ...]
    form: str
    out: str | None
    language: str | None

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "targets",
            nargs="*",
            metavar="REFERENCE|FILE|FOLDER",
            help="invoices of the folder one is in, or definitions; all of them by default",
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument(
            "--pdf", action="store_const", dest="form", const="pdf", help="Factur-X: PDF/A-3 with its XML"
        )
        form.add_argument(
            "--html", action="store_const", dest="form", const="html", help="a page; the default"
        )
        form.add_argument(
            "--xml", choices=("ubl", "cii"), dest="form", help="the structured document, in this syntax"
        )
        parser.add_argument(
            "--out",
            metavar="FILE|FOLDER",
            help="write there: a file if its name ends with .pdf, .html or .xml, else a folder",
        )
        parser.add_argument(
            "--language",
            choices=("fr", "en", "de", "es", "it", "nl"),
            help="in place of the language of the invoice or its customer",
        )
        add_no_color(parser)

    @classmethod
    def read(cls, args: argparse.Namespace) -> PreviewOptions:
        """The options that ``args`` hold."""
        return cls(tuple(args.targets), args.form or "html", args.out, args.language)


class ListOptions(NamedTuple):
    """Which names to list, of which definitions, and how to print them."""

    kind: str
    paths: tuple[Path, ...]
    format: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "kind",
            choices=("vat-codes", "categories", "templates", "customers", "products"),
            metavar="KIND",
            help="what to list: vat-codes, categories, templates, customers or products",
        )
        add_paths(parser)
        add_format(parser, "text", "json")

    @classmethod
    def read(cls, args: argparse.Namespace) -> ListOptions:
        """The options that ``args`` hold."""
        return cls(args.kind, tuple(map(Path, args.paths)), args.format)


OPTIONS = {
    "list": ListOptions,
    "init": InitOptions,
    "validate": ValidateOptions,
    "fmt": FmtOptions,
    "rules": RulesOptions,
    "render": RenderOptions,
    "preview": PreviewOptions,
}
