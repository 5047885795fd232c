"""``pennyform generate``: emit client and schemas from the pinned contracts, or check that they are fresh."""

from __future__ import annotations

import argparse
import gc
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.exits import Exit

if TYPE_CHECKING:
    from pennyform.codegen.generation import Emitted
    from pennyform.spec.pin.store import Store

_NEEDED = {"jsonpath": "python-jsonpath", "openapi_python_client": "openapi-python-client"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale and exit 4")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to; else this checkout's generated/"
    )
    parser.add_argument(
        "--full", action="store_true", help="emit even where the lock says that nothing changed"
    )
    parser.add_argument(
        "--against",
        nargs="+",
        type=Path,
        metavar="FILE|FOLDER",
        help="after a new pin, say which definitions, templates and code use what has changed",
    )


def run(args: argparse.Namespace) -> Exit:
    """Carry out the verb."""
    from pennyform import data
    from pennyform.cli.terminal import output as terminal
    from pennyform.codegen.output import record, writer
    from pennyform.spec.pin.store import Store

    started = time.monotonic()
    store, output = Store.default(), _output(args.output)
    lock = writer.locked(output)
    made_from = record.inputs(store, data.templates())
    if not args.full and lock.get("inputs") == made_from and writer.untouched(output, lock):
        print(f"up to date: {_files(len(lock['files']))} in {terminal.near(output)}")
        return Exit.OK
    terminal.print_findings(record.changed_stock(lock, made_from), stream=sys.stderr)
    with _nothing_thrown_away():
        emitted = _emit(store, data.templates())
    if args.check:
        return _check(emitted, output, store)
    written = _write(emitted, output, store)
    seconds = time.monotonic() - started
    print(f"{terminal.near(output)}: {written}, {seconds:.1f} s")
    for each in emitted:
        _report(each.contract.api, store, args.against or (), done=_is_ours(output))
    return Exit.OK


@contextmanager
def _nothing_thrown_away() -> Iterator[None]:
    """While everything that is made lives on, looking for garbage is a fifth of the time for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
    from pennyform.cli.terminal import output as terminal
    from pennyform.codegen.generation import joined, stale

    findings = stale(emitted, output, store)
    if not findings:
        print(f"up to date: {_files(len(joined(emitted)))} in {terminal.near(output)}")
        return Exit.OK
    terminal.print_findings(findings)
    print(f"{_files(len(findings))} stale. Run: pennyform generate")
    return Exit.FINDINGS


def _write(emitted: Sequence[Emitted], output: Path, store: Store) -> str:
    from pennyform import data
    from pennyform.codegen.generation import joined, keep_names
    from pennyform.codegen.output import record, writer

    if data.checkout() is not None:
        keep_names(emitted, store)
    made_from = record.inputs(store, data.templates())
    written = writer.write(joined(emitted), output, made_from=made_from, ours=_is_ours(output))
    return f"{written.added} added, {written.changed} changed, {written.removed} removed"


def _is_ours(output: Path) -> bool:
    """Whether this is the folder that the checkout's own lock and contracts belong to."""
    from pennyform import data

    checkout = data.checkout()
    return checkout is not None and output.resolve() == (checkout / "generated").resolve()


def _report(api: str, store: Store, against: Sequence[Path], *, done: bool) -> None:
    """What the vendor has changed since the last generation; ``done`` makes this one the last."""
    from pennyform.cli.run.contract_changes import print_changes

    previous = store.previous(api)
    if previous is None:
        return
    names = (f"{api} as emitted before", f"{api} of {store.lock().contracts[api].date}")
    print_changes(previous, store.pinned(api), names=names, against=against)
    if done:
        store.previous_path(api).unlink()


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
