"""Options of ``pennyform fleet``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pennyform.cli.options.account import OptionRecord, TargetOptions, add_companies
from pennyform.cli.options.common import add_folder, add_format, add_no_color

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class InitOptions(OptionRecord):
    """Nothing to choose."""

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_no_color(parser)


_VERBS = {
    "plan": "plans, which wait for an approval",
    "apply": "apply what the definitions ask",
    "verify": "compare the account with the definitions",
}


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """Which verb, for which companies. ``definitions`` are what they are read from.

    ``wait_seconds`` is how long to wait for the jobs to end; None does not wait.
    """

    verb: Literal["plan", "apply", "verify"]
    definitions: TargetOptions
    wait_seconds: float | None
    format: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options: those of a verb come after it, and the folder anywhere among them."""
        verbs = parser.add_subparsers(dest="work", required=True, metavar="|".join(_VERBS))
        for verb, text in _VERBS.items():
            SubmitOptions._configure(verbs.add_parser(verb, help=text))

    @staticmethod
    def _configure(parser: argparse.ArgumentParser) -> None:
        add_folder(parser)
        add_companies(parser)
        parser.add_argument(
            "--prune", action="store_true", help="also delete drafts that no definition asks for any more"
        )
        parser.add_argument(
            "--wait",
            dest="wait_seconds",
            type=_number(float, 0, 86_400, " seconds"),
            metavar="SECONDS",
            help="wait so long for the jobs to end, and say how; 75 when some have not",
        )
        add_format(parser, "text", "json", "markdown")

    @classmethod
    def read(cls, args: argparse.Namespace) -> SubmitOptions:
        """The options that ``args`` hold."""
        return cls(args.work, TargetOptions.read(args), args.wait_seconds, args.format)


@dataclass(frozen=True, slots=True)
class WorkerOptions(OptionRecord):
    """How to work.

    Attributes:
        concurrency: companies at once.
        grace_seconds: how long jobs go on once the worker is told to stop; then each ends after its step.
        approval: ``required`` carries out approved plans only, whatever the definitions say.
        once: stop as soon as no job is left.
        metrics: the port for metrics; None for none.
        metrics_host: the address that it listens on.
    """

    concurrency: int
    grace_seconds: float
    approval: str
    once: bool
    metrics: int | None
    metrics_host: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--concurrency",
            type=_number(int, 1, 1000),
            default=8,
            metavar="N",
            help="companies at once (default 8)",
        )
        parser.add_argument(
            "--grace",
            dest="grace_seconds",
            type=_number(float, 0, 86_400, " seconds"),
            default=20.0,
            metavar="SECONDS",
            help="how long jobs go on after SIGTERM; then each stops after its step (default 20)",
        )
        parser.add_argument(
            "--approval",
            choices=("optional", "required"),
            default="optional",
            help="required: carry out approved plans only, whatever the definitions say",
        )
        parser.add_argument("--once", action="store_true", help="stop as soon as no job is left")
        parser.add_argument("--metrics", type=int, metavar="PORT", help="serve metrics for Prometheus here")
        parser.add_argument(
            "--metrics-host",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="address to serve them on (default: this computer only)",
        )


@dataclass(frozen=True, slots=True)
class StatusOptions(OptionRecord):
    """How to show what the fleet does: printed, as a page in the file ``html``, or on the port ``serve``."""

    format: str
    html: Path | None
    serve: int | None

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_format(parser, "text", "json", "prometheus", "html")
        parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page to look at")
        parser.add_argument(
            "--serve", type=int, metavar="PORT", help="serve a page that refreshes itself on this computer"
        )


@dataclass(frozen=True, slots=True)
class PauseOptions:
    """Whether to pause or to go on: with these companies, or with the whole fleet when there are none."""

    pause: bool
    company_ids: tuple[int, ...]

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--company-id",
            action="append",
            type=_company_id,
            default=[],
            metavar="ID",
            help="this company alone, by its policies.company_id; may be repeated (default: the whole fleet)",
        )

    @classmethod
    def read(cls, args: argparse.Namespace) -> PauseOptions:
        """The options that ``args`` hold."""
        return cls(args.action == "pause", tuple(dict.fromkeys(args.company_id)))


@dataclass(frozen=True, slots=True)
class CleanOptions(OptionRecord):
    """What is older than so many days is deleted with ``delete``, and counted without."""

    days: int
    delete: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--older-than",
            dest="days",
            type=_number(int, 1, 36_500),
            required=True,
            metavar="DAYS",
            help="jobs that ended before, with their outcomes, used plans and files that no job needs",
        )
        parser.add_argument("--delete", action="store_true", help="delete them; otherwise they are counted")


@dataclass(frozen=True, slots=True)
class ApproveOptions(OptionRecord):
    """Which plan to approve, and how to show it; with ``show``, it is only shown.

    ``digest`` is the SHA-256 that the plan must have, "" where anything is meant that has the id.
    ``definitions`` is the repository that must say what the plan was made from; None for whatever that was.
    """

    plan: str
    format: str
    show: bool
    auto_approve: bool
    digest: str
    definitions: Path | None

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("plan", metavar="PLAN", help="its id, or the beginning of it")
        add_format(parser, "text", "json", "markdown", "html")
        parser.add_argument("--show", action="store_true", help="show the plan, and approve nothing")
        parser.add_argument("--auto-approve", action="store_true", help="do not ask again")
        parser.add_argument(
            "--digest", default="", metavar="SHA256", help="refuse a plan that has another content than this"
        )
        parser.add_argument(
            "--definitions",
            type=Path,
            metavar="FOLDER",
            help="refuse a plan that was made from other definitions than those of this repository",
        )


_ACTIONS: dict[str, tuple[Any, str]] = {
    "init": (InitOptions, "make the tables in PENNYFORM_DATABASE_URL, or upgrade them"),
    "submit": (SubmitOptions, "queue a job for each company"),
    "worker": (WorkerOptions, "do jobs until it is told to stop"),
    "status": (StatusOptions, "show what waits, runs, is done and failed"),
    "pause": (PauseOptions, "let no further job begin"),
    "resume": (PauseOptions, "go on after a pause"),
    "clean": (CleanOptions, "delete what ended long ago and nobody needs any more"),
    "approve": (ApproveOptions, "show a plan, and let the workers apply it"),
}


class FleetOptions:
    """The options of ``fleet``: a record for each of its actions."""

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(_ACTIONS))
        for name, (options, text) in _ACTIONS.items():
            options.configure(actions.add_parser(name, help=text))

    @staticmethod
    def read(args: argparse.Namespace) -> Any:
        """The options of the action that ``args`` name."""
        options, _ = _ACTIONS[args.action]
        return options.read(args)


def _number(kind: type[N], first: int, last: int, unit: str = "") -> Callable[[str], N]:
    """What reads a number of these bounds, both included."""

    def number(text: str) -> N:
        value = kind(text)
        if not first <= value <= last:
            raise argparse.ArgumentTypeError(f"{text} is not from {first} to {last}{unit}")
        return value

    return number


def _company_id(text: str) -> int:
    number = int(text)
    if not 1 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is no id of a company")
    return number


OPTIONS = {"fleet": FleetOptions}
