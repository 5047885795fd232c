"""``pennyform fleet``: jobs in a PostgreSQL, and workers on any number of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pennyform.cli.options.fleet import (
    ApproveOptions,
    CleanOptions,
    InitOptions,
    PauseOptions,
    StatusOptions,
    SubmitOptions,
    WorkerOptions,
)
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.runtime import Runtime
from pennyform.extras import require_extra

if TYPE_CHECKING:
    from pennyform.fleet.database import Database


def run(options: Any, terminal: Terminal, runtime: Runtime) -> Exit:
    """Carry out one action.

    Raises:
        Failure: the extra is not installed, or the database cannot be used.
    """
    require_extra("fleet", "a fleet")

    # psycopg and procrastinate, which nobody else needs
    import psycopg
    from procrastinate.exceptions import ConnectorException

    from pennyform.fleet.database import Database, unusable

    database = Database.of(terminal.environ)
    if database.password:
        terminal.secrets.add(database.password)
    try:
        return _carry_out(options, database, terminal, runtime)
    except (psycopg.Error, ConnectorException) as problem:
        reason = database.explain(problem.__cause__ or problem)
        raise unusable(f"the database cannot be used: {reason}") from None


def _carry_out(options: Any, database: Database, terminal: Terminal, runtime: Runtime) -> Exit:
    from pennyform.cli.commands.fleet import approve, clean, pause, status, submit, work
    from pennyform.fleet.procrastinate_queue import ProcrastinateQueue
    from pennyform.fleet.records import Records

    if not isinstance(options, InitOptions):
        database.check()
    queue, records = ProcrastinateQueue(database), Records(database)
    match options:
        case InitOptions():
            database.migrate()
            queue.migrate()
            terminal.print_error("The tables of the fleet are there.")
        case SubmitOptions():
            return submit.run(options, records, queue, terminal, runtime)
        case WorkerOptions():
            return work.run(options, database, queue, terminal, runtime)
        case StatusOptions():
            return status.run(options, database, queue, terminal)
        case PauseOptions():
            pause.run(options, records, terminal)
        case CleanOptions():
            clean.run(options, records, queue, terminal)
        case ApproveOptions():
            return approve.run(options, records, queue, terminal, runtime)
    return Exit.OK
