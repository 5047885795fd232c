"""``pennyform adopt``: write definitions of what the account has already; sends nothing but look-ups."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.account import options
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output
from pennyform.findings import Finding, Severity, failure

if TYPE_CHECKING:
    from pennyform.engine.adopt import Adopted
    from pennyform.invoices import Repository


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    output.add_paths(parser)
    options.configure(parser)
    parser.add_argument(
        "--from", dest="first", type=_day, metavar="DATE", help="invoices dated from this day on"
    )
    parser.add_argument(
        "--to", dest="last", type=_day, metavar="DATE", help="and up to this day; default: --from"
    )
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="REFERENCE",
        help="the invoice with this external_reference; may be repeated",
    )
    parser.add_argument("--no-color", action="store_true", help="never colour; the same as NO_COLOR=1")
    parser.set_defaults(target=[])


def _day(given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is not a day, such as 2025-10-01") from None


def run(args: argparse.Namespace) -> Exit:
    """Write the definitions; 4 when something that was found cannot be put into one."""
    from pennyform.cli.run.common import run_on

    if not args.first and not args.reference:
        raise failure(
            "adopt-nothing",
            "nothing is named to be adopted",
            fix="name dates (--from, --to) or a --reference",
        )
    if (args.last and not args.first) or (args.last or "9") < (args.first or ""):
        raise failure(
            "adopt-dates",
            "--from and --to name no days",
            fix="name the first day with --from, a later one with --to",
        )
    return run_on(args.paths, lambda repository: _adopt(repository, args), args, environment=args.environment)


def _adopt(repository: Repository, args: argparse.Namespace) -> Exit:
    from pennyform.cli.account import connection
    from pennyform.cli.run.adopt import withdraw_untrue
    from pennyform.engine.adopt import adopt, find
    from pennyform.invoices import load

    dates = (args.first, args.last or args.first) if args.first else None
    with connection.connect(repository, args.token_file) as account:
        found = find(account.remote, dates=dates, references=args.reference)
        adopted, left = adopt(found, repository)
        _refuse_overwriting(repository.root, adopted)
        for one in adopted:
            _write(repository.root, one)
        reload = partial(load, args.paths, environment=args.environment)
        withdrawn = withdraw_untrue(adopted, repository.root, reload, account.remote)
    kept = [one.path for one in adopted if one.path not in withdrawn]
    for path in kept:
        print(f"wrote {path}")
    print(f"Adopted: {len(kept)} definitions, which say what the account has.")
    left += [f"{path} was not kept: {why}" for path, why in sorted(withdrawn.items())]
    findings = [Finding("adopt-left", Severity.WARNING, text) for text in left]
    output.print_findings(findings, stream=sys.stderr, no_color=args.no_color)
    return Exit.FINDINGS if left else Exit.OK


def _refuse_overwriting(root: Path, adopted: list[Adopted]) -> None:
    paths = [one.path for one in adopted]
    taken = sorted({path for path in paths if (root / path).exists() or paths.count(path) > 1})
    if taken:
        raise failure(
            "adopt-exists",
            f"nothing was written: {', '.join(taken[:5])} would be overwritten",
            detail="A file that exists may be somebody's work.",
            fix="move it away, or adopt one invoice at a time with --reference",
        )


def _write(root: Path, one: Adopted) -> None:
    from pennyform.invoices.yaml.writer import definition_text

    path = root / one.path
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = f"../schemas/{one.kind}.schema.json"
    path.write_text(definition_text(dict(one.value), schema=schema), encoding="utf-8")
