"""Making a plan, printing it and saving it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pennyform.cli.account import connection
from pennyform.cli.exits import Exit
from pennyform.cli.run.common import require_whole, write_out, write_page
from pennyform.cli.terminal import output
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.session import refresh_read_only, with_orphans
from pennyform.invoices import Repository
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.report.shared.ansi import Paint


def plan_and_print(repository: Repository, args: argparse.Namespace) -> Exit:
    """Plan against the account, print, and save when asked to."""
    made = _plan(repository, args)
    data = made.to_json()
    print_plan(data, args)
    if args.html:
        write_page(_page(data), args.html)
    if args.out:
        _save(made, repository, args)
    if made.conflicts:
        return Exit.DRIFT
    return Exit.PENDING if args.detailed_exitcode and made.pending else Exit.OK


def print_plan(data: Mapping[str, Any], args: argparse.Namespace) -> None:
    """Print a plan's data as ``args.format`` says."""
    if args.format == "json":
        text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    elif args.format == "markdown":
        text = plan_markdown.render(data)
    elif args.format == "html":
        text = _page(data)
    else:
        text = plan_text.render(data, Paint(output.style(sys.stdout, no_color=args.no_color).colour))
    write_out(text)


def _page(data: Mapping[str, Any]) -> str:
    from pennyform.report.plan import html as plan_html  # Jinja, which the other forms do without

    return plan_html.render(data)


def _plan(repository: Repository, args: argparse.Namespace) -> Plan:
    if args.prune:
        require_whole(repository, args)
    with connection.connect(repository, args.token_file) as account:
        company = account.remote.company()
        state = account.state(repository, company)
        looked = refresh_read_only(repository, account.remote, state, account.world.storage)
        made = make_plan(repository, looked.observation, looked.warnings)
        return with_orphans(made, repository, account.remote) if args.prune else made


def _save(made: Plan, repository: Repository, args: argparse.Namespace) -> None:
    paths = [Path(path) for path in args.paths]
    now, nonce = datetime.now(UTC), os.urandom(16).hex()
    content = binding.to_save(
        made, repository, paths, args.out, now=now, nonce=nonce, targets=args.target, prune=args.prune
    )
    plan_file.write(args.out, content)
    print(f"Saved: 'pennyform apply {args.out}' carries out exactly this, once.", file=sys.stderr)
