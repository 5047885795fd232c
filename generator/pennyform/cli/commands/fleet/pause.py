"""``pennyform fleet pause`` and ``resume``: let no further job begin, or go on."""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.cli.options.fleet import PauseOptions
from pennyform.cli.terminal import Terminal
from pennyform.findings import failure
from pennyform.fleet.records import Records


def run(options: PauseOptions, records: Records, terminal: Terminal) -> None:
    """Pause the fleet or some of its companies, or let them go on, and say so.

    Raises:
        Failure: a company is none of this fleet; nothing was changed.
    """
    names = records.known_companies()
    known = {*names, *records.paused()}
    if unknown := [str(id_) for id_ in options.company_ids if id_ not in known]:
        raise failure(
            "fleet-company",
            f"no job was ever submitted for company {', '.join(unknown)}: nothing was changed",
            fix="name it by its policies.company_id, as `pennyform.yaml` states it",
        )

    def say(ids: Iterable[int]) -> str:
        return ", ".join(f"{names.get(id_, 'company')} ({id_})" if id_ else "the whole fleet" for id_ in ids)

    chosen = options.company_ids or (0,)
    records.set_pause(chosen, pause=options.pause)
    if options.pause:
        terminal.print_error(f"Paused {say(chosen)}: no further job begins; those that run go on.")
        return
    terminal.print_error(f"Resumed {say(chosen)}.")
    if paused := records.paused():
        terminal.print_error(f"Still paused: {say(paused)}.")
