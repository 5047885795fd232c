"""``pennyform sandbox``: the local Pennylane on a port, and its books in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from pennyform.cli.commands.sandbox.books import fill, replace_books, snapshot
from pennyform.cli.contracts import contract_here, schemas_of
from pennyform.cli.options.sandbox import (
    ResetOptions,
    RestoreOptions,
    ServeOptions,
    SnapshotOptions,
)
from pennyform.cli.terminal import Exit, Terminal
from pennyform.extras import require_extra
from pennyform.findings import failure

if TYPE_CHECKING:
    from pennyform.sandbox import Rules, Sandbox


def run(options: ServeOptions | ResetOptions | SnapshotOptions | RestoreOptions, terminal: Terminal) -> Exit:
    """Carry out one action.

    Raises:
        Failure: when the database, a file or the port cannot be used.
    """
    from pennyform.sandbox import Sandbox

    database = options.database
    match options:
        case ServeOptions():
            _serve(options, terminal)
        case ResetOptions(books=books):
            if database.exists() or books.data or books.company:
                with closing(Sandbox()) as sandbox:
                    fill(sandbox, books, terminal)
                    replace_books(database, sandbox.copy())
            terminal.print(f"sandbox in {database} is {'new' if books.data else 'empty'}")
        case SnapshotOptions():
            snapshot(options, terminal)
        case RestoreOptions(file=file):
            try:
                copy = file.read_bytes()
            except OSError as problem:
                raise failure("sandbox-file", f"cannot be read: {problem}", file=str(file)) from problem
            replace_books(database, copy)
            terminal.print(f"{database} is as {file} has it")
    return Exit.OK


def _serve(options: ServeOptions, terminal: Terminal) -> None:
    require_extra("server", "a sandbox on a port")

    from pennyform.sandbox import TOKEN
    from pennyform.sandbox.http.server import address, is_loopback, listen, server

    # The socket already queues callers, so who reads the line below may connect at once.
    with (
        closing(listen(options.host, options.port)) as listener,
        closing(_open(options, terminal)) as sandbox,
    ):
        ready = f"sandbox ready at {address(listener)}  token: {TOKEN}  database: {options.database}"
        print(ready, file=terminal.stdout, flush=True)
        if not is_loopback(options.host):
            terminal.print_error(f"anyone who can reach {options.host} can use this sandbox")
        with suppress(KeyboardInterrupt):
            server(sandbox.asgi(hosts=(options.host, *options.hosts))).run(sockets=[listener])
        terminal.print_error("sandbox stopped")


def _open(options: ServeOptions, terminal: Terminal) -> Sandbox:
    from pennyform.sandbox import Sandbox
    from pennyform.sandbox.request_log import format_entry

    database, faults = options.database, None
    if options.faults:
        # yaml, which a start without faults does without
        from pennyform.sandbox.input_files import load_faults

        faults = load_faults(options.faults)
    time, rules = _parse_time(options.clock), _parse_rules(options.rules)
    if options.books.data or options.books.company:
        if database.exists():
            terminal.print_error(f"{database} holds books already: they are kept as they are")
        else:
            with closing(Sandbox(rules=rules)) as new:
                if time:
                    new.clock.set(time)
                fill(new, options.books, terminal)
                replace_books(database, new.copy())
    contract = contract_here()
    sandbox = Sandbox(
        database,
        rate_limit=options.rate_limit,
        faults=faults,
        rules=rules,
        schemas=schemas_of(terminal.environ, contract) if contract else None,
    )
    if time:
        sandbox.clock.set(time)
    if not options.quiet:
        sandbox.log.listeners.append(lambda entry: terminal.print_error(format_entry(entry)))
    return sandbox


def _parse_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    from pennyform.sandbox.clock import with_zone

    try:
        return with_zone(datetime.fromisoformat(text))
    except ValueError as problem:
        raise failure(
            "sandbox-clock", f"{text} is not a time", fix="write it like 2026-01-31T09:00:00Z"
        ) from problem


def _parse_rules(words: Sequence[str]) -> Rules:
    from pennyform.sandbox import Rules
    from pennyform.sandbox.rules import update_rules

    rules = Rules()
    for word in words:
        name, _, text = word.partition("=")
        value: object = text
        with suppress(ValueError):  # a word that is no JSON is itself the value
            value = json.loads(text)
        try:
            rules = update_rules(rules, {name: value})
        except ValueError as problem:
            raise failure(
                "sandbox-rule", f"--rule {word}: {problem}", fix="write it like --rule pdf_seconds=2"
            ) from problem
    return rules
