"""One invoice definition: valid, resolved, checked against what it leans on. Pure, given the surroundings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pennyform.findings import Finding, errors
from pennyform.invoices.checks.references import IMPORTED_FILE, ReferenceClaim, Resolved
from pennyform.invoices.desired import resolve as desired
from pennyform.invoices.desired.reference_prefix import prefixed, with_prefix
from pennyform.invoices.model import Place
from pennyform.invoices.repository.check_all import check_resolved
from pennyform.invoices.repository.context import Surroundings, is_valid
from pennyform.invoices.schema.schema import definition_schema
from pennyform.invoices.sources.attachments import AttachmentResult, read_attachment
from pennyform.invoices.sources.kinds import written_as
from pennyform.invoices.templates.resolved_definition import ResolvedDefinition
from pennyform.invoices.yaml.document import Document, pointer

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote
    from pennyform.invoices.sources.data_file import Row


class Outcome(NamedTuple):
    """What one definition comes to: its invoices (none when it has errors), its references, its findings.

    ``credit_notes`` are left to be compared with what they take back, which may be in other files.
    ``files`` are the files that it draws on or sends, by path below the root, with the SHA-256 of each.
    """

    invoices: tuple[Resolved, ...]
    claims: tuple[ReferenceClaim, ...]
    credit_notes: tuple[CreditNote, ...]
    findings: list[Finding]
    files: Mapping[str, str]


class _Written(NamedTuple):
    """A definition of one invoice, be it a file of its own or made from the row of another."""

    whole: ResolvedDefinition
    row: Row | None


def outcome(document: Document, around: Surroundings, found: Sequence[Finding] = ()) -> Outcome:
    """Check the invoice definition ``document`` and resolve it.

    Args:
        document: what its file says.
        around: what it may lean on.
        found: what was wrong with the file as YAML.
    """
    case = _Case(around, list(found), is_sound=not errors(found))
    written = case.written(document)
    invoices = [one for one in map(case.resolved, written) if one]
    claims = [claim for one in written for claim in case.claims(one)]
    notes = tuple(case.credit_notes(invoices)) if any(one.invoice.credit_note_of for one in invoices) else ()
    return Outcome(tuple(invoices), (*claims, *case.imports), notes, case.findings, case.files)


class _Case:
    """The way of one file through all checks, and what was found on it."""

    def __init__(self, around: Surroundings, findings: list[Finding], *, is_sound: bool) -> None:
        self.around = around
        self.findings = findings
        self.files: dict[str, str] = {}
        self.imports: list[ReferenceClaim] = []
        self.is_sound = is_sound

    def written(self, document: Document) -> list[_Written]:
        """The definitions in ``document``: itself, or one for each row that it is for."""
        if not isinstance(document.value, dict) or "for_each" not in document.value:
            return [_Written(ResolvedDefinition(document, {}), None)]
        way = written_as(document.value)
        if not is_valid(way, document, self.findings, is_sound=self.is_sound):
            return []
        # Most definitions are for one invoice and have no template: they do without what these import.
        from pennyform.invoices.templates.series import expand, rows

        root = self.around.settings.root
        found, file = rows(document, root)
        self.findings += found.findings
        if file is not None and found.content is not None:
            self.files[file.relative_to(root).as_posix()] = _sha256(found.content)
        if errors(found.findings):
            return []
        expanded, findings = expand(document, found.rows, definition_schema(way.removesuffix("-series")))
        self.findings += findings
        return [_Written(one.whole, one.row) for one in expanded]

    def resolved(self, written: _Written) -> Resolved | None:
        """The invoice that ``written`` asks for; None when it has errors."""
        findings: list[Finding] = []
        one = self._resolved(written, findings)
        if one:
            findings += check_resolved(one, self.around)
        if one and one.invoice.file:
            place, source = one.document.place(("file",)), written.whole.document.file
            self.imports.append(ReferenceClaim(IMPORTED_FILE, one.invoice.file.sha256, place, source))
        self.findings += [_for_definition(finding, written) for finding in findings]
        return None if errors(findings) else one

    def claims(self, written: _Written) -> list[ReferenceClaim]:
        """The reference that ``written`` states, even when it has other mistakes."""
        document = written.whole.document
        stated = document.value.get("external_reference") if isinstance(document.value, dict) else None
        if not isinstance(stated, str):
            return []
        reference = prefixed(stated, self.around.settings.reference_prefix)
        return [ReferenceClaim("invoice", reference, _place(written), document.file)]

    def credit_notes(self, invoices: Sequence[Resolved]) -> Iterator[CreditNote]:
        """What is left to compare of those invoices that take back another one."""
        from pennyform.invoices.checks.credit_notes import credit_notes

        return credit_notes(invoices, self.around.repository().product, self.around.settings.rounding)

    def _resolved(self, written: _Written, findings: list[Finding]) -> Resolved | None:
        whole: ResolvedDefinition | None = written.whole
        document = written.whole.document
        if not is_valid(written_as(document.value), document, findings, is_sound=self.is_sound):
            findings += self._wrong_values(written)
            return None
        if "template" in document.value:
            whole = self._from_template(written, findings)
        if whole is None:
            return None
        document = with_prefix(whole.document, self.around.settings.reference_prefix)
        files, refused = read_attachment(document, self.around.settings.root)
        findings += refused
        if refused:
            return None
        self.files.update({one.path: one.sha256 for one in files.values()})
        one = _resolved(document, files, written, whole)
        return self._electronic(one, findings) if "e_invoice" in document.value else one

    def _electronic(self, one: Resolved, findings: list[Finding]) -> Resolved:
        """An import whose file may be an electronic invoice, which is held against its definition."""
        if not one.document.value["e_invoice"]:
            return one
        from pennyform.invoices.checks.e_invoices import as_e_invoice

        invoice, found = as_e_invoice(one.invoice, one.document, self.around.settings.root)
        findings += found
        return one._replace(invoice=invoice)

    def _wrong_values(self, written: _Written) -> list[Finding]:
        """What the template says of the values, so that it is heard in the same run as the other mistakes."""
        document = written.whole.document
        if written_as(document.value) != "definitions/invoice" or not isinstance(document.value, dict):
            return []
        name = document.value.get("template")
        one = self.around.library.find(name) if isinstance(name, str) else None
        if one is None:
            return []
        from pennyform.invoices.templates.values import values_for

        return values_for(document, one, from_text=written.row is not None)[1]

    def _from_template(self, written: _Written, findings: list[Finding]) -> ResolvedDefinition | None:
        document = written.whole.document
        one = self.around.library.template(document, ("template",), findings)
        if one is None:
            return None
        from pennyform.invoices.templates.apply import resolve

        schema = definition_schema("definitions/invoice")
        whole, found = resolve(written.whole, one, schema, from_text=written.row is not None)
        findings += [finding for finding in found if finding.place not in self.around.library.faults]
        if whole is None:
            return None
        valid = is_valid("definitions/invoice", whole.document, findings, is_sound=self.is_sound)
        return whole if valid else None


def _resolved(
    document: Document, files: AttachmentResult, written: _Written, whole: ResolvedDefinition
) -> Resolved:
    invoice = desired.invoice(document, files)
    if written.row:
        invoice = invoice._replace(place=_place(written))
    return Resolved(document, invoice, whole.origins)


def _place(written: _Written) -> Place:
    """Where the invoice is defined: at its reference, or at its row."""
    if written.row:
        mark = written.row.mark
        return Place(mark.file, mark.line, mark.column)
    return written.whole.document.place(("external_reference",))


def _for_definition(finding: Finding, written: _Written) -> Finding:
    """Say which invoice a finding is about, where its place does not.

    A place in a template or a data file does not name the definition. A place in a definition for many rows
    does not name the row, where the value was computed for one of them.
    """
    file, row = written.whole.document.file, written.row
    if finding.file == file:
        computed = row and finding.pointer in map(pointer, written.whole.origins)
        about = f"For {row.place}." if row and computed else ""
    elif row and finding.file != row.mark.file:
        about = f"In the invoice of {file} for {row.place}."
    else:
        about = f"In the invoice of {file}."
    return finding._replace(detail=f"{finding.detail} {about}".strip())


def _sha256(content: bytes) -> str:
    import hashlib  # loads OpenSSL, which checking alone does not need

    return hashlib.sha256(content).hexdigest()
