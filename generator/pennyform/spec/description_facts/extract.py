"""Read descriptions: what they state, and what of them was not understood."""

from __future__ import annotations

from dataclasses import dataclass, field

from pennyform.spec.description_facts.patterns import (
    OPERATION_PATTERNS,
    PAGE_SIZE_PATTERNS,
    VALUE_PATTERNS,
    Patterns,
    read_sentence,
)
from pennyform.spec.description_facts.queries import query_facts
from pennyform.spec.description_facts.sentences import split_sentences, suspected_category
from pennyform.spec.document.json_types import JsonObject

_PAGE_SIZES = ("limit", "per_page")


@dataclass(frozen=True, slots=True)
class UnreadSentence:
    """A sentence that seems to state a fact but was not understood; ``category`` says what kind of fact."""

    category: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DescriptionFacts:
    """What a description states: keywords for what it describes, and what was not understood."""

    facts: JsonObject = field(default_factory=dict)
    unread: tuple[UnreadSentence, ...] = ()


def schema_facts(schema: JsonObject) -> DescriptionFacts:
    """The facts in a schema's description."""
    return _read(str(schema.get("description", "")), schema, VALUE_PATTERNS)


def operation_facts(operation: JsonObject) -> DescriptionFacts:
    """The facts in an operation's summary and description."""
    text = f"{operation.get('summary', '')}\n\n{operation.get('description', '')}"
    return _read(text, operation, OPERATION_PATTERNS)


def text_facts(item: JsonObject) -> DescriptionFacts:
    """What a description seems to state where no form is known: nothing of it is understood."""
    return _read(str(item.get("description", "")), item, {})


def parameter_facts(parameter: JsonObject) -> DescriptionFacts:
    """The facts in a parameter's description, as keywords for its schema.

    ``filter``, ``sort`` and ``include`` list what they take; other parameters are described like fields.
    """
    name, text = str(parameter.get("name")), str(parameter.get("description", ""))
    patterns = PAGE_SIZE_PATTERNS if name in _PAGE_SIZES else VALUE_PATTERNS
    described = _read(text, parameter.get("schema", {}), patterns)
    query, unclear = query_facts(name, text)
    unread = (*(UnreadSentence(name, line) for line in unclear), *described.unread)
    return DescriptionFacts({**query, **described.facts}, unread)


def _read(text: str, subject: JsonObject, patterns: Patterns) -> DescriptionFacts:
    facts: JsonObject = {}
    unread: list[UnreadSentence] = []
    for sentence in split_sentences(text):
        stated = read_sentence(sentence, subject, patterns)
        category = ""
        if stated is None:
            category = suspected_category(sentence)
        elif any(subject.get(key, value) != value for key, value in stated.items()):
            # The structure says otherwise: a person has to decide which of the two is wrong.
            category = "contradiction"
        if category:
            unread.append(UnreadSentence(category, sentence))
        elif stated:
            facts |= stated
    return DescriptionFacts(facts, tuple(unread))
