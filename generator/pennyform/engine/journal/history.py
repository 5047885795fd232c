"""What a journal says was issued: by whom, when, from which commit and plan; and whether its chain is whole.

A journal that was compacted goes on from the file that it took the place of, whose last checksum it names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from pennyform.engine.journal.journal import kept_as
from pennyform.engine.journal.reading import read, unreadable
from pennyform.engine.journal.records import Acknowledged, Differs, Doubt, Record, RunBegun, Summary, Verified
from pennyform.engine.runtime import JournalFiles
from pennyform.results.status import AuditedInvoice

# Steps after which an invoice is final.
_FINAL = frozenset({"finalize", "import"})


class Entry(NamedTuple):
    """A record with its place: its number in its file, from 1, and its checksum."""

    file: str
    number: int
    checksum: str
    record: Record


@dataclass(frozen=True, slots=True)
class History:
    """All records of a company, oldest first. ``gaps`` say in sentences what is missing before some."""

    entries: tuple[Entry, ...]
    gaps: tuple[str, ...]


def read_history(path: Path, storage: JournalFiles, key: Callable[[], bytes]) -> History:
    """Read the journal at ``path`` and all files that it goes on from, each checked record by record.

    Args:
        path: the journal; without one, nothing was ever written.
        storage: reads files.
        key: what it is signed with; only called when there is a journal.

    Raises:
        Failure: ``journal-damaged``: a record was changed, removed or moved; or ``journal-unreadable``.
    """
    parts: list[list[Entry]] = []
    gaps: list[str] = []
    file: Path | None = path
    files_read: set[Path] = set()
    expected = ""
    while file is not None:
        entries, is_doubtful = _read_file(file, storage, key)
        if is_doubtful:
            gaps.append(f"the last record of {file.name} fails its checksum")
        if entries is None:
            gaps += [f"{file.name} is gone, which {parts[-1][0].file} goes on from"] if parts else []
            break
        if expected and (not entries or entries[-1].checksum != expected):
            gaps.append(f"{file.name} does not end where {parts[-1][0].file} goes on")
        parts.append(entries)
        first = entries[0].record if entries else None
        files_read.add(file)
        file, expected = None, ""
        if isinstance(first, Doubt):
            gaps.append(first.why)
        elif isinstance(first, Summary):
            if isinstance(first.follows, UnsetType):
                gaps.append("an earlier version summed up what came before, and does not say where it is")
            else:
                file, expected = kept_as(path, first.follows), first.follows
                if file in files_read:
                    # Copied over another one: none goes on from itself.
                    gaps.append(f"{file.name} is not the file that was kept under this name")
                    break
    return History(tuple(entry for part in reversed(parts) for entry in part), tuple(reversed(gaps)))


def _read_file(
    path: Path, storage: JournalFiles, key: Callable[[], bytes]
) -> tuple[list[Entry] | None, bool]:
    """The records of one file, None when there is none; and whether its last one cannot be trusted."""
    try:
        data = storage.read(path)
    except OSError as problem:
        raise unreadable(path, problem) from problem
    if data is None:
        return None, False
    records: list[Record] = []
    reading = read(data, records.append, key(), name=str(path))
    lines = data[: reading.size].split(b"\n")[:-1]
    entries = [
        Entry(path.name, number, line.partition(b" ")[0].decode("ascii"), record)
        for number, (line, record) in enumerate(zip(lines, records, strict=True), start=1)
    ]
    return entries, reading.doubtful


def issued(history: History, company: str) -> list[AuditedInvoice]:
    """The invoices of ``company`` that became final under the eyes of the journal, in that order."""
    run = RunBegun(person="", host="", commit="", plan="", pennyform="")
    rows: dict[int, AuditedInvoice] = {}
    for entry in history.entries:
        match entry.record:
            case RunBegun():
                run = entry.record
            case Acknowledged(kind="invoice", id=int(id_), step=step) if step in _FINAL:
                rows.setdefault(id_, _issued(company, entry, entry.record, run))
            case Verified(kind="invoice", id=int(id_)) | Differs(kind="invoice", id=int(id_)):
                if entry.record.number is not UNSET:
                    # Without an answer to the request, what was read back is the first to show it.
                    row = rows.get(id_) or _issued(company, entry, entry.record, run)
                    if not row.invoice_number:
                        rows[id_] = _completed(row, entry.record)
    return list(rows.values())


def _issued(
    company: str, entry: Entry, record: Acknowledged | Verified | Differs, run: RunBegun
) -> AuditedInvoice:
    return AuditedInvoice(
        company=company,
        at=record.at,
        external_reference=record.reference,
        id=record.id or 0,
        invoice_number="",
        date="",
        currency="",
        currency_amount="",
        person=run.person,
        approved_by=run.approved_by,
        host=run.host,
        commit=run.commit,
        plan=run.plan,
        pennyform=run.pennyform,
        checksum=entry.checksum,
    )


def _completed(row: AuditedInvoice, record: Verified | Differs) -> AuditedInvoice:
    values = (record.number, record.date, record.currency, record.amount)
    number, date, currency, amount = ("" if value is UNSET else value for value in values)
    return replace(row, invoice_number=number, date=date, currency=currency, currency_amount=amount)
