"""``pennyform fleet status``: what waits, runs, is done and failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from pennyform.cli.definitions import print_report
from pennyform.cli.options.fleet import StatusOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.fleet.database import Database
from pennyform.fleet.overview import overview
from pennyform.fleet.queue import Queue
from pennyform.fleet.serving import Route, listen
from pennyform.report import fleet as report_fleet
from pennyform.results.documents import json_text
from pennyform.results.fleet import FleetStatusDocument


def run(options: StatusOptions, database: Database, queue: Queue, terminal: Terminal) -> Exit:
    """Print how the fleet stands, or serve it until interrupted."""
    if options.serve is not None:
        return _serve(options.serve, lambda: overview(database, queue), terminal)
    document = overview(database, queue)

    def print_other() -> None:
        is_text = options.format == "text"
        terminal.write(
            report_fleet.status_text(document, terminal.layout())
            if is_text
            else report_fleet.prometheus_text(document)
        )

    return print_report(
        document,
        options.format,
        options.html,
        terminal,
        lambda: report_fleet.status_page(document),
        print_other,
    )


def _serve(port: int, look: Callable[[], FleetStatusDocument], terminal: Terminal) -> Exit:
    routes = {
        "/": ("text/html", lambda: report_fleet.status_page(look(), refresh=True)),
        "/status.json": ("application/json", lambda: json_text(look())),
        **metrics(look),
    }
    with listen("127.0.0.1", port, routes) as server:
        terminal.print_error(f"fleet at http://127.0.0.1:{server.server_address[1]}/")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    return Exit.OK


def metrics(look: Callable[[], FleetStatusDocument]) -> Mapping[str, Route]:
    """What Prometheus asks for, and what says that somebody answers at all."""
    return {
        "/metrics": ("text/plain; version=0.0.4", lambda: report_fleet.prometheus_text(look())),
        "/healthz": ("text/plain", lambda: "ok\n"),
    }
