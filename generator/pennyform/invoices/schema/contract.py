"""The contract that a repository owns, and the schemas that hold in it because of that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from pennyform import data
from pennyform.invoices.model import ContractSettings
from pennyform.invoices.schema.schema import compile_schema, definition_schemas
from pennyform.invoices.yaml.document import Document

FindSchemas: TypeAlias = Callable[[ContractSettings], Path]
"""Gives the folder of the schemas that follow from the contract that a repository owns.

Raises:
    Failure: there is no contract where the settings say, or it cannot be used.
"""


def owned_contract(settings: Document | None, root: Path) -> ContractSettings | None:
    """The contract that ``pennyform.yaml`` names; None when it names none, or not as it should.

    What is wrong with it is reported by who checks all settings, by a schema that may follow from this.

    Args:
        settings: what ``pennyform.yaml`` says; None where there is none.
        root: the folder of the repository.
    """
    section = settings.value.get("contract") if settings and isinstance(settings.value, dict) else None
    if section is None:
        return None
    schema = definition_schemas(data.schemas()).schema("pennyform")["properties"]["contract"]
    if not compile_schema(schema).is_valid(section):
        return None
    value = {name: member.get("default") for name, member in schema["properties"].items()} | section
    return ContractSettings(
        root=root,
        specs=root / value["specs"],
        output=root / value["output"],
        package=value["package"],
        apis=tuple(value["apis"]),
        sources=value["sources"] or {},
    )


def schemas_in_force(contract: ContractSettings | None, find_schemas: FindSchemas | None) -> Path:
    """The folder of the schemas that hold: those of ``contract``, or of pennyform's own.

    Args:
        contract: what the repository owns.
        find_schemas: gives its schemas; without it, pennyform's own hold.
    """
    return find_schemas(contract) if contract and find_schemas else data.schemas()
