"""One run of the generator: pinned contracts in, everything below ``generated/`` out, nothing written yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform.codegen import emit_all, emit_schemas
from pennyform.codegen.output import DISTRIBUTION_FILES, find_stale_files
from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec import Contract, canonical_json, read_contract
from pennyform.spec.document.json_types import child
from pennyform.spec.pin.store import Store

if TYPE_CHECKING:
    from pennyform.codegen.client import Importer


@dataclass(frozen=True)
class Emission:
    """What one contract gives. ``declared`` is the number of operations that were pinned."""

    contract: Contract
    declared: int
    files: dict[str, bytes]
    warnings: tuple[Finding, ...] = ()

    @property
    def lines(self) -> int:
        """Lines of all files together."""
        return sum(content.count(b"\n") for content in self.files.values())

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(map(len, self.files.values()))


def emit_contract(
    api: str, store: Store, templates: Path, package: str = "", importer: Importer | None = None
) -> Emission:
    """Read, normalise and emit one pinned contract.

    Args:
        api: which one.
        store: where it is pinned.
        templates: the folder of templates.
        package: the name of the client's package; ``pennylane_<api>`` when left out.
        importer: imports that package, to see that it works; see :func:`client.emit`.

    Raises:
        Failure: something in it was not understood, or an operation would be missing.
    """
    warnings = _tolerated(store)
    contract, declared = _read_intact(api, store, warnings)
    emit = partial(
        emit_all,
        templates=templates,
        package=package,
        version=_version(store.lock().contracts[api].date),
        warnings=warnings,
        importer=importer,
    )
    try:
        files = emit(contract)
    except Failure:
        # Looking for what cannot be emitted takes as long as emitting it: only where there is something.
        from pennyform.codegen.client import without_unsupported

        supported = without_unsupported(contract)
        if len(supported.operations) == len(contract.operations):
            raise
        contract = supported
        files = emit(contract)
    findings = [*(warnings or ()), *_skipped(contract, str(store.contract_path(api)))]
    return Emission(contract, declared, files, tuple(findings))


def _skipped(contract: Contract, file: str) -> Iterator[Finding]:
    """What is said about each operation that is left out."""
    for operation in contract.skipped:
        yield Finding(
            "operation-skipped",
            Severity.NOTE if operation.declared else Severity.WARNING,
            f"{operation.method} {operation.path} is left out: {operation.reason}",
            file=file,
            pointer=child(child("/paths", operation.path), operation.method.lower()),
            detail="The client has a method in its place that says why it cannot be called.",
            fix="Correct the contract in its overlay, or state the reason there: x-pennyform-skip.",
        )


def derive_schemas(api: str, store: Store, templates: Path) -> dict[str, bytes]:
    """The schemas and tables of one pinned contract, by path below ``schemas/``, without its client.

    Raises:
        Failure: something in it was not understood.
    """
    warnings = _tolerated(store)
    contract, _ = _read_intact(api, store, warnings)
    files = emit_schemas(contract, templates, warnings=warnings)
    return {path.removeprefix("schemas/"): content for path, content in files.items()}


def _tolerated(store: Store) -> list[Finding] | None:
    """Where warnings go about a repository's own contract; None for pennyform's, where they are errors."""
    return None if store.shipped is None else []


def _read_intact(api: str, store: Store, warnings: list[Finding] | None) -> tuple[Contract, int]:
    """A pinned contract, normalised, and how many operations it has."""
    if store.contract_path(api).is_file() and not store.is_intact(api):
        raise failure(
            "contract-changed",
            f"the pinned contract of {api} is not the one in the lock",
            file=str(store.contract_path(api)),
            detail="What is emitted would not be what the vendor has published.",
            fix="Fetch it again; corrections belong into an overlay.",
        )
    contract = read_contract(api, store, warnings=warnings)
    # The lock counted them when the contract was pinned: none may be lost silently.
    declared = store.lock().contracts[api].counts.operations
    known = len(contract.operations) + len(contract.skipped)
    if known != declared:
        summary = f"{known} of {declared} operations of {api} would be emitted or left out with a reason"
        fix = f"Pin the contract again, or look for an overlay that removes operations of {api}."
        raise failure("missing-operations", summary, file=str(store.contract_path(api)), fix=fix)
    return contract, declared


def skipped(emitted: Sequence[Emission]) -> dict[str, dict[str, str]]:
    """The reasons of the operations that are left out, by API and operation id."""
    return {
        emission.contract.api: {
            operation.operation_id: operation.reason for operation in emission.contract.skipped
        }
        for emission in emitted
    }


def all_files(emitted: Sequence[Emission]) -> dict[str, bytes]:
    """All files of all contracts."""
    return {path: content for emission in emitted for path, content in emission.files.items()}


def _version(day: str) -> str:
    """The version of what is made from a contract of an ISO 8601 date."""
    parsed = date.fromisoformat(day)
    return f"{parsed.year}.{parsed.month}.{parsed.day}"


def distribution_files(
    name: str, packages: Mapping[str, str], store: Store, templates: Path
) -> dict[str, bytes]:
    """What makes the emitted packages one that can be installed.

    Args:
        name: what it is installed by.
        packages: the names of the packages by API.
        store: where the contracts are pinned.
        templates: the folder of the templates of these files.

    Returns:
        Bytes by path below the output folder. The version is the date of the newest contract.
    """
    dates = {api: store.lock().contracts[api].date for api in packages}
    values = {
        "name": name,
        "packages": dict(packages),
        "dates": dates,
        "version": _version(max(dates.values())),
    }
    environment = Environment(  # noqa: S701 - no HTML; all values are names and dates that were checked
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return {
        file: environment.get_template(f"{file}.jinja").render(values).encode() for file in DISTRIBUTION_FILES
    }


def find_stale(
    emitted: Sequence[Emission], files: Mapping[str, bytes], output: Path, store: Store
) -> list[Finding]:
    """Every one of ``files``, orphan and record of names that a generation into ``output`` would change."""
    findings = find_stale_files(files, output)
    for emission in emitted:
        path = store.names_path(emission.contract.api)
        if not path.is_file() or path.read_bytes() != canonical_json(emission.contract.names):
            summary = (
                f"{path.name} does not have the names that the components of {emission.contract.api} have now"
            )
            fix = "Run: pennyform generate"
            findings.append(Finding("names-changed", Severity.ERROR, summary, file=str(path), fix=fix))
    return tidy(findings)


def names_files(emitted: Sequence[Emission], store: Store) -> dict[Path, bytes]:
    """What remembers the names that components bear now, so that they keep them."""
    return {
        store.names_path(emission.contract.api): canonical_json(emission.contract.names)
        for emission in emitted
    }
