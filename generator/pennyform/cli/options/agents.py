"""Options of the verbs for people who let agents write invoices."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from pennyform.cli.options.account import TargetOptions, add_account
from pennyform.cli.options.common import add_no_color

_PLAN_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class McpOptions:
    """Which repository and account the tools are for; ``allow_apply`` is whether there is one that writes."""

    definitions: TargetOptions
    allow_apply: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "paths",
            nargs="?",
            default=".",
            metavar="FOLDER",
            help="the repository; the folder one is in by default",
        )
        add_account(parser)
        # One company for each process: it is named here, and by no argument of a tool.
        parser.add_argument(
            "--company", metavar="NAME", help="the company, of a repository that holds several"
        )
        parser.add_argument(
            "--allow-apply",
            action="store_true",
            help="also offer the tool that applies a plan: drafts only, unless 'pennyform approve' was run",
        )

    @classmethod
    def read(cls, args: argparse.Namespace) -> McpOptions:
        """The options that ``args`` hold."""
        companies = (args.company,) if args.company else ()
        paths = (Path(args.paths),)
        targets = TargetOptions(paths, args.environment, args.token_file, companies=companies)
        return cls(targets, args.allow_apply)


@dataclass(frozen=True, slots=True)
class ApproveOptions:
    """The id of the plan to approve."""

    plan: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "plan", type=parse_plan_id, metavar="PLAN", help="the plan_id that the agent names"
        )
        add_no_color(parser)

    @classmethod
    def read(cls, args: argparse.Namespace) -> ApproveOptions:
        """The options that ``args`` hold."""
        return cls(args.plan)


def parse_plan_id(text: str) -> str:
    """The id of an agent's plan: it becomes the name of a file."""
    if not _PLAN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plan_id, such as 0f3a5c7e9b1d2f4a")
    return text


OPTIONS = {"mcp": McpOptions, "approve": ApproveOptions}
