"""A definition as it is written → the definitions that it stands for: itself, or one for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pennyform.findings import Finding, errors
from pennyform.invoices.checks.references import ResolvedDefinition
from pennyform.invoices.checks.semantics import check_any, check_invoice
from pennyform.invoices.model import Place
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.schema.patterns import Pattern
from pennyform.invoices.schema.schema import DefinitionSchemas
from pennyform.invoices.sources.source_file import FileReader, definition_schema_name
from pennyform.invoices.yaml.document import Document, holds_braces, pointer


class Expansion(NamedTuple):
    """What a definition stands for, its expressions evaluated; nothing of it is validated yet.

    ``files`` are the data files that it draws on, by path below the root, with the SHA-256 of each.
    ``is_well_formed`` is whether everything in it could be read and evaluated.
    """

    definitions: list[ResolvedDefinition]
    findings: list[Finding]
    is_well_formed: bool
    files: Mapping[str, str] = MappingProxyType({})


def expand(
    document: Document,
    kind: str,
    schemas: DefinitionSchemas,
    root: Path,
    reader: FileReader,
    *,
    is_well_formed: bool,
) -> Expansion:
    """The definitions in ``document``.

    Args:
        document: what a file says.
        kind: what it declares: ``invoice``, ``customer`` or ``product``.
        schemas: what definitions may say.
        root: the folder of the invoice repository.
        reader: reads data files.
        is_well_formed: whether the file had no errors as YAML.
    """
    if not isinstance(document.value, dict) or "for_each" not in document.value:
        return _evaluate(document, kind, schemas, reader.budget, is_well_formed=is_well_formed)
    findings: list[Finding] = []
    schema_name = definition_schema_name(document.value, kind)
    if not is_valid(schema_name, document, schemas, findings, is_well_formed=is_well_formed):
        return Expansion([], findings, is_well_formed)
    # What few definitions need is only imported for them: Jinja alone adds a third to checking one file.
    from pennyform.invoices.templates.series import expand_series, read_rows

    data, file = read_rows(document, root, reader)
    findings += data.findings
    files = {}
    if file is not None and data.content is not None:
        import hashlib  # loads OpenSSL

        files[file.relative_to(root).as_posix()] = hashlib.sha256(data.content).hexdigest()
    if errors(data.findings):
        return Expansion([], findings, is_well_formed, files)
    single = schemas.schema(schema_name.removesuffix("-series"))
    definitions, problems = expand_series(document, data.rows, single, reader.budget)
    return Expansion(definitions, [*findings, *problems], is_well_formed, files)


def _evaluate(
    document: Document, kind: str, schemas: DefinitionSchemas, budget: Budget, *, is_well_formed: bool
) -> Expansion:
    """The definition of one, its expressions evaluated."""
    if not isinstance(document.value, dict) or not holds_braces(document.value):
        return Expansion([ResolvedDefinition(document, {})], [], is_well_formed)
    from pennyform.invoices.templates.single import evaluate_definition

    schema = schemas.schema(definition_schema_name(document.value, kind))
    definition, findings = evaluate_definition(document, schema, budget)
    return Expansion([definition], findings, is_well_formed and not findings)


def is_valid(
    kind: str,
    document: Document,
    schemas: DefinitionSchemas,
    findings: list[Finding],
    *,
    is_well_formed: bool,
    pattern: Pattern | None = None,
) -> bool:
    """Whether ``document`` is a definition of ``kind``; adds to ``findings`` why not.

    Args:
        kind: which schema holds.
        document: what the file says.
        schemas: those of all kinds.
        findings: where to report.
        is_well_formed: whether the file had no errors as YAML; one with errors is checked but never valid.
        pattern: that of many definitions of which this is one.
    """
    schema = schemas.schema(kind)
    semantic_check = check_invoice if "invoice" in kind.partition("/")[2] else check_any
    problems = [*schemas.errors(kind, document), *semantic_check(document, schema, pattern)]
    findings += problems
    return is_well_formed and not errors(problems)


def place_of(definition: ResolvedDefinition) -> Place:
    """Where something is defined: at its reference, or at its row."""
    if definition.row:
        mark = definition.row.mark
        return Place(mark.file, mark.line, mark.column)
    return definition.document.place(("external_reference",))


def with_subject(findings: Iterable[Finding], definition: ResolvedDefinition, noun: str) -> list[Finding]:
    """Say which definition the findings are about, where their places do not.

    A place in a template or a data file does not name the definition. A place in a definition for many rows
    does not name the row, where the value was computed for one of them.

    Args:
        findings: about the definition.
        definition: of one invoice, customer or product.
        noun: which of them.
    """
    file, row = definition.document.file, definition.row
    computed: set[str] | None = None
    complete = []
    for finding in findings:
        if finding.file == file:
            if row and computed is None:
                computed = set(map(pointer, definition.origins))
            subject = row.place if row and finding.pointer in (computed or ()) else ""
            about = f"For {subject}." if subject else ""
        elif row and finding.file != row.mark.file:
            subject, about = row.place, f"In the {noun} of {file} for {row.place}."
        else:
            # A cell of a data file is a place of its own: each is looked at.
            subject, about = "" if row else file, f"In the {noun} of {file}."
        complete.append(finding._replace(detail=f"{finding.detail} {about}".strip(), subject=subject))
    return complete
