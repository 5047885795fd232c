"""Why a schema rejects a definition, said so that its author can put it right.

Only reached when something is wrong, so that valid files never pay for importing ``jsonschema``. For a union
only the variant that the author meant is explained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from pennyform.findings import Finding
from pennyform.invoices.schema import Schema, messages
from pennyform.invoices.schema.unknown_fields import unknown_field_finding
from pennyform.invoices.yaml.document import Document, Path, YamlValue


def _is_integer(_checker: object, instance: object) -> bool:
    """Draft 7 counts 2.0 as an integer; decimals are numbers like any other here."""
    if isinstance(instance, Decimal):
        return instance == instance.to_integral_value()
    return isinstance(instance, int) and not isinstance(instance, bool)


MOST_UNKNOWN = 100
"""So many unknown fields of one object are explained one by one; one more finding counts the others."""

_TYPES = Draft7Validator.TYPE_CHECKER.redefine("integer", _is_integer)

Reference: Any = extend(Draft7Validator, type_checker=_TYPES)  # type: ignore[no-untyped-call]
"""jsonschema's draft-07 validator: its word counts when validators disagree."""


@dataclass(frozen=True, slots=True)
class _SchemaError:
    """One keyword that one value fails. ``expected`` is what the keyword asks for in ``schema``."""

    path: Path
    keyword: str
    expected: YamlValue
    value: YamlValue
    schema: YamlValue
    schema_path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Branch:
    """The side of an ``if`` that a requirement stands on. ``field`` is what the ``if`` asks for."""

    field: str
    constant: str
    present: bool
    required_anyway: list[str]

    @property
    def assignment(self) -> str:
        return f"`{self.field}: {self.constant}`" if self.constant else f"`{self.field}`"

    @property
    def condition(self) -> str:
        return f"{'with' if self.present else 'without'} {self.assignment}"


# The fields that were meant by unknown ones, each with the path of its object.
_Intended = set[tuple[Path, str]]


def explain_errors(document: Document, schema: Schema) -> list[Finding]:
    """One finding for each thing in ``document`` that ``schema`` does not allow, none if it allows it all."""
    # An empty registry: a schema can never make the validator fetch something.
    validator = Reference(schema, registry=Registry())
    errors = [
        _SchemaError(
            path=tuple(error.absolute_path),
            keyword=str(error.validator),
            expected=error.validator_value,
            value=error.instance,
            schema=error.schema,
            schema_path=tuple(error.absolute_schema_path),
        )
        for outer in validator.iter_errors(document.value)
        for error in _of_intended_variant(outer)
    ]
    errors = [error for error in errors if not document.is_spoiled(error.path)]
    findings: list[Finding] = []
    # A misnamed field is one mistake, not an unknown field and a missing one: unknown ones come first.
    intended: _Intended = set()
    for error in errors:
        if error.keyword != "additionalProperties":
            continue
        known = error.schema.get("properties", {})
        unknown = [name for name in error.value if name not in known]
        for name in unknown[:MOST_UNKNOWN]:
            instead, finding = unknown_field_finding(document, schema, error.schema, (*error.path, name))
            findings.append(finding)
            intended.add((error.path, instead))
        if len(unknown) > MOST_UNKNOWN:
            number, owner = len(unknown) - MOST_UNKNOWN, messages.object_name(error.path)
            more = f"{number:,} more fields of {owner} are unknown"
            path = (*error.path, unknown[MOST_UNKNOWN])
            findings.append(document.finding("unknown-field", more, path, key=True, fix="delete them"))
    for error in errors:
        if error.keyword != "additionalProperties":
            findings += _explain(document, schema, error, intended)
    return findings


def _of_intended_variant(error: ValidationError) -> Iterator[ValidationError]:
    """The errors of the variant that was meant: in a template's unions the first, not the expression."""
    first = [inner for inner in error.context or () if inner.relative_schema_path[0] == 0]
    if not first:
        yield error
    for inner in first:
        yield from _of_intended_variant(inner)


def _explain(document: Document, root: Schema, error: _SchemaError, intended: _Intended) -> Iterator[Finding]:
    path, value = error.path, error.value
    match error.keyword:
        case "required":
            yield from _missing_fields(document, root, error, intended)
        case "not":
            branch = _branch(root, error.schema_path)
            assert branch, "a field is only ever forbidden on one side of an `if`"
            summary = f"`{path[-1]}` does not belong here {branch.condition}"
            fix = f"delete it, or {'change' if branch.present else 'add'} {branch.assignment}"
            yield document.finding("unknown-field", summary, path, key=True, fix=fix)
        case "type":
            yield messages.type_finding(document, path, error.schema, value)
        case "enum":
            # Where the type is wrong too, the error about it says more.
            if "type" not in error.schema or isinstance(value, str):
                yield messages.enum_finding(document, path, error.expected, value)
        case "pattern":
            yield messages.pattern_finding(document, path, error.schema, value)
        case keyword:
            yield messages.bound_finding(document, path, keyword, error.expected)


def _missing_fields(
    document: Document, root: Schema, error: _SchemaError, intended: _Intended
) -> Iterator[Finding]:
    branch = _branch(root, error.schema_path)
    if branch and (error.path, branch.field) in intended:
        return  # the other variant was meant
    for name in error.expected:
        if name not in error.value and (error.path, name) not in intended:
            conditional = branch and name not in branch.required_anyway
            yield document.finding(
                "missing-field",
                f"{messages.object_name(error.path)} has no `{name}`",
                error.path,
                detail=f"It is needed {branch.condition}." if branch and conditional else "",
                fix=f"add `{name}`",
            )


def _branch(root: Schema, schema_path: tuple[str | int, ...]) -> _Branch | None:
    """The innermost ``if`` that ``schema_path`` leads through."""
    branch = None
    schema: YamlValue = root
    for step in schema_path:
        # An ``if`` that only asks how a value is written is about nothing that an author can choose.
        if (
            step in ("then", "else")
            and "if" in schema
            and all("const" in member for member in schema["if"].get("properties", {}).values())
        ):
            name = schema["if"]["required"][0]
            constant = schema["if"].get("properties", {}).get(name, {}).get("const", "")
            other = schema["else" if step == "then" else "then"]
            branch = _Branch(name, constant, step == "then", other.get("required", []))
        schema = schema[step]
    return branch
