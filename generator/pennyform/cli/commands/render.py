"""``pennyform render``: each invoice as the API will get it, with its totals, without the network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pennyform.cli.arguments import add_format, add_paths
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import Terminal
from pennyform.findings import errors
from pennyform.invoices import (
    DesiredInvoice,
    Repository,
    Resolved,
    UnknownProductError,
    load,
    request_body,
    totals,
)
from pennyform.invoices.desired.json_bodies import after_finalize


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What to render, and how; with ``provenance``, text also shows where each value comes from."""

    paths: tuple[Path, ...]
    format: str
    no_color: bool
    provenance: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_paths(parser)
    add_format(parser, "text", "json")
    parser.add_argument(
        "--provenance", action="store_true", help="also show where each value comes from; JSON always does"
    )


def read_options(args: argparse.Namespace) -> RenderOptions:
    """The options that ``args`` hold."""
    return RenderOptions(tuple(map(Path, args.paths)), args.format, args.no_color, args.provenance)


def run(options: RenderOptions, terminal: Terminal) -> Exit:
    """Print invoices on standard output and findings on standard error; 4 when a definition is invalid."""
    from pennyform.report.render import json as render_json
    from pennyform.report.render import text as render_text

    as_json = options.format == "json"
    resolved: list[Resolved] = []
    repository, findings = load(options.paths, resolved.append if as_json or options.provenance else None)
    terminal.print_findings(findings, no_color=options.no_color)
    if errors(findings):
        return Exit.FINDINGS
    invoices = [_rendered(invoice, repository) for invoice in repository.invoices]
    origins = _origins(resolved, repository)
    rendering = {
        "format_version": 1,
        "rounding": repository.settings.rounding,
        "invoices": [invoice | origins.get(invoice["external_reference"], {}) for invoice in invoices],
    }
    renderer = render_json if as_json else render_text
    terminal.write(renderer.render(rendering))
    return Exit.OK


def _origins(made: Sequence[Resolved], repository: Repository) -> dict[str, dict[str, Any]]:
    if not made:
        return {}
    from pennyform.invoices.templates.provenance import provenance

    return {
        one.invoice.external_reference: {
            "provenance": [each.to_json() for each in provenance(one, repository)],
        }
        for one in made
    }


def _rendered(invoice: DesiredInvoice, repository: Repository) -> dict[str, Any]:
    try:
        amounts = totals(
            invoice.body, rounding=repository.settings.rounding, product=repository.product
        ).to_json()
    except UnknownProductError:
        amounts = None  # what the product costs is only known to the account
    return {
        "external_reference": invoice.external_reference,
        "kind": invoice.kind,
        "operation": invoice.operation,
        "body": request_body(invoice, lambda key: key.to_json()),
        "then": _later(invoice),
        "totals": amounts,
    }


def _later(invoice: DesiredInvoice) -> dict[str, Any]:
    """What is done once the invoice is there, by name; nothing that is not asked for."""
    options = invoice.options
    wishes: dict[str, Any] = {
        "finalize": options.finalize,
        "after_finalize": after_finalize(invoice.body),
        "link_credit_note": invoice.credit_note_of and invoice.credit_note_of.to_json(),
        "appendices": [one._asdict() for one in options.appendices],
        "send_to_pa": options.send_to_pa,
        "mark_as_paid": options.mark_as_paid,
        "matched_transactions": [key.to_json() for key in options.matched_transactions],
    }
    if options.categories is not None:
        wishes["categories"] = [{**one.key.to_json(), "weight": one.weight} for one in options.categories]
    if options.send_by_email:
        wishes["send_by_email"] = {"recipients": list(options.send_by_email.recipients)}
    kept = ("categories", "send_by_email")
    return {name: value for name, value in wishes.items() if value or name in kept}
