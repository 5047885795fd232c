"""The files that formatting is about, each with its canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.formatter.formatter import formatted, needed
from pennyform.invoices.schema.rules import with_remedies
from pennyform.invoices.schema.schema import definition_schema
from pennyform.invoices.sources.discover import Source
from pennyform.invoices.sources.kinds import kind_of, written_as
from pennyform.invoices.sources.selection import select
from pennyform.invoices.sources.source_file import reading


class Formatting(NamedTuple):
    """One file. ``canonical`` is None when it has no canonical form; ``findings`` say why.

    ``needed`` is the finding that the file has another form, None when it is as it should be.
    """

    path: Path
    name: str
    canonical: bytes | None
    needed: Finding | None
    findings: list[Finding]


def formatting(paths: Sequence[str | Path]) -> Iterator[Formatting]:
    """The definitions under ``paths``, formatted, in stable order. Nothing is written.

    Raises:
        Failure: a path does not exist, or the paths belong to several repositories.
    """
    sources = select(paths)
    for finding in sources.refused:
        yield Formatting(Path(finding.file), finding.file, None, None, [finding])
    meant = [Path(path).resolve() for path in paths] or [Path.cwd()]
    for source in sorted(
        (*sources.beside, *sources.given, *([sources.settings] if sources.settings else []))
    ):
        if any(source.path.resolve().is_relative_to(one) for one in meant):
            yield _formatting(source, is_settings=source == sources.settings)


def _formatting(source: Source, *, is_settings: bool) -> Formatting:
    read = reading(source)
    if read.document is None or read.content is None or not read.is_sound:
        return Formatting(source.path, source.name, None, None, list(with_remedies(read.findings)))
    kind = "pennyform" if is_settings else kind_of(source, read.document)
    schema = definition_schema(written_as(read.document.value) if kind == "invoice" else kind)
    canonical, findings = formatted(read.content, read.document, schema)
    change = needed(read.content, canonical, source.name) if canonical is not None else None
    return Formatting(source.path, source.name, canonical, change, findings)
