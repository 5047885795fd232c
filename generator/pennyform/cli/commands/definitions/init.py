"""``pennyform init``: a folder for invoices as code, ready to validate. It never overwrites what is yours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from pennyform import __version__, data
from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.definitions import InitOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import failure
from pennyform.safe_files import write_file

_SCHEMAS = "schemas"
# The examples lie in this project's own tree; copied, their modelines point to the copy of the schemas.
_SCHEMAS_FROM_EXAMPLES = "../generated/schemas/"


def run(options: InitOptions, terminal: Terminal) -> Exit:
    """Write what is missing, and say which files were written and which were there."""
    folder, count = options.folder, 0
    own_files = [] if options.schemas else _files(options)
    for name, content in [*own_files, *_workflows(options)]:
        target = folder / name
        if _write(target, content):
            count += 1
            terminal.print(f"written {target}")
        else:
            terminal.print(f"kept    {target}")
    for name, content in sorted(_schemas(folder, terminal.environ).items()):
        target = folder / name
        if _write(target, content, replace=True):
            count += 1
            terminal.print(f"written {target}")
    files = "1 file" if count == 1 else f"{count} files"
    change_folder = f"cd {folder} && " if folder != Path() else ""
    terminal.print("", f"{files} written. Next: {change_folder}pennyform validate, then pennyform plan")
    return Exit.OK


def _files(options: InitOptions) -> list[tuple[Path, bytes]]:
    """Every file of a new folder that its owner may change, by its path in it."""
    files = dict(_read_tree(data.templates() / "init"))
    # Settings, of pennyform and of editors; the rest of the skeleton is an example.
    hidden = {name: content for name, content in files.items() if name.parts[0].startswith(".")}
    if options.example:
        files = hidden | dict(_read_tree(data.examples()))
    elif options.bare:
        settings = Path("pennyform.yaml")
        files = {**hidden, settings: files[settings]}
    return sorted(files.items())


def _workflows(options: InitOptions) -> Iterator[tuple[Path, bytes]]:
    """The workflows that are asked for, which install and call this version."""
    for service in options.workflows:
        for name, content in _read_tree(data.templates() / "workflows" / service):
            yield name, content.replace(b"{version}", __version__.encode())


def _schemas(folder: Path, environ: Mapping[str, str]) -> dict[Path, bytes]:
    """The schemas for editors: those of the contract that holds, and one for each template in ``folder``."""
    import msgspec

    from pennyform.codegen.definitions.template_schemas import template_schema
    from pennyform.invoices.repository.loader import own_templates
    from pennyform.invoices.schema.schema import definition_schemas

    settings, templates = own_templates(folder, partial(schemas_of, environ))
    source = settings.schemas
    emitted = [*source.glob("*.schema.json"), *source.glob("templates/*.schema.json")]
    schemas = {Path(_SCHEMAS) / path.relative_to(source): path.read_bytes() for path in emitted}
    definitions = definition_schemas(source)
    single, series = (definitions.schema(f"definitions/{way}") for way in ("invoice", "invoice-series"))
    encoder = msgspec.json.Encoder(decimal_format="number")
    for name, template in templates.items():
        schema = encoder.encode(template_schema(single, series, name, template))
        schemas[Path(_SCHEMAS, "templates", f"{name}.schema.json")] = msgspec.json.format(schema) + b"\n"
    return schemas


def _read_tree(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The files under ``folder``; names that begin with ``dot-`` stand for hidden ones."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            parts = (part.replace("dot-", ".", 1) if part.startswith("dot-") else part for part in name.parts)
            content = path.read_bytes().replace(_SCHEMAS_FROM_EXAMPLES.encode(), f"{_SCHEMAS}/".encode())
            yield Path(*parts), content


def _write(target: Path, content: bytes, *, replace: bool = False) -> bool:
    """Write a file; False when something of that name is there, or with ``replace``, when it is the same."""
    exists = target.exists() or target.is_symlink()
    if exists and (not replace or target.is_symlink() or target.read_bytes() == content):
        return False
    try:
        write_file(target, content, replace=replace, folders=True)
    except OSError as error:
        raise failure("not-writable", f"it cannot be written: {error}", file=str(target)) from error
    return True
