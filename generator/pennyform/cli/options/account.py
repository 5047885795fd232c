"""Options of the verbs that use an account."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Self

from pennyform.cli.options.common import add_format, add_no_color, add_paths
from pennyform.findings import failure


def add_account(parser: argparse.ArgumentParser) -> None:
    """``--sandbox``, ``--environment`` and ``--token-file``."""
    account = parser.add_mutually_exclusive_group()
    account.add_argument(
        "--environment",
        choices=("sandbox", "production"),
        help="which account; default: what pennyform.yaml says",
    )
    account.add_argument(
        "--sandbox",
        action="store_const",
        const="sandbox",
        dest="environment",
        help="the embedded sandbox; short for --environment sandbox",
    )
    # No option takes the token itself: everybody on the machine can read a command line.
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a private file with the API token; default: PENNYLANE_API_TOKEN, then the keyring",
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="say on standard error what is asked, answered and waited for; see also PENNYFORM_LOG",
    )


def _add_targets(parser: argparse.ArgumentParser, *, prune: bool) -> None:
    """``--target``, which may be given more than once, ``--prune``, ``--company`` and ``--all``."""
    add_companies(parser)
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="REFERENCE",
        help="only the invoice with this external_reference; may be repeated",
    )
    if prune:
        parser.add_argument(
            "--prune",
            action="store_true",
            help="also delete drafts with this repository's reference_prefix that no definition asks for",
        )


def add_companies(parser: argparse.ArgumentParser) -> None:
    """``--company``, which may be given more than once, and ``--all``."""
    companies = parser.add_mutually_exclusive_group()
    companies.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="this company of a repository that holds several; may be repeated",
    )
    companies.add_argument("--all", action="store_true", help="all companies of the repository")


def add_company(parser: argparse.ArgumentParser) -> None:
    """``--company`` of a command that is about a single one."""
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="the company, of a repository that holds several",
    )


def _add_page(parser: argparse.ArgumentParser) -> None:
    """``--html``: a page to look at and to send, besides what is printed."""
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a page to look at, to print and to send"
    )


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Which definitions a command is about, and which account.

    Attributes:
        paths: files and folders of definitions.
        environment: ``sandbox`` or ``production``; None for what the repository says.
        token_file: where the API token lies; None for the environment variable or the keyring.
        references: the invoices that the command is restricted to; none for all of them.
        prune: also delete drafts that left the repository.
        companies: names of companies that the command is about; none for the repository of ``paths``.
        all_companies: whether it is about all of them.
    """

    paths: tuple[Path, ...]
    environment: str | None
    token_file: Path | None
    references: tuple[str, ...] = ()
    prune: bool = False
    companies: tuple[str, ...] = ()
    all_companies: bool = False

    @property
    def is_several_plans(self) -> bool:
        """Whether the paths are saved plans of several companies: definitions are known by their suffix."""
        are_plans = (path.suffix not in {".yaml", ".yml"} and path.is_file() for path in self.paths)
        return len(self.paths) > 1 and len({*self.paths}) == len(self.paths) and all(are_plans)

    @property
    def is_for_several(self) -> bool:
        """Whether companies are named, or saved plans of several of them."""
        return bool(self.companies) or self.all_companies or self.is_several_plans

    @classmethod
    def read(cls, args: argparse.Namespace) -> TargetOptions:
        """Those of a command line; a command that has no such option leaves it out."""
        return cls(
            tuple(map(Path, args.paths)),
            getattr(args, "environment", None),
            getattr(args, "token_file", None),
            tuple(getattr(args, "target", ())),
            getattr(args, "prune", False),
            tuple(dict.fromkeys(getattr(args, "company", ()))),
            getattr(args, "all", False),
        )


@dataclass(frozen=True, slots=True)
class OptionRecord:
    """A record of options that are read by the names of its fields; lists become tuples."""

    @classmethod
    def read(cls, args: argparse.Namespace) -> Self:
        """The options that ``args`` hold."""
        values = {
            field.name: TargetOptions.read(args) if field.name == "targets" else getattr(args, field.name)
            for field in fields(cls)
        }
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**values | lists)


