"""Code generation: a normalised contract → everything below ``generated/``, as a map of path to bytes.

Emitting is pure; :mod:`pennyform.codegen.output` is the only module that touches ``generated/``.
"""

from __future__ import annotations

from pathlib import Path

from pennyform import data
from pennyform.findings import failure
from pennyform.spec import Contract

_INVOICED = "company"
"""The API whose invoices can be defined in files; the others get a client and schemas only."""


def emit_all(contract: Contract, templates: Path | None = None) -> dict[str, bytes]:
    """Emit the client, the schemas and the tables of one API.

    Args:
        contract: the normalised contract.
        templates: the folder of templates; this installation's when left out.

    Returns:
        Bytes by path below ``generated/``, sorted.

    Raises:
        Failure: something in the contract was not understood, or is not safe to emit.
    """
    from pennyform.codegen import client, schemas

    templates = templates or data.templates()
    parts = [client.emit(contract, templates / "client"), schemas.emit(contract)]
    if contract.api == _INVOICED:
        from pennyform.codegen import vat_rates
        from pennyform.codegen.definitions import schemas as definitions
        from pennyform.codegen.definitions.fields import UnsupportedShapeError

        rates = vat_rates.emit(contract, templates / "schemas" / "vat_rates.yaml")
        try:
            parts.append(
                definitions.emit(contract, templates / "definitions", templates / "invoices", rates=rates)
            )
        except (UnsupportedShapeError, KeyError) as problem:
            fix = "Adapt the mapping to the contract."
            summary = f"the mapping of definitions does not fit the contract: {problem}"
            file = str(templates / "definitions")
            raise failure("definition-mapping", summary, file=file, fix=fix) from None
        parts += [rates, schemas.emit_result_schemas()]
    emitted: dict[str, bytes] = {}
    for part in parts:
        twice = emitted.keys() & part.keys()
        if twice:
            raise failure("emitted-twice", f"two emitters write {', '.join(sorted(twice))}")
        emitted.update(part)
    return dict(sorted(emitted.items()))
