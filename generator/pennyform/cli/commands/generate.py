"""``pennyform generate``: emit client and schemas from the pinned contracts, or check that they are fresh."""

from __future__ import annotations

import gc
import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import data
from pennyform.cli.commands.spec_diff import print_changes
from pennyform.cli.options.contracts import GenerateOptions
from pennyform.cli.terminal import Exit, Terminal, shorten_path
from pennyform.codegen.output import changed_stock, inputs, is_untouched, read_lock
from pennyform.codegen.output import write as write_output
from pennyform.findings import failure
from pennyform.spec.pin.store import Store

if TYPE_CHECKING:
    from pennyform.codegen.generation import Emission

# Module -> package of the extra that emitting needs.
_NEEDED = {
    "jsonpath": "python-jsonpath",
    "openapi_python_client": "openapi-python-client",
    "ruff": "ruff",
}


def run(options: GenerateOptions, terminal: Terminal) -> Exit:
    """Emit what is not up to date; with ``check`` only say so, and exit 4."""
    started = time.monotonic()
    store, checkout, output = Store.default(), data.checkout(), options.output
    if output is None:
        if checkout is None:
            fix = "Say where to: pennyform generate --output FOLDER"
            raise failure("no-output", "an installed pennyform has no generated/ of its own", fix=fix)
        output = checkout / "generated"
    lock = read_lock(output)
    made_from = inputs(store, data.templates())
    if not options.full and lock.get("inputs") == made_from and is_untouched(output, lock):
        terminal.print(f"up to date: {_files(len(lock['files']))} in {shorten_path(output)}")
        return Exit.OK
    terminal.print_findings(changed_stock(lock, made_from))
    # While everything that is made lives on, looking for garbage is a fifth of the time for nothing.
    gc.disable()
    try:
        emitted = _emit(store, data.templates(), terminal)
    finally:
        gc.enable()
    if options.check:
        return _check(emitted, output, store, terminal)
    from pennyform.codegen.generation import all_files, write_names

    if checkout is not None:
        write_names(emitted, store)
    # Read again: the names just written are among the inputs.
    made_from = inputs(store, data.templates())
    counts = write_output(all_files(emitted), output, made_from=made_from, ours=_is_checkout(output))
    result = f"{counts.added} added, {counts.changed} changed, {counts.removed} removed"
    seconds = time.monotonic() - started
    terminal.print(f"{shorten_path(output)}: {result}, {seconds:.1f} s")
    for emission in emitted:
        _report_changes(emission.contract.api, store, options.against, terminal, done=_is_checkout(output))
    return Exit.OK


def _emit(store: Store, templates: Path, terminal: Terminal) -> list[Emission]:
    missing = [package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        fix = "Install them: pip install 'pennyform[codegen]'"
        raise failure("missing-extra", f"generating needs {' and '.join(missing)}", fix=fix)

    from pennyform.codegen.generation import emit_contract

    emitted = []
    for api in store.apis():
        emission = emit_contract(api, store, templates)
        emitted.append(emission)
        operations = f"{len(emission.contract.operations)} of {emission.declared} operations"
        size = f"{emission.lines:,} lines, {emission.size:,} bytes"
        terminal.print(f"{api}: {operations}, {_files(len(emission.files))}, {size}")
    return emitted


def _check(emitted: Sequence[Emission], output: Path, store: Store, terminal: Terminal) -> Exit:
    from pennyform.codegen.generation import all_files, find_stale

    findings = find_stale(emitted, output, store)
    if not findings:
        terminal.print(f"up to date: {_files(len(all_files(emitted)))} in {shorten_path(output)}")
        return Exit.OK
    terminal.print_findings(findings, terminal.stdout)
    terminal.print(f"{_files(len(findings))} stale. Run: pennyform generate")
    return Exit.FINDINGS


def _is_checkout(output: Path) -> bool:
    """Whether this is the folder that the checkout's own lock and contracts belong to."""
    checkout = data.checkout()
    return checkout is not None and output.resolve() == (checkout / "generated").resolve()


def _report_changes(
    api: str, store: Store, against: Sequence[Path], terminal: Terminal, *, done: bool
) -> None:
    """What the vendor has changed since the last generation; ``done`` makes this one the last."""
    previous = store.previous(api)
    if previous is None:
        return
    names = (f"{api} as emitted before", f"{api} of {store.lock().contracts[api].date}")
    print_changes(previous, store.pinned(api), names=names, against=against, terminal=terminal)
    if done:
        store.previous_path(api).unlink()


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
