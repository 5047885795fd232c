"""``pennyform init``: a folder for invoices as code, ready to validate. It never overwrites what is yours."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pennyform import data
from pennyform.cli.exits import Exit
from pennyform.findings import failure

_SCHEMAS = "schemas"
# The examples lie in this project's own tree; copied, their modelines point to the copy of the schemas.
_SCHEMAS_FROM_EXAMPLES = "../generated/schemas/"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="made if it is not there")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--example", action="store_true", help="a larger example instead of the first two invoices"
    )
    what.add_argument("--bare", action="store_true", help="no example at all")
    what.add_argument(
        "--schemas",
        action="store_true",
        help="only the schemas for editors, written anew: also one for each template of the folder",
    )


def run(args: argparse.Namespace) -> Exit:
    """Write what is missing, and say which files were written and which were there."""
    folder = Path(args.folder)
    written = 0
    for name, content in _files(args) if not args.schemas else ():
        target = folder / name
        if _write(target, content):
            written += 1
            print(f"written {target}")
        else:
            print(f"kept    {target}")
    for name, content in sorted(_schemas(folder).items()):
        target = folder / name
        if _write(target, content, replace=True):
            written += 1
            print(f"written {target}")
    files = "1 file" if written == 1 else f"{written} files"
    print(f"\n{files} written. Next: {_next(folder)}")
    return Exit.OK


def _next(folder: Path) -> str:
    change = f"cd {folder} && " if folder != Path() else ""
    return f"{change}pennyform validate, then pennyform plan"


def _files(args: argparse.Namespace) -> Iterator[tuple[Path, bytes]]:
    """Every file of a new folder that its owner may change, by its path in it."""
    skeleton = dict(_below(data.templates() / "init"))
    shown = dict(_below(data.examples())) if args.example else {}
    if args.example:
        skeleton = {name: content for name, content in skeleton.items() if name.parts[0].startswith(".")}
    if args.bare:
        skeleton = {name: content for name, content in skeleton.items() if _is_bare(name)}
    yield from sorted((skeleton | shown).items())


def _is_bare(name: Path) -> bool:
    """Whether a file of the skeleton is no example: settings, of pennyform and of editors."""
    return name.parts[0].startswith(".") or name == Path("pennyform.yaml")


def _schemas(folder: Path) -> dict[Path, bytes]:
    """The schemas for editors: those that come with pennyform, and one for each template in ``folder``."""
    import msgspec

    from pennyform.codegen.definitions.template_schemas import template_schema
    from pennyform.invoices.repository.loader import own_templates
    from pennyform.invoices.schema.schema import definition_schema

    emitted = [*data.schemas().glob("*.schema.json"), *data.schemas().glob("templates/*.schema.json")]
    schemas = {Path(_SCHEMAS) / path.relative_to(data.schemas()): path.read_bytes() for path in emitted}
    single, series = (definition_schema(f"definitions/{way}") for way in ("invoice", "invoice-series"))
    encoder = msgspec.json.Encoder(decimal_format="number")
    for name, template in own_templates(folder).items():
        schema = encoder.encode(template_schema(single, series, name, template))
        schemas[Path(_SCHEMAS, "templates", f"{name}.schema.json")] = msgspec.json.format(schema) + b"\n"
    return schemas


def _below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The files under ``folder``; names that begin with ``dot-`` stand for hidden ones."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield Path(*(_visible(part) for part in name.parts)), _own_schemas(path.read_bytes())


def _visible(part: str) -> str:
    return "." + part.removeprefix("dot-") if part.startswith("dot-") else part


def _own_schemas(content: bytes) -> bytes:
    return content.replace(_SCHEMAS_FROM_EXAMPLES.encode(), f"{_SCHEMAS}/".encode())


def _write(target: Path, content: bytes, *, replace: bool = False) -> bool:
    """Write a file; False when something of that name is there, or with ``replace``, when it is the same."""
    there = target.exists() or target.is_symlink()
    if there and (not replace or target.is_symlink() or target.read_bytes() == content):
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb" if replace else "xb") as stream:
            stream.write(content)
    except OSError as error:
        raise failure("not-writable", f"it cannot be written: {error.strerror}", file=str(target)) from error
    return True
