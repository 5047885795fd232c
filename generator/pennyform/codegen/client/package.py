"""The whole client as a map of path to bytes, from one contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pennyform.codegen.client.checks import check, refuse_hidden_characters
from pennyform.codegen.client.code import UnsafeTextError
from pennyform.codegen.client.models.modules import modules
from pennyform.codegen.client.naming import base_path
from pennyform.codegen.client.operations.authorization import addresses
from pennyform.codegen.client.operations.filters import filters
from pennyform.codegen.client.operations.resources import resource
from pennyform.codegen.client.parsing import Parsed, identifier, parse
from pennyform.codegen.client.render import Pages
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import Contract

_PROSE = {"description", "summary", "title"}


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
    try:
        return _emitted(contract, templates, str(identifier(f"pennylane_{contract.api}")))
    except UnsafeTextError as problem:
        raise failure(
            "contract-text-unsafe",
            "a text of the contract stands where only a name, a literal or prose may",
            detail=f"{problem}.",
            fix="Correct the contract in its overlay; if it is sound, the fault is in a template.",
        ) from problem
    except RecursionError as problem:
        raise failure(
            "contract-too-deep",
            "the contract is nested too deeply to be read",
            fix="Ask where it came from: an honest contract is a few dozen levels deep.",
        ) from problem


def _emitted(contract: Contract, templates: Path, package: str) -> dict[str, bytes]:
    refuse_hidden_characters(contract.document)
    parsed = parse(contract, templates, package)
    files = _rendered(contract, parsed, package)
    check(files, _rendered(blanked(contract), parsed, package))
    return dict(sorted((path, text.encode()) for path, text in files.items()))


def blanked(contract: Contract) -> Contract:
    """The same contract without a word of prose in it."""
    return replace(contract, document=_blanked(contract.document))


def _blanked(value: Any) -> Any:
    if isinstance(value, dict):
        kept = (item for item in value.items() if item[0] not in _PROSE or not isinstance(item[1], str))
        return {key: _blanked(inner) for key, inner in kept}
    return [_blanked(inner) for inner in value] if isinstance(value, list) else value


def _rendered(contract: Contract, parsed: Parsed, package: str) -> dict[str, str]:
    models = modules(contract, parsed)
    where = {str(each.name): module for module, held in models.items() for each in held}
    names = sorted({operation.resource for operation in contract.operations})
    resources = [resource(name, contract, parsed, where) for name in names]
    pages = Pages(parsed.project.env, package)
    known = filters(contract)
    return (
        pages.runtime(addresses(contract), base_path(contract), numbered=any(e.numbered for e in resources))
        | pages.models(models)
        | pages.filters(known)
        | pages.resources(resources)
    )
