"""``pennyform init``: a folder for invoices as code, ready to validate. It never overwrites a file."""

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
    parser.add_argument(
        "--example", action="store_true", help="a larger example instead of the first two invoices"
    )


def run(args: argparse.Namespace) -> Exit:
    """Write what is missing, and say which files were written and which were there."""
    folder = Path(args.folder)
    written = 0
    for name, content in _files(example=args.example):
        target = folder / name
        if _write(target, content):
            written += 1
            print(f"written {target}")
        else:
            print(f"kept    {target}")
    print(f"\n{written} files written. Next: {_next(folder)}")
    return Exit.OK


def _next(folder: Path) -> str:
    change = f"cd {folder} && " if folder != Path() else ""
    return f"{change}pennyform validate, then pennyform plan"


def _files(*, example: bool) -> Iterator[tuple[Path, bytes]]:
    """Every file of a new folder, by its path in it."""
    skeleton = dict(_below(data.templates() / "init"))
    shown = dict(_below(data.examples())) if example else {}
    if example:
        skeleton = {name: content for name, content in skeleton.items() if name.parts[0].startswith(".")}
    yield from sorted((skeleton | shown).items())
    for schema in sorted(data.schemas().glob("*.schema.json")):
        yield Path(_SCHEMAS, schema.name), schema.read_bytes()


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


def _write(target: Path, content: bytes) -> bool:
    """Write a new file; False when something of that name is there, whatever it is."""
    if target.exists() or target.is_symlink():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(content)
    except OSError as error:
        raise failure("not-writable", f"it cannot be written: {error.strerror}", file=str(target)) from error
    return True
