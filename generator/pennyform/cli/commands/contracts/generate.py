"""``pennyform generate``: emit client and schemas from the pinned contracts, or check that they are fresh."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import data
from pennyform.cli.contracts import contract_here, store_of
from pennyform.cli.options.contracts import GenerateOptions
from pennyform.cli.terminal import Exit, Terminal, shorten_path
from pennyform.codegen.output import changed_stock, inputs, is_untouched, read_lock, refuse_older
from pennyform.codegen.output import write as write_output
from pennyform.extras import require_extra
from pennyform.findings import failure
from pennyform.safe_files import replaced_files
from pennyform.spec.pin.store import Store

if TYPE_CHECKING:
    from pennyform.codegen.generation import Emission


@dataclass(frozen=True, slots=True)
class _Target:
    """What to emit and where.

    ``packages`` are the names of the packages by API, empty for all APIs under our own names; ``is_ours``
    tells that ``store`` and ``output`` belong together, so that names are remembered in the store.
    ``distribution`` is the name that the packages are installed by, "" where they are none of their own.
    """

    store: Store
    output: Path
    packages: Mapping[str, str]
    is_ours: bool
    distribution: str = ""


def run(options: GenerateOptions, terminal: Terminal) -> Exit:
    """Emit what is not up to date; with ``check`` only say so, and exit 4."""
    started = time.monotonic()
    target = _target(options)
    output, store, templates = target.output, target.store, data.templates()
    lock = read_lock(output)
    made_from = inputs(store, templates, target.packages)
    if not options.allow_older:
        refuse_older(lock, made_from, output)
    if not options.full and lock.get("inputs") == made_from and is_untouched(output, lock):
        terminal.print(f"up to date: {_files(len(lock['files']))} in {shorten_path(output)}")
        return Exit.OK
    terminal.print_findings(changed_stock(lock, made_from))
    # While everything that is made lives on, looking for garbage is a fifth of the time for nothing.
    gc.disable()
    try:
        emitted = _emit(target, templates, terminal)
    finally:
        gc.enable()
    if options.check:
        return _check(emitted, target, terminal)
    from pennyform.codegen.generation import names_files, skipped

    # Whatever can go wrong has its say before the first file changes.
    files, apis = _all_files(emitted, target), [emission.contract.api for emission in emitted]
    changes = [_changes(api, store, options.against, terminal) for api in apis]
    with replaced_files(names_files(emitted, store) if target.is_ours else {}):
        # Read again: the names just written are among the inputs.
        made_from = inputs(store, templates, target.packages)
        counts = write_output(
            files,
            output,
            made_from=made_from,
            ours=_is_checkout(output),
            skipped=skipped(emitted),
        )
    result = f"{counts.added} added, {counts.changed} changed, {counts.removed} removed"
    seconds = time.monotonic() - started
    terminal.print(f"{shorten_path(output)}: {result}, {seconds:.1f} s")
    done = _is_checkout(output) or bool(target.is_ours and target.distribution)
    for api, text in zip(apis, changes, strict=True):
        terminal.write(text)
        if text and done:
            store.previous_path(api).unlink()
    return Exit.OK


def _target(options: GenerateOptions) -> _Target:
    """What the options ask for, else what the repository owns, else this checkout.

    Raises:
        Failure: nothing says where to.
    """
    contract = None if options.specs else contract_here()
    if contract:
        packages = {api: f"{contract.package}_{api}" for api in contract.apis}
        is_own = options.output is None or options.output.resolve() == contract.output.resolve()
        name = contract.package.replace("_", "-")
        return _Target(store_of(contract), options.output or contract.output, packages, is_own, name)
    checkout = data.checkout()
    store = Store(options.specs) if options.specs else Store.default()
    if options.output is None and (checkout is None or options.specs):
        fix = "Say where to (pennyform generate --output FOLDER), or own the contract (pennyform spec init)."
        raise failure("no-output", "nothing says where to generate to", fix=fix)
    output = options.output or checkout / "generated"  # type: ignore[operator]  # one of them is there
    return _Target(store, output, {}, bool(options.specs) or checkout is not None)


def _all_files(emitted: Sequence[Emission], target: _Target) -> dict[str, bytes]:
    from pennyform.codegen.generation import all_files, distribution_files

    files = all_files(emitted)
    if target.distribution:
        files |= distribution_files(
            target.distribution, target.packages, target.store, data.templates() / "package"
        )
    return files


def _emit(target: _Target, templates: Path, terminal: Terminal) -> list[Emission]:
    require_extra("codegen", "generating")

    from pennyform.codegen.client.proof import Importer
    from pennyform.codegen.generation import emit_contract

    def emit(api: str) -> Emission:
        return emit_contract(api, target.store, templates, target.packages.get(api, ""), importer)

    emitted = []
    # One contract is worked on while the processes that check another's modules run.
    with Importer() as importer, ThreadPoolExecutor() as pool:
        for emission in pool.map(emit, target.packages or target.store.apis()):
            terminal.print_findings(emission.warnings)
            emitted.append(emission)
            operations = f"{len(emission.contract.operations)} of {emission.declared} operations"
            size = f"{emission.lines:,} lines, {emission.size:,} bytes"
            terminal.print(f"{emission.contract.api}: {operations}, {_files(len(emission.files))}, {size}")
    return emitted


def _check(emitted: Sequence[Emission], target: _Target, terminal: Terminal) -> Exit:
    from pennyform.codegen.generation import find_stale

    files = _all_files(emitted, target)
    findings = find_stale(emitted, files, target.output, target.store)
    if not findings:
        terminal.print(f"up to date: {_files(len(files))} in {shorten_path(target.output)}")
        return Exit.OK
    terminal.print_findings(findings, terminal.stdout)
    terminal.print(f"{_files(len(findings))} stale. Run: pennyform generate")
    return Exit.FINDINGS


def _is_checkout(output: Path) -> bool:
    """Whether this is the folder that the checkout's own lock and contracts belong to."""
    checkout = data.checkout()
    return checkout is not None and output.resolve() == (checkout / "generated").resolve()


def _changes(api: str, store: Store, against: Sequence[Path], terminal: Terminal) -> str:
    """What the vendor has changed since the last generation."""
    previous = store.previous(api)
    if previous is None:
        return ""
    from pennyform.cli.commands.contracts.spec_diff import changes_text

    names = (f"{api} as emitted before", f"{api} of {store.lock().contracts[api].date}")
    return changes_text(previous, store.pinned(api), names=names, against=against, terminal=terminal)


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
