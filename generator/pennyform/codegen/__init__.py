"""Code generation: a normalised contract → everything below ``generated/``, as a map of path to bytes.

Emitting is pure; :mod:`pennyform.codegen.output` is the only module that touches ``generated/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import data
from pennyform.findings import Failure, Finding, failure
from pennyform.spec import Contract

if TYPE_CHECKING:
    from pennyform.codegen.client import Importer

_INVOICED = "company"
"""The API whose invoices can be defined in files; the others get a client and schemas only."""


def emit_all(
    contract: Contract,
    templates: Path | None = None,
    *,
    package: str = "",
    version: str = "0",
    warnings: list[Finding] | None = None,
    importer: Importer | None = None,
) -> dict[str, bytes]:
    """Emit the client, the schemas and the tables of one API.

    Args:
        contract: the normalised contract.
        templates: the folder of templates; this installation's when left out.
        package: the name of the client's package; ``pennylane_<api>`` when left out.
        version: of that package.
        warnings: see :func:`emit_schemas`.
        importer: see :func:`client.emit`.

    Returns:
        Bytes by path below ``generated/``, sorted.

    Raises:
        Failure: something in the contract was not understood, or is not safe to emit.
    """
    from pennyform.codegen import client

    templates = templates or data.templates()
    parts = [
        client.emit(contract, templates / "client", package=package, version=version, importer=importer),
        emit_schemas(contract, templates, warnings=warnings),
    ]
    return _joined(parts)


def emit_schemas(
    contract: Contract, templates: Path, *, warnings: list[Finding] | None = None
) -> dict[str, bytes]:
    """Emit the schemas and the tables of one API, for which no other tool is needed.

    Args:
        contract: the normalised contract.
        templates: the folder of templates.
        warnings: gets what is said about a contract that is not pennyform's own, and what its author cannot
            put right; in pennyform's own, that is an error.

    Raises:
        Failure: definitions cannot be derived from the contract.
    """
    from pennyform.codegen import schemas

    parts = [schemas.emit(contract)]
    if contract.api == _INVOICED:
        from pennyform.codegen import vat_rates
        from pennyform.codegen.definitions import schemas as definitions
        from pennyform.codegen.definitions.fields import UnsupportedShapeError

        rates = vat_rates.emit(contract, templates / "schemas" / "vat_rates.yaml", warnings=warnings)
        try:
            parts.append(
                definitions.emit(
                    contract,
                    templates / "definitions",
                    templates / "invoices",
                    rates=rates,
                    warnings=warnings,
                )
            )
        except (UnsupportedShapeError, KeyError) as problem:
            raise _unfit(problem, templates / "definitions", is_ours=warnings is None) from None
        parts += [rates, schemas.emit_result_schemas()]
    return _joined(parts)


def _unfit(problem: Exception, mapping: Path, *, is_ours: bool) -> Failure:
    """What is said of a contract from which the schemas of definitions cannot be derived."""
    if is_ours:
        summary = f"the mapping of definitions does not fit the contract: {problem.args[0]}"
        fix = "Adapt the mapping to the contract."
        return failure("definition-mapping", summary, file=str(mapping), fix=fix)
    return failure(
        "definition-mapping",
        f"definitions cannot be derived from the contract: {problem.args[0]}",
        detail="Invoices are made with it, in ways that this version of pennyform knows.",
        fix="Look for a newer pennyform; until then, keep the contract that is pinned.",
    )


def _joined(parts: Sequence[Mapping[str, bytes]]) -> dict[str, bytes]:
    emitted: dict[str, bytes] = {}
    for part in parts:
        twice = emitted.keys() & part.keys()
        if twice:
            raise failure("emitted-twice", f"two emitters write {', '.join(sorted(twice))}")
        emitted.update(part)
    return dict(sorted(emitted.items()))
