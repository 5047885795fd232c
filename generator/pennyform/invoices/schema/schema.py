"""The emitted schemas of definitions, those that hold in a repository, and validation against them.

jsonschema-rs says yes or no. A definition that it rejects is explained by jsonschema, which also has the last
word: where it finds no error, there is no finding. A repository may own its contract, and then has schemas of
its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pennyform import data
from pennyform.findings import Finding, failure
from pennyform.invoices.model import ContractSettings, with_placeholders
from pennyform.invoices.schema import Schema
from pennyform.invoices.yaml.document import Document, Path, YamlValue

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

T = TypeVar("T")


class DefinitionSchemas:
    """The schemas of all kinds of definitions that follow from one contract.

    Each is read, and its validator compiled, when it is first asked for.

    Args:
        folder: where they lie, as ``generate`` emits them.
    """

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder
        self._schemas: dict[str, Schema] = {}
        self._validators: dict[str, Draft7Validator] = {}

    def schema(self, kind: str) -> Schema:
        """The schema of one kind of definition: ``invoice``, ``customer``, ``product``, ….

        Raises:
            Failure: the schemas have not been emitted.
        """
        if kind not in self._schemas:
            path = self.folder / f"{kind}.schema.json"
            try:
                self._schemas[kind] = json.loads(path.read_bytes())
            except OSError as error:
                raise failure(
                    "schemas-missing", f"the schema {path.name} cannot be read: {error.strerror}"
                ) from error
        return self._schemas[kind]

    def errors(self, kind: str, document: Document) -> list[Finding]:
        """Everything in ``document`` that the schema of ``kind`` does not allow, each at its place.

        Raises:
            Failure: the schemas have not been emitted.
        """
        if kind not in self._validators:
            self._validators[kind] = compile_schema(self.schema(kind))
        validator = self._validators[kind]
        try:
            if validator.is_valid(document.value):
                return []
        except ValueError:
            # Text with a lone surrogate, which Rust cannot hold, or text that waits for a number.
            if _is_valid_as_shown(validator, document):
                return []
        # Importing jsonschema takes 100 ms, which a valid file never pays.
        from pennyform.invoices.schema.errors import explain_errors

        return explain_errors(document, self.schema(kind))


@cache
def definition_schemas(folder: FilePath) -> DefinitionSchemas:
    """The schemas in ``folder``; the same ones each time, as no folder of schemas ever changes."""
    return DefinitionSchemas(folder)


def per_schema(compute: Callable[[Schema], T]) -> Callable[[Schema], T]:
    """``compute``, done once for each schema, or part of one, of a kind of definition: these never change.

    Thousands of rows have one schema; what follows from it alone is not looked for in each of them.
    """
    known: dict[int, tuple[Schema, T]] = {}

    def computed(schema: Schema) -> T:
        entry = known.get(id(schema))
        if entry is None:
            # The schema is kept: another one could get the place in memory of one that is gone.
            entry = known[id(schema)] = (schema, compute(schema))
        return entry[1]

    return computed


def leaves(schema: Schema, value: YamlValue) -> Iterator[tuple[Path, Schema, YamlValue]]:
    """Every scalar and natural key in ``value`` that ``schema`` knows, with its path and its own schema."""
    waiting: list[tuple[Path, Schema, YamlValue]] = [((), schema, value)]
    while waiting:
        path, schema, value = waiting.pop()
        if isinstance(value, dict) and "properties" in schema and "x-pennyform-key" not in schema:
            known = schema["properties"]
            for name, member in value.items():
                if isinstance(known.get(name), dict):
                    waiting.append(((*path, name), known[name], member))
        elif isinstance(value, list) and "items" in schema:
            items = schema["items"]
            waiting += [((*path, index), items, item) for index, item in enumerate(value)]
        else:
            yield path, schema, value


def compile_schema(schema: Schema) -> Draft7Validator:
    """The validator of a draft-07 schema. Formats are left to our own checks, which say more about a date."""
    from jsonschema_rs import Draft7Validator  # 36 ms, which only validation needs

    return Draft7Validator(schema, validate_formats=False)


def _is_valid_as_shown(validator: Draft7Validator, document: Document) -> bool:
    """Whether ``document`` is valid with placeholders for the numbers that its texts wait for."""
    try:
        return validator.is_valid(with_placeholders(document.value))
    except ValueError:
        return False


FindSchemas: TypeAlias = Callable[[ContractSettings], FilePath]
"""Gives the folder of the schemas that follow from the contract that a repository owns.

Raises:
    Failure: there is no contract where the settings say, or it cannot be used.
"""


def owned_contract(settings: Document | None, root: FilePath) -> ContractSettings | None:
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


def schemas_in_force(contract: ContractSettings | None, find_schemas: FindSchemas | None) -> FilePath:
    """The folder of the schemas that hold: those of ``contract``, or of pennyform's own.

    Args:
        contract: what the repository owns.
        find_schemas: gives its schemas; without it, pennyform's own hold.
    """
    return find_schemas(contract) if contract and find_schemas else data.schemas()
