"""``pennyform fleet clean``: delete what ended long ago and nobody needs any more."""

from __future__ import annotations

from pennyform.cli.options.fleet import CleanOptions
from pennyform.cli.terminal import Terminal
from pennyform.fleet.queue import Queue
from pennyform.fleet.records import Records
from pennyform.report.shared.formatting import count


def run(options: CleanOptions, records: Records, queue: Queue, terminal: Terminal) -> None:
    """Say what there is to delete, and delete it where that was asked for."""
    jobs, remaining = queue.forget(options.days, delete=options.delete)
    forgotten = records.forget(options.days, remaining, delete=options.delete)
    rows = (
        (jobs, "job"),
        (forgotten.outcomes, "outcome"),
        (forgotten.plans, "plan"),
        (forgotten.artifacts, "file"),
    )
    counts = ", ".join(count(number, word) for number, word in rows)
    terminal.write(
        f"{'Deleted, older' if options.delete else 'Older'} than {count(options.days, 'day')}: "
        f"{counts} of {forgotten.bytes:,} bytes\n"
    )
    if not options.delete:
        terminal.print_error("Nothing was deleted; --delete does so. Journals and leases are kept.")
