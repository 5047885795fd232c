"""The whole client as a map of path to bytes, from one contract."""

from __future__ import annotations

from pathlib import Path

from pennyform.codegen.client.checks import check, refuse_hostile_text
from pennyform.codegen.client.code import UnsafeTextError
from pennyform.codegen.client.filters import filters
from pennyform.codegen.client.modules import modules
from pennyform.codegen.client.pages import Pages
from pennyform.codegen.client.parsing import identifier, parse
from pennyform.codegen.client.resources import resource
from pennyform.findings import failure
from pennyform.spec.contract import Contract


def emit(contract: Contract, templates: Path) -> dict[str, bytes]:
    """Emit the client of one API.

    Args:
        contract: a normalised contract.
        templates: the folder of the client's templates.

    Returns:
        Path below ``generated/`` → content, sorted.

    Raises:
        Failure: something in the contract was not understood, or is not safe to emit.
    """
    package = str(identifier(f"pennylane_{contract.api}"))
    refuse_hostile_text(contract.document)
    try:
        files = _rendered(contract, templates, package)
    except UnsafeTextError as problem:
        raise failure(
            "contract-text-unsafe",
            "a text of the contract stands where only a name, a literal or prose may",
            detail=f"{problem}.",
            fix="Correct the contract in its overlay; if it is sound, the fault is in a template.",
        ) from problem
    check(files)
    return dict(sorted((path, text.encode()) for path, text in files.items()))


def _rendered(contract: Contract, templates: Path, package: str) -> dict[str, str]:
    parsed = parse(contract, templates, package)
    models = modules(contract, parsed)
    where = {str(each.name): module for module, held in models.items() for each in held}
    names = sorted({operation.resource for operation in contract.operations})
    resources = [resource(name, contract, parsed, where) for name in names]
    pages = Pages(parsed.project.env, package)
    return (
        pages.runtime() | pages.models(models) | pages.filters(filters(contract)) | pages.resources(resources)
    )
