"""The canonical form of a definition: keys in the schema's order, amounts quoted, everything else as it was.

Whole lines are moved and quotes are added; comments and blank lines go with the key below them. What comes
out is read again and must say the same, or the file stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.formatter.lines import Lines
from pennyform.invoices.money.scalars import parse_amount
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.schema.schema import (
    FindSchemas,
    definition_schemas,
    leaves,
    owned_contract,
    schemas_in_force,
)
from pennyform.invoices.sources.discover import discover
from pennyform.invoices.sources.source_file import FileReader, definition_schema_name, kind_of
from pennyform.invoices.yaml.document import Document, Path, YamlValue
from pennyform.invoices.yaml.reader import read
from pennyform.safe_files import real_path

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class FormatResult:
    """The canonical form. ``content`` is None when there is none to be had; the findings say why."""

    content: bytes | None
    findings: list[Finding]


def format_definition(content: bytes, document: Document, schema: Schema) -> FormatResult:
    """Bring a definition into canonical form.

    Args:
        content: the bytes of its file.
        document: what they say, read without errors.
        schema: says which keys there are, in their order, and which of them are amounts.
    """
    text = content.decode("utf-8-sig")
    if text.replace("\r\n", "").count("\r"):
        return _format_refused(document, "lines end in carriage returns alone", "use line feeds")
    lines = Lines(text)
    amounts: dict[Path, str] = {}
    for path, leaf, value in leaves(schema, document.value):
        variant = leaf["anyOf"][0] if "anyOf" in leaf else leaf
        types = variant.get("type", [])
        # A quantity is a number by the schema; money is text, which no JSON reader rounds.
        is_amount = variant.get("format") == "decimal" and "string" in types and "number" not in types
        if is_amount and isinstance(value, int | Decimal) and not isinstance(value, bool):
            amount = f"{Decimal(value):f}"
            if parse_amount(amount) is not None:
                amounts[path] = amount
    for path, amount in amounts.items():
        lines.quote(document.marks[path], amount)
    # Inner mappings first: sorting an outer one moves the lines that the marks of the inner ones name.
    for path, order in reversed(_ordered_mappings(document.value, schema)):
        lines.sort(document, path, order)
    result = str(lines)
    after, findings = read(result.encode(), document.file)
    is_same = (
        after is not None
        and not errors(findings)
        and _is_same(document.value, after.value, amounts)
        and _letters(text) == _letters(result)
    )
    if not is_same:
        return _format_refused(document, "moving its lines would change what it says", "lay it out by hand")
    mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK.encode()) else ""
    return FormatResult((mark + result).encode(), [])


def format_finding(content: bytes, canonical: bytes, name: str) -> Finding | None:
    """The finding that a file is not in canonical form, at the first line that differs; None when it is."""
    if content == canonical:
        return None
    pairs = zip(content.split(b"\n"), canonical.split(b"\n"), strict=False)
    line = next((number for number, (before, after) in enumerate(pairs, 1) if before != after), 1)
    return Finding(
        "format-needed",
        Severity.ERROR,
        "the file is not in canonical form",
        file=name,
        line=line,
        column=1,
    )


def _format_refused(document: Document, reason: str, fix: str) -> FormatResult:
    finding = document.finding("format-refused", f"the file is left as it is: {reason}", fix=fix)
    return FormatResult(None, [finding])


def _ordered_mappings(value: YamlValue, schema: Schema, path: Path = ()) -> list[tuple[Path, list[str]]]:
    """Every mapping whose fields the schema orders, outer ones first, with that order."""
    mappings: list[tuple[Path, list[str]]] = []
    if isinstance(value, dict) and isinstance(schema.get("properties"), dict):
        properties = schema["properties"]
        mappings.append((path, list(properties)))
        for name, member in value.items():
            if isinstance(properties.get(name), dict):
                mappings += _ordered_mappings(member, properties[name], (*path, name))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            mappings += _ordered_mappings(item, schema["items"], (*path, index))
    return mappings


# A second check that needs no YAML: a line lost or doubled, a comment included, would show here.
def _letters(text: str) -> list[str]:
    """Every character but spaces and quotes, comments included, sorted."""
    return sorted("".join(text.replace('"', "").split()))


def _is_same(before: YamlValue, after: YamlValue, amounts: dict[Path, str], path: Path = ()) -> bool:
    """Whether two values are equal, but for the quotes around ``amounts``."""
    if path in amounts:
        return Decimal(before) == parse_amount(after)
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(
            _is_same(before[name], after[name], amounts, (*path, name)) for name in before
        )
    if isinstance(before, list):
        return len(before) == len(after) and all(
            _is_same(pair[0], pair[1], amounts, (*path, index))
            for index, pair in enumerate(zip(before, after, strict=True))
        )
    return bool(before == after)


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """One file. ``canonical`` is None when it has no canonical form; ``findings`` say why.

    ``change`` is the finding that the file has another form, None when it is as it should be.
    """

    path: FilePath
    name: str
    canonical: bytes | None
    change: Finding | None
    findings: list[Finding]


def format_files(
    paths: Sequence[str | FilePath], find_schemas: FindSchemas | None = None
) -> Iterator[FormattedFile]:
    """The definitions under ``paths``, formatted, in stable order. Nothing is written.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.

    Raises:
        Failure: a path does not exist, or the paths belong to several repositories.
    """
    reader = FileReader()
    sources = discover(paths, reader)
    settings = reader.read(sources.settings).document if sources.settings else None
    contract = owned_contract(settings, sources.root)
    if contract is None and sources.outer:
        contract = owned_contract(reader.read(sources.outer).document, sources.outer.root)
    schemas = definition_schemas(schemas_in_force(contract, find_schemas))
    for finding in sources.rejected:
        yield FormattedFile(FilePath(finding.file), finding.file, None, None, [finding])
    folders = [real_path(path) for path in paths] or [FilePath.cwd()]
    for source in sorted(sources.all):
        if not any(real_path(source.path).is_relative_to(folder) for folder in folders):
            continue
        file = reader.read(source)
        if file.document is None or file.content is None or not file.is_well_formed:
            yield FormattedFile(source.path, source.name, None, None, list(with_rule_texts(file.findings)))
            continue
        kind = "pennyform" if source == sources.settings else kind_of(source, file.document)
        schema_name = definition_schema_name(file.document.value, kind)
        result = format_definition(file.content, file.document, schemas.schema(schema_name))
        change = format_finding(file.content, result.content, source.name) if result.content else None
        yield FormattedFile(source.path, source.name, result.content, change, result.findings)