@dataclass(frozen=True, slots=True)
class PlanOptions(OptionRecord):
    """What to plan, and how to print it.

    ``html`` is the file that gets a page besides, ``out`` the one to save the plan in; with
    ``detailed_exitcode``, changes to be made exit 2.
    """

    targets: TargetOptions
    format: str
    html: Path | None
    out: Path | None
    detailed_exitcode: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_format(parser, "text", "json", "markdown", "html")
        add_account(parser)
        _add_targets(parser, prune=True)
        _add_page(parser)
        # With one dash it is as Terraform has it.
        parser.add_argument(
            "--out", "-out", type=Path, metavar="FILE", help="save the plan for one 'apply FILE'"
        )
        parser.add_argument(
            "--detailed-exitcode", action="store_true", help="exit 2 when there are changes to be made"
        )


@dataclass(frozen=True, slots=True)
class ApplyOptions(OptionRecord):
    """What to apply, and how.

    Attributes:
        targets: the definitions and the account; its paths may also be one saved plan.
        format: how to print the plan and the report.
        auto_approve: do not ask before changing anything.
        wait: seconds to wait for PDFs in all; None for the default.
        time_limit: seconds after which nothing new is begun; None for the default.
        lock_timeout: seconds to wait while another apply holds the lock.
        mailed: references of invoices that a person says were mailed.
        not_mailed: references of invoices that a person says were not.
        repair_journal: set a damaged journal aside first.
        import_journal: a journal of version 0.1 to take over first.
    """

    targets: TargetOptions
    format: str
    auto_approve: bool
    wait: int | None
    time_limit: int | None
    lock_timeout: int
    mailed: tuple[str, ...]
    not_mailed: tuple[str, ...]
    repair_journal: bool
    import_journal: Path | None

    @classmethod
    def unattended(cls, targets: TargetOptions, *, auto_approve: bool) -> ApplyOptions:
        """Those of a program that applies for somebody: nothing is printed, and no lock is waited for."""
        return cls(
            targets,
            format="json",
            auto_approve=auto_approve,
            wait=None,
            time_limit=None,
            lock_timeout=0,
            mailed=(),
            not_mailed=(),
            repair_journal=False,
            import_journal=None,
        )

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "paths",
            nargs="*",
            default=["."],
            metavar="FILE|FOLDER|PLAN",
            help="definitions, or one plan saved by 'plan --out'; the folder one is in by default",
        )
        add_format(parser, "text", "json")
        add_account(parser)
        _add_targets(parser, prune=True)
        parser.add_argument("--auto-approve", action="store_true", help="do not ask before changing anything")
        parser.add_argument(
            "--wait",
            type=int,
            metavar="SECONDS",
            help="how long to wait for PDFs that mail needs; 0 leaves them to a later apply (default: 179)",
        )
        parser.add_argument(
            "--time-limit",
            type=int,
            metavar="SECONDS",
            help="begin nothing new after this time; the rest is left to a later apply (default: 86400)",
        )
        parser.add_argument(
            "--lock-timeout",
            type=int,
            default=0,
            metavar="SECONDS",
            help="how long to wait while another apply to this company is under way (default: 0)",
        )
        # The API does not show whether an invoice was mailed: after a lost answer only a person can tell.
        for option, meaning in (("--mailed", "was"), ("--not-mailed", "was not")):
            parser.add_argument(
                option,
                action="append",
                default=[],
                metavar="REFERENCE",
                help=f"this invoice {meaning} mailed, where pennyform cannot tell; may be repeated",
            )
        parser.add_argument(
            "--repair-journal",
            action="store_true",
            help="set a damaged journal aside and look everything up again",
        )
        parser.add_argument(
            "--import-journal",
            type=Path,
            metavar="FILE",
            help="take over the journal that pennyform 0.1 kept in .pennyform/journal",
        )


@dataclass(frozen=True, slots=True)
class VerifyOptions(OptionRecord):
    """What to verify, and how to print it.

    ``html`` is the file that gets a page besides; ``document`` is whether the documents are looked at too.
    """

    targets: TargetOptions
    format: str
    html: Path | None
    document: bool = False

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_format(parser, "text", "json", "html")
        _add_page(parser)
        add_account(parser)
        _add_targets(parser, prune=False)
        parser.add_argument(
            "--document",
            action="store_true",
            help="also download what was issued, check its XML by the rules of electronic invoices, and "
            "compare every amount and line",
        )


