"""``pennyform generate``: emit client and schemas from the pinned contracts, or check that they are fresh."""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.exits import Exit

if TYPE_CHECKING:
    from pennyform.codegen.generation import Emitted
    from pennyform.spec.store import Store

_NEEDED = {"openapi_python_client": "openapi-python-client", "jsonpath": "python-jsonpath"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale and exit 4")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to; else this checkout's generated/"
    )
    parser.add_argument(
        "--full", action="store_true", help="emit even where the lock says that nothing changed"
    )


def run(args: argparse.Namespace) -> Exit:
    """Carry out the verb."""
    from pennyform import data
    from pennyform.codegen import record, writer
    from pennyform.spec.store import Store

    started = time.monotonic()
    store, output = Store.default(), _output(args.output)
    lock = writer.locked(output)
    made_from = record.inputs(store, data.templates())
    if not args.full and lock.get("inputs") == made_from and writer.untouched(output, lock):
        print(f"up to date: {_files(len(lock['files']))} in {output}")
        return Exit.OK
    emitted = _emit(store, data.templates())
    if args.check:
        return _check(emitted, output, store)
    written = _write(emitted, output, store)
    seconds = time.monotonic() - started
    print(f"{output}: {written}, {seconds:.1f} s")
    return Exit.OK


def _output(asked: Path | None) -> Path:
    from pennyform import data
    from pennyform.findings import failure

    if asked is not None:
        return asked
    checkout = data.checkout()
    if checkout is None:
        fix = "Say where to: pennyform generate --output FOLDER"
        raise failure("no-output", "an installed pennyform has no generated/ of its own", fix=fix)
    return checkout / "generated"


def _emit(store: Store, templates: Path) -> list[Emitted]:
    _require_extra()
    from pennyform.codegen.generation import emit_contract

    emitted = []
    for api in store.apis():
        each = emit_contract(api, store, templates)
        emitted.append(each)
        operations = f"{len(each.contract.operations)} of {each.declared} operations"
        print(f"{api}: {operations}, {_files(len(each.files))}, {each.lines:,} lines, {each.size:,} bytes")
    return emitted


def _require_extra() -> None:
    from pennyform.findings import failure

    missing = [package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        fix = "Install them: pip install 'pennyform[codegen]'"
        raise failure("missing-extra", f"generating needs {' and '.join(missing)}", fix=fix)


def _check(emitted: Sequence[Emitted], output: Path, store: Store) -> Exit:
    from pennyform.cli import terminal
    from pennyform.codegen.generation import joined, stale

    findings = stale(emitted, output, store)
    if not findings:
        print(f"up to date: {_files(len(joined(emitted)))} in {output}")
        return Exit.OK
    terminal.print_findings(findings)
    print(f"{_files(len(findings))} stale. Run: pennyform generate")
    return Exit.FINDINGS


def _write(emitted: Sequence[Emitted], output: Path, store: Store) -> str:
    from pennyform import data
    from pennyform.codegen import record, writer
    from pennyform.codegen.generation import joined, keep_names

    checkout = data.checkout()
    if checkout is not None:
        keep_names(emitted, store)
    ours = checkout is not None and output.resolve() == (checkout / "generated").resolve()
    made_from = record.inputs(store, data.templates())
    written = writer.write(joined(emitted), output, made_from=made_from, ours=ours)
    return f"{written.added} added, {written.changed} changed, {written.removed} removed"


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
