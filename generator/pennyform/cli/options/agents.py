"""Options of the verbs for people who let agents write invoices."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace

from pennyform.cli.options.account import OptionRecord, TargetOptions, add_account, add_company
from pennyform.cli.options.common import add_folder, add_no_color

_PLAN_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class McpOptions:
    """Which repository and account the tools are for; ``allow_apply`` is whether there is one that writes."""

    definitions: TargetOptions
    allow_apply: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add_folder(parser)
        add_account(parser)
        # One company for each process: it is named here, and by no argument of a tool.
        add_company(parser)
        parser.add_argument(
            "--allow-apply",
            action="store_true",
            help="also offer the tool that applies a plan: drafts only, unless 'pennyform approve' was run",
        )

    @classmethod
    def read(cls, args: argparse.Namespace) -> McpOptions:
        """The options that ``args`` hold."""
        targets = TargetOptions.read(args)
        # Of several, the last one counts, as with any option that takes one value.
        return cls(replace(targets, companies=targets.companies[-1:]), args.allow_apply)


@dataclass(frozen=True, slots=True)
class ApproveOptions(OptionRecord):
    """The id of the plan to approve."""

    plan: str

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "plan", type=parse_plan_id, metavar="PLAN", help="the plan_id that the agent names"
        )
        add_no_color(parser)


def parse_plan_id(text: str) -> str:
    """The id of an agent's plan: it becomes the name of a file."""
    if not _PLAN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plan_id, such as 0f3a5c7e9b1d2f4a")
    return text


OPTIONS = {"mcp": McpOptions, "approve": ApproveOptions}