@dataclass(frozen=True, slots=True)
class AdoptOptions:
    """What to adopt: invoices dated from ``first`` to ``last`` (ISO dates), and those of ``references``.

    Without ``last``, all that are dated from ``first`` on.

    With ``kinds`` (``customer``, ``product``), those instead of invoices: of ``references``, or all of them.
    """

    targets: TargetOptions
    first: str | None
    last: str | None
    references: tuple[str, ...]
    kinds: tuple[str, ...] = ()

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_account(parser)
        add_companies(parser)
        parser.add_argument(
            "--from", dest="first", type=parse_day, metavar="DATE", help="invoices dated from this day on"
        )
        parser.add_argument(
            "--to", dest="last", type=parse_day, metavar="DATE", help="up to this day; default: the newest"
        )
        parser.add_argument(
            "--reference",
            action="append",
            default=[],
            metavar="REFERENCE",
            help="the invoice, customer or product with this external_reference; may be repeated",
        )
        for kind in ("customer", "product"):
            parser.add_argument(
                f"--{kind}s",
                action="append_const",
                const=kind,
                dest="kinds",
                help=f"{kind}s instead of invoices: all that are not declared, or those of --reference",
            )
        add_no_color(parser)

    @classmethod
    def read(cls, args: argparse.Namespace) -> AdoptOptions:
        """The options that ``args`` hold.

        Raises:
            Failure: they name nothing, or no days.
        """
        kinds = tuple(args.kinds or ())
        if kinds and (args.first or args.last):
            raise failure(
                "adopt-dates",
                "--from and --to are for invoices: customers and products have no date",
                fix="leave them out, or adopt invoices in a run of its own",
            )
        if not args.first and not args.last and not args.reference and not kinds:
            raise failure(
                "adopt-nothing",
                "nothing is named to be adopted",
                fix="name dates (--from, --to), a --reference, --customers or --products",
            )
        # "9" is later than every ISO date: without --to there is nothing to compare.
        if (args.last and not args.first) or (args.last or "9") < (args.first or ""):
            raise failure(
                "adopt-dates",
                "--to is before --from" if args.first else "--to is named without --from",
                fix="name the first day with --from, and the last with --to",
            )
        return cls(TargetOptions.read(args), args.first, args.last, tuple(args.reference), kinds)


def parse_day(text: str) -> str:
    """The value of ``--from`` and ``--to`` as an ISO date, so that two of them compare as text."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, such as 2025-10-01") from None


@dataclass(frozen=True, slots=True)
class StatusOptions(OptionRecord):
    """Whose invoices, and how to print how they stand; ``html`` is the file that gets a page besides."""

    targets: TargetOptions
    format: str
    html: Path | None

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_format(parser, "text", "json", "html")
        _add_page(parser)
        add_account(parser)
        add_companies(parser)


@dataclass(frozen=True, slots=True)
class AuditOptions(OptionRecord):
    """Whose journal, and how to print what it says."""

    targets: TargetOptions
    format: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_format(parser, "text", "json", "csv", "jsonl")
        add_account(parser)
        add_companies(parser)


@dataclass(frozen=True, slots=True)
class AuthOptions(OptionRecord):
    """Which account."""

    targets: TargetOptions

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """``status``, and which account."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="status")
        status = actions.add_parser("status", help="show the company, the user and the scopes of the token")
        add_account(status)
        add_companies(status)
        parser.set_defaults(paths=["."])


@dataclass(frozen=True, slots=True)
class DoctorOptions(OptionRecord):
    """Which repository and account to look at; with ``offline`` no account."""

    targets: TargetOptions
    offline: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_paths(parser)
        add_account(parser)
        add_companies(parser)
        parser.add_argument("--offline", action="store_true", help="do not ask the account")
        add_no_color(parser)


OPTIONS = {
    "plan": PlanOptions,
    "apply": ApplyOptions,
    "verify": VerifyOptions,
    "adopt": AdoptOptions,
    "status": StatusOptions,
    "audit": AuditOptions,
    "auth": AuthOptions,
    "doctor": DoctorOptions,
}
