"""The files that exports of the ledger give: the tax office's text file, and spreadsheets (XLSX)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pennyform.sandbox.model.ledger import Journal, LedgerAccount, LedgerEntry, LedgerEntryLine
from pennyform.sandbox.storage.records import Record, Records, Selection
from pennyform.text import csv_cell, xml_text

# First and last day, in ISO 8601.
Period = tuple[str, str]

_PERIOD = "json_extract(body, '$.date') BETWEEN ? AND ?"
# Named by the French tax code (article A47 A-1 of the book of procedures), in this order.
_FEC_COLUMNS = (
    "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib PieceRef"
    " PieceDate EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise"
)
_LEDGER_COLUMNS = ("Account", "Label", "Date", "Journal", "Piece", "Entry", "Debit", "Credit")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same rows give the same bytes
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""",
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """How the file of an export is named and made."""

    name: str
    media_type: str
    content: Callable[[Records, Period], bytes]


@dataclass(frozen=True, slots=True)
class _Row:
    line: LedgerEntryLine
    entry: Record[LedgerEntry]
    account: LedgerAccount
    journal: Journal


def _fec(records: Records, period: Period) -> bytes:
    """Tab-separated, with decimal commas and dates without hyphens, as the tax code wants it."""
    rows = [_FEC_COLUMNS.split()]
    for row in _ledger_rows(records, period):
        line, entry = row.line, row.entry.body
        day = entry.date.replace("-", "")
        cells = [
            *(row.journal.code, row.journal.label, str(row.entry.id), day),
            *(row.account.number, row.account.label, "", "", entry.piece_number or "", day, line.label),
            *(line.debit.replace(".", ","), line.credit.replace(".", ",")),
            *(str(line.lettering or ""), "", day, "", ""),
        ]
        rows.append(list(map(csv_cell, cells)))
    return "".join("\t".join(row) + "\r\n" for row in rows).encode("utf-8")


def _general_ledger(records: Records, period: Period) -> bytes:
    rows = [
        [
            row.account.number,
            row.account.label,
            row.entry.body.date,
            row.journal.code,
            row.entry.body.piece_number or "",
            row.line.label,
            row.line.debit,
            row.line.credit,
        ]
        for row in _ledger_rows(records, period)
    ]
    return _spreadsheet([_LEDGER_COLUMNS, *sorted(rows)])


def _ledger_rows(records: Records, period: Period) -> Iterator[_Row]:
    for record in records.select(LedgerEntryLine, Selection([_PERIOD], period, "id ASC")):
        line = record.body
        entry = records.get(LedgerEntry, line.ledger_entry_id)
        account = records.get(LedgerAccount, line.ledger_account_id)
        journal = records.get(Journal, line.journal_id)
        # What a line refers to is never deleted before it.
        assert entry is not None
        assert account is not None
        assert journal is not None
        yield _Row(line, entry, account.body, journal.body)


# No line is divided among categories here: the analytical export has the rows of the general one.
EXPORT_FILES = {
    "fec": ExportFile("fec.txt", "text/plain; charset=utf-8", _fec),
    "general_ledger": ExportFile("general_ledger.xlsx", _XLSX, _general_ledger),
    "analytical_general_ledger": ExportFile("analytical_general_ledger.xlsx", _XLSX, _general_ledger),
}


def _spreadsheet(rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook with one sheet of text."""
    texts = [[escape(xml_text(text, instead="")) for text in row] for row in rows]
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) + "</row>"
        for row in texts
    )
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), f'<?xml version="1.0"?>\n{content}')
    return output.getvalue()
