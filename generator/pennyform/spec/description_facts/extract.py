"""Read descriptions: what they state, and what of them was not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyform.spec.description_facts.patterns import OF_OPERATIONS, OF_PAGE_SIZES, OF_VALUES, Forms, stated
from pennyform.spec.description_facts.queries import query_facts
from pennyform.spec.description_facts.sentences import sentences, suspicion

_PAGE_SIZES = ("limit", "per_page")


@dataclass(frozen=True)
class Unread:
    """A sentence that seems to state a fact but was not understood; ``category`` says what kind of fact."""

    category: str
    sentence: str


@dataclass(frozen=True)
class DescriptionFacts:
    """What a description states: keywords for what it describes, and what was not understood."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


def schema_facts(schema: Mapping[str, Any]) -> DescriptionFacts:
    """The facts in a schema's description.

    Args:
        schema: the vendor's schema object.
    """
    return _read(str(schema.get("description", "")), schema, OF_VALUES)


def operation_facts(operation: Mapping[str, Any]) -> DescriptionFacts:
    """The facts in an operation's summary and description.

    Args:
        operation: the vendor's operation object.
    """
    text = f"{operation.get('summary', '')}\n\n{operation.get('description', '')}"
    return _read(text, operation, OF_OPERATIONS)


def text_facts(item: Mapping[str, Any]) -> DescriptionFacts:
    """What a description seems to state where no form is known: nothing of it is understood.

    Args:
        item: an answer, for example.
    """
    return _read(str(item.get("description", "")), item, {})


def parameter_facts(parameter: Mapping[str, Any]) -> DescriptionFacts:
    """The facts in a parameter's description, as keywords for its schema.

    ``filter``, ``sort`` and ``include`` list what they take; other parameters are described like fields.

    Args:
        parameter: the vendor's parameter object.
    """
    name, text = str(parameter.get("name")), str(parameter.get("description", ""))
    forms = OF_PAGE_SIZES if name in _PAGE_SIZES else OF_VALUES
    said = _read(text, parameter.get("schema", {}), forms)
    listed, unclear = query_facts(name, text)
    return DescriptionFacts(
        {**listed, **said.facts}, (*(Unread(name, line) for line in unclear), *said.unread)
    )


def _read(text: str, subject: Mapping[str, Any], forms: Forms) -> DescriptionFacts:
    facts: dict[str, Any] = {}
    unread: list[Unread] = []
    for sentence in sentences(text):
        found = stated(sentence, subject, forms)
        clash = found is not None and any(subject.get(key, value) != value for key, value in found.items())
        category = "contradiction" if clash else suspicion(sentence) if found is None else ""
        if category:
            unread.append(Unread(category, sentence))
        elif found:
            facts |= found
    return DescriptionFacts(facts, tuple(unread))
