"""One seed: a changed contract, generated, imported, and every operation of it called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pennyform.spec import Contract

from .calls import Caller, said
from .changes import change
from .document import Document, cut
from .package import Package, contract_of, files_of

# One seed in so many has so many operations; the first number that fits. The others have one or two.
_LARGE = {1000: 1000, 50: 12}


@dataclass
class Verdict:
    """What one seed came to."""

    seed: int
    kinds: list[str] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    operations: int = 0
    skipped: int = 0
    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    program: str = ""
    document: Any = None


def play(
    seed: int, spoil: Callable[[dict[str, str]], dict[str, str]] = dict, only: frozenset[str] = frozenset()
) -> Verdict:
    """Play one seed.

    Args:
        seed: which.
        only: the kinds of changes and of schemas to make; all when left out.
        spoil: what is done to the emitted modules before they are imported: a planted bug.
    """
    verdict = Verdict(seed)
    rng = Random(seed)
    document = cut(rng, next((share for every, share in _LARGE.items() if seed % every == every - 1), 0))
    document.only = only
    for _ in range(rng.randrange(1, 6)):
        change(document)
    verdict.kinds, verdict.document = document.used, document.json
    try:
        contract = contract_of(document.json)
        files = files_of(contract)
    except Exception as problem:
        verdict.wrong.append(f"nothing is generated: {said(problem)}")
        return verdict
    verdict.files = files = spoil(files)
    verdict.operations, verdict.skipped = len(contract.operations), len(contract.skipped)
    verdict.wrong += _accounted(document, contract)
    lines: list[str] = []
    try:
        with Package(files) as package, Caller(document, contract, package, rng) as caller:
            verdict.wrong += caller.stubs()
            for operation in contract.operations:
                verdict.wrong += caller.operation(operation)
            verdict.calls, verdict.ways, lines = caller.calls, caller.ways, caller.lines
    except Exception as problem:
        verdict.wrong.append(f"the package cannot be used: {said(problem)}")
    verdict.program = "\n".join(lines)
    return verdict


def _accounted(document: Document, contract: Contract) -> Iterator[str]:
    """Every operation of the contract is emitted, or left out for a reason that a change gives."""
    declared = {(method.upper(), path) for path, method, _, _ in document.operations()}
    emitted = {(operation.method, operation.path) for operation in contract.operations}
    left_out = {(operation.method, operation.path) for operation in contract.skipped}
    if emitted | left_out != declared or emitted & left_out:
        yield f"{sorted(declared ^ (emitted | left_out))} are neither emitted nor left out"
    for operation in contract.skipped:
        if not any(reason in operation.reason for reason in document.excused):
            yield f"{operation.operation_id} is left out: {operation.reason}"
        place = operation.path, operation.method.lower()
        if document.closure(*place) == document.before.get(place):
            yield f"{operation.operation_id} is left out, and nothing of it was changed"
