"""The typed client: a normalised contract → the modules of a package that stands alone."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from pennyform.codegen.client.checks import check, reject_hidden_characters
from pennyform.codegen.client.code import UnsafeTextError
from pennyform.codegen.client.filters import filters
from pennyform.codegen.client.methods import resource
from pennyform.codegen.client.model_modules import modules
from pennyform.codegen.client.names import base_path, identifier
from pennyform.codegen.client.params import params
from pennyform.codegen.client.proof import Importer, prove
from pennyform.codegen.client.render import Renderer, oauth_endpoints
from pennyform.codegen.client.supported import without_unsupported
from pennyform.findings import failure
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import Contract

__all__ = ["Importer", "emit", "without_unsupported"]


_PROSE = {"description", "summary", "title"}


def emit(
    contract: Contract,
    templates: Path,
    *,
    package: str = "",
    version: str = "0",
    importer: Importer | None = None,
) -> dict[str, bytes]:
    """Emit the client of one API.

    Args:
        contract: a normalised contract.
        templates: the folder of the client's templates.
        package: what to call it; ``pennylane_<api>`` when left out.
        version: what its ``__version__`` is.
        importer: imports it, to see that it works; one that only this package has when left out.

    Returns:
        Path below ``generated/`` → content, sorted.

    Raises:
        Failure: something in the contract was not understood, or is not safe to emit.
    """
    package = str(identifier(package or f"pennylane_{contract.api}"))
    try:
        reject_hidden_characters(contract.document)
        # One for both renderings: compiling the templates takes most of the time of rendering.
        renderer = Renderer(templates, package)
        files = _render(contract, renderer, version)
        # Emitted again without descriptions: code must not depend on what a description says.
        without_prose = replace(
            contract,
            document=_without_prose(contract.document),
            operations=tuple(
                replace(operation, summary="", description="") for operation in contract.operations
            ),
        )
        check(files, files if without_prose == contract else _render(without_prose, renderer, version))
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
    with nullcontext(importer) if importer else Importer() as process:
        proved = prove(files, process)
    return {path: text.encode() for path, text in sorted(proved.items())}


def _render(contract: Contract, renderer: Renderer, version: str) -> dict[str, str]:
    models = modules(contract)
    homes = {str(model.name): module for module, members in models.items() for model in members}
    named = {operation.resource for operation in contract.operations}
    named |= {operation.resource for operation in contract.skipped}
    names = sorted(named - {""})
    resources = [resource(name, contract, homes) for name in names]
    return (
        renderer.runtime(oauth_endpoints(contract), base_path(contract), version)
        | renderer.models(models)
        | renderer.filters(filters(contract))
        | renderer.params(params(contract))
        | renderer.resources(resources)
    )


def _without_prose(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            key: _without_prose(member)
            for key, member in value.items()
            if key not in _PROSE or not isinstance(member, str)
        }
    return [_without_prose(member) for member in value] if isinstance(value, list) else value
