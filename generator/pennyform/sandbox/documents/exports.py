"""The files that exports of the ledger give: the tax office's text file, and spreadsheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pennyform.sandbox.documents.spreadsheet import MEDIA_TYPE, spreadsheet
from pennyform.sandbox.storage.records import JsonRecord, Records, Selection

_PERIOD = "json_extract(body, '$.date') BETWEEN ? AND ?"
# Named by the French tax code (article A47 A-1 of the book of procedures), in this order.
_FEC_COLUMNS = (
    "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib PieceRef"
    " PieceDate EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise"
)
_LEDGER_COLUMNS = ("Account", "Label", "Date", "Journal", "Piece", "Entry", "Debit", "Credit")


@dataclass(frozen=True, slots=True)
class File:
    """How the file of an export is named and made."""

    name: str
    media_type: str
    content: Callable[[Records, JsonRecord], bytes]


@dataclass(frozen=True, slots=True)
class _Line:
    line: JsonRecord
    entry: JsonRecord
    account: JsonRecord
    journal: JsonRecord


def _fec(records: Records, export: JsonRecord) -> bytes:
    rows = [_FEC_COLUMNS.split(), *map(_fec_row, _lines(records, export))]
    return "".join("\t".join(row) + "\r\n" for row in rows).encode("utf-8")


def _fec_row(found: _Line) -> list[str]:
    line, entry = found.line.body, found.entry.body
    day = entry["date"].replace("-", "")
    amounts = [_comma(line["debit"]), _comma(line["credit"])]
    account = [found.account.body["number"], found.account.body["label"], "", ""]
    journal = [found.journal.body["code"], found.journal.body["label"]]
    number = [str(found.entry.id), day, *account, entry["piece_number"], day, line["label"]]
    lettering = [str(line["lettering"] or ""), "", day, "", ""]
    return [_one_line(text) for text in [*journal, *number, *amounts, *lettering]]


def _comma(amount: str) -> str:
    return amount.replace(".", ",")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _ledger(records: Records, export: JsonRecord) -> bytes:
    rows = [
        [
            found.account.body["number"],
            found.account.body["label"],
            found.entry.body["date"],
            found.journal.body["code"],
            found.entry.body["piece_number"],
            found.line.body["label"],
            found.line.body["debit"],
            found.line.body["credit"],
        ]
        for found in _lines(records, export)
    ]
    return spreadsheet([_LEDGER_COLUMNS, *sorted(rows)])


def _lines(records: Records, export: JsonRecord) -> list[_Line]:
    period = [export.body["period_start"], export.body["period_end"]]
    lines = records.select("ledger_entry_line", Selection([_PERIOD], period, "id ASC"))
    return [_line(records, line) for line in lines]


def _line(records: Records, line: JsonRecord) -> _Line:
    entry = records.get("ledger_entry", line.body["ledger_entry_id"])
    account = records.get("ledger_account", line.body["ledger_account_id"])
    journal = records.get("journal", line.body["journal_id"])
    # What a line refers to is never deleted.
    assert entry is not None
    assert account is not None
    assert journal is not None
    return _Line(line, entry, account, journal)


FILES = {
    "fec": File("fec.txt", "text/plain; charset=utf-8", _fec),
    "general_ledger": File("general_ledger.xlsx", MEDIA_TYPE, _ledger),
    "analytical_general_ledger": File("analytical_general_ledger.xlsx", MEDIA_TYPE, _ledger),
}
