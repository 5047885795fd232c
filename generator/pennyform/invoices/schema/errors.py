"""Why a schema refuses a definition, said so that its author can put it right.

Only reached when something is wrong, so that valid files never pay for importing ``jsonschema``. For a union
only the variant that the author meant is explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from pennyform.findings import Finding
from pennyform.invoices.schema import messages
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.schema.suggestions import unknown_field_finding
from pennyform.invoices.yaml.document import Document, Path


def _is_integer(_checker: object, instance: object) -> bool:
    """Draft 7 counts 2.0 as an integer; decimals are numbers like any other here."""
    if isinstance(instance, Decimal):
        return instance == instance.to_integral_value()
    return isinstance(instance, int) and not isinstance(instance, bool)


_TYPES = Draft7Validator.TYPE_CHECKER.redefine("integer", _is_integer)

Reference: Any = extend(Draft7Validator, type_checker=_TYPES)  # type: ignore[no-untyped-call]
"""jsonschema's draft-07 validator: the word that counts when validators disagree."""


class _Refusal(NamedTuple):
    """One keyword that one value fails."""

    path: Path
    keyword: str
    expected: Any
    value: Any
    schema: Any
    schema_path: tuple[str | int, ...]


def explain_errors(document: Document, schema: Schema) -> list[Finding]:
    """One finding for each thing in ``document`` that ``schema`` does not allow, none if it allows it all."""
    # An empty registry: a schema can never make the validator fetch something.
    errors = Reference(schema, registry=Registry()).iter_errors(document.value)
    refusals = [_refusal(meant) for error in errors for meant in _meant(error)]
    refusals = [refusal for refusal in refusals if not document.is_spoiled(refusal.path)]
    unknown = [one for refusal in refusals for one in _unknown(document, schema, refusal)]
    findings = [finding for _, _, finding in unknown]
    # A misnamed field is one mistake, not an unknown field and a missing one.
    intended = {(path, instead) for path, instead, _ in unknown}
    for refusal in refusals:
        explanation = _EXPLANATIONS.get(refusal.keyword, _limit)
        findings += explanation(document, schema, refusal, intended)
    return findings


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """The errors of the variant that was meant: in a template's unions the first, not the expression."""
    first = [inner for inner in error.context or () if inner.relative_schema_path[0] == 0]
    if not first:
        yield error
    for inner in first:
        yield from _meant(inner)


def _refusal(error: ValidationError) -> _Refusal:
    return _Refusal(
        path=tuple(error.absolute_path),
        keyword=str(error.validator),
        expected=error.validator_value,
        value=error.instance,
        schema=error.schema,
        schema_path=tuple(error.absolute_schema_path),
    )


_Intended = set[tuple[Path, str]]


def _unknown(document: Document, root: Schema, refusal: _Refusal) -> Iterator[tuple[Path, str, Finding]]:
    if refusal.keyword != "additionalProperties":
        return
    for name in refusal.value:
        if name not in refusal.schema.get("properties", {}):
            instead, finding = unknown_field_finding(document, root, refusal.schema, (*refusal.path, name))
            yield refusal.path, instead, finding


def _nothing_more(*_: object) -> Iterator[Finding]:
    """Unknown fields have been explained together."""
    return iter(())


def _missing(document: Document, root: Schema, refusal: _Refusal, intended: _Intended) -> Iterator[Finding]:
    branch = _branch(root, refusal.schema_path)
    if branch and (refusal.path, branch.field) in intended:
        return  # the other variant was meant
    for name in refusal.expected:
        if name not in refusal.value and (refusal.path, name) not in intended:
            conditional = branch and name not in branch.needed_anyway
            yield document.finding(
                "missing-field",
                f"{messages.object_name(refusal.path)} has no `{name}`",
                refusal.path,
                detail=f"It is needed {branch.condition}." if branch and conditional else "",
                fix=f"add `{name}`",
            )


class _Branch(NamedTuple):
    """The side of an ``if`` that a demand stands on. ``field`` is what the ``if`` asks for."""

    field: str
    constant: str
    present: bool
    needed_anyway: list[str]

    @property
    def stated(self) -> str:
        return f"`{self.field}: {self.constant}`" if self.constant else f"`{self.field}`"

    @property
    def condition(self) -> str:
        return f"{'with' if self.present else 'without'} {self.stated}"


def _branch(root: Schema, schema_path: tuple[str | int, ...]) -> _Branch | None:
    """The innermost ``if`` that ``schema_path`` leads through."""
    branch = None
    schema: Any = root
    for step in schema_path:
        if step in ("then", "else") and "if" in schema:
            name = schema["if"]["required"][0]
            constant = schema["if"].get("properties", {}).get(name, {}).get("const", "")
            other = schema["else" if step == "then" else "then"]
            branch = _Branch(name, constant, step == "then", other.get("required", []))
        schema = schema[step]
    return branch


def _forbidden(
    document: Document, root: Schema, refusal: _Refusal, _intended: _Intended
) -> Iterator[Finding]:
    branch = _branch(root, refusal.schema_path)
    assert branch, "a field is only ever forbidden on one side of an `if`"
    summary = f"`{refusal.path[-1]}` does not belong here {branch.condition}"
    fix = f"delete it, or {'change' if branch.present else 'add'} {branch.stated}"
    yield document.finding("unknown-field", summary, refusal.path, key=True, fix=fix)


def _type(document: Document, _root: Schema, refusal: _Refusal, _intended: _Intended) -> Iterator[Finding]:
    yield messages.type_finding(document, refusal.path, refusal.schema, refusal.value)


def _enum(document: Document, _root: Schema, refusal: _Refusal, _intended: _Intended) -> Iterator[Finding]:
    said_by_type = "type" in refusal.schema and not isinstance(refusal.value, str)
    if not said_by_type:
        yield messages.enum_finding(document, refusal.path, refusal.expected, refusal.value)


def _pattern(document: Document, _root: Schema, refusal: _Refusal, _intended: _Intended) -> Iterator[Finding]:
    yield messages.pattern_finding(document, refusal.path, refusal.schema, refusal.value)


def _limit(document: Document, _root: Schema, refusal: _Refusal, _intended: _Intended) -> Iterator[Finding]:
    yield messages.bound_finding(document, refusal.path, refusal.keyword, refusal.expected)


_EXPLANATIONS: dict[str, Callable[[Document, Schema, _Refusal, _Intended], Iterator[Finding]]] = {
    "additionalProperties": _nothing_more,
    "required": _missing,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "not": _forbidden,
}
