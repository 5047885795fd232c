"""Which operations of a contract can be emitted: the others are left out, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pennyform.codegen.client.calls import call_of
from pennyform.codegen.client.model_modules import sentences
from pennyform.codegen.client.models import Components, model
from pennyform.findings import Failure
from pennyform.spec.normaliser.contract import Contract, Operation, SkippedOperation


def without_unsupported(contract: Contract) -> Contract:
    """The contract with each operation that no code can be emitted for among those that are skipped."""
    components = Components(contract.schemas, sentences(contract))
    used = [name for name in contract.schemas if name in components.sentences]
    problems = {name: _problem(partial(model, name, components)) for name in used}
    operations: list[Operation] = []
    skipped = list(contract.skipped)
    for operation in contract.operations:
        schemas = [answer.schema for answer in operation.answers]
        schemas += [operation.request.schema] if operation.request else []
        schemas += [parameter.schema for parameter in operation.parameters]
        reasons = [_problem(partial(call_of, operation, contract))]
        reasons += [problems.get(name, "") for name in sorted(components.reachable(schemas))]
        reason = "; ".join(dict.fromkeys(filter(None, reasons)))
        if reason:
            skipped.append(
                SkippedOperation(
                    operation.operation_id,
                    operation.method,
                    operation.path,
                    operation.resource,
                    operation.name,
                    reason,
                )
            )
        else:
            operations.append(operation)
    return replace(contract, operations=tuple(operations), skipped=tuple(skipped))


def _problem(build: Callable[[], object]) -> str:
    """Why something cannot be emitted, or ""."""
    try:
        build()
    except Failure as problem:
        return "; ".join(f"{finding.summary}: {finding.detail}".rstrip(": ") for finding in problem.findings)
    return ""
