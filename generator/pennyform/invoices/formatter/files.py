"""The files that formatting is about, each with its canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pennyform.findings import Finding
from pennyform.invoices.formatter.formatter import format_definition, format_finding
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.schema.schema import definition_schema
from pennyform.invoices.sources.discover import discover
from pennyform.invoices.sources.kinds import definition_schema_name, kind_of
from pennyform.invoices.sources.source_file import FileReader


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """One file. ``canonical`` is None when it has no canonical form; ``findings`` say why.

    ``change`` is the finding that the file has another form, None when it is as it should be.
    """

    path: Path
    name: str
    canonical: bytes | None
    change: Finding | None
    findings: list[Finding]


def format_files(paths: Sequence[str | Path]) -> Iterator[FormattedFile]:
    """The definitions under ``paths``, formatted, in stable order. Nothing is written.

    Raises:
        Failure: a path does not exist, or the paths belong to several repositories.
    """
    reader = FileReader()
    sources = discover(paths, reader)
    for finding in sources.rejected:
        yield FormattedFile(Path(finding.file), finding.file, None, None, [finding])
    folders = [Path(path).resolve() for path in paths] or [Path.cwd()]
    for source in sorted(sources.all):
        if not any(source.path.resolve().is_relative_to(folder) for folder in folders):
            continue
        file = reader.read(source)
        if file.document is None or file.content is None or not file.is_well_formed:
            yield FormattedFile(source.path, source.name, None, None, list(with_rule_texts(file.findings)))
            continue
        kind = "pennyform" if source == sources.settings else kind_of(source, file.document)
        schema_name = definition_schema_name(file.document.value) if kind == "invoice" else kind
        result = format_definition(file.content, file.document, definition_schema(schema_name))
        change = format_finding(file.content, result.content, source.name) if result.content else None
        yield FormattedFile(source.path, source.name, result.content, change, result.findings)
