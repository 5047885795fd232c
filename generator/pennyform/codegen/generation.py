"""One run of the generator: pinned contracts in, everything below ``generated/`` out, nothing written yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pennyform.codegen import emit_all
from pennyform.codegen.output import find_stale_files
from pennyform.findings import Finding, Severity, failure, tidy
from pennyform.spec import Contract, canonical_json, read_contract
from pennyform.spec.pin.store import Store


@dataclass(frozen=True)
class Emission:
    """What one contract gives. ``declared`` is the number of operations that were pinned."""

    contract: Contract
    declared: int
    files: dict[str, bytes]

    @property
    def lines(self) -> int:
        """Lines of all files together."""
        return sum(content.count(b"\n") for content in self.files.values())

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(map(len, self.files.values()))


def emit_contract(api: str, store: Store, templates: Path) -> Emission:
    """Read, normalise and emit one pinned contract.

    Raises:
        Failure: something in it was not understood, or an operation would be missing.
    """
    if store.contract_path(api).is_file() and not store.is_intact(api):
        raise failure(
            "contract-changed",
            f"the pinned contract of {api} is not the one in the lock",
            file=str(store.contract_path(api)),
            detail="What is emitted would not be what the vendor has published.",
            fix="Fetch it again; corrections belong into an overlay.",
        )
    contract = read_contract(api, store)
    # The lock counted them when the contract was pinned: none may be lost silently.
    declared = store.lock().contracts[api].counts.operations
    if len(contract.operations) != declared:
        summary = f"{len(contract.operations)} of {declared} operations of {api} would be emitted"
        fix = f"Pin the contract again, or look for an overlay that removes operations of {api}."
        raise failure("missing-operations", summary, file=str(store.contract_path(api)), fix=fix)
    return Emission(contract, declared, emit_all(contract, templates))


def all_files(emitted: Sequence[Emission]) -> dict[str, bytes]:
    """All files of all contracts."""
    return {path: content for emission in emitted for path, content in emission.files.items()}


def find_stale(emitted: Sequence[Emission], output: Path, store: Store) -> list[Finding]:
    """Every file below ``output``, and every record of names, that a generation would change."""
    findings = find_stale_files(all_files(emitted), output)
    for emission in emitted:
        path = store.names_path(emission.contract.api)
        if not path.is_file() or path.read_bytes() != canonical_json(emission.contract.names):
            summary = (
                f"{path.name} does not have the names that the components of {emission.contract.api} have now"
            )
            fix = "Run: pennyform generate"
            findings.append(Finding("names-changed", Severity.ERROR, summary, file=str(path), fix=fix))
    return tidy(findings)


def write_names(emitted: Sequence[Emission], store: Store) -> None:
    """Remember the names that components bear now, so that they keep them."""
    for emission in emitted:
        store.write(store.names_path(emission.contract.api), emission.contract.names)
