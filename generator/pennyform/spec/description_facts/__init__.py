"""Facts that a vendor states only in sentences, recognised by their fixed forms.

Nothing is guessed: a sentence either matches a form completely and becomes structure, or says nothing that a
program could use, or is listed as not understood. ``description_facts.patterns`` has the forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pennyform.spec.description_facts.patterns import (
    OPERATION_PATTERNS,
    PAGE_SIZE_PATTERNS,
    VALUE_PATTERNS,
    Patterns,
    read_sentence,
)
from pennyform.spec.document.extensions import FILTERS, INCLUDES, SORTS
from pennyform.spec.document.json_types import JsonObject

__all__ = [
    "DescriptionFacts",
    "UnreadSentence",
    "operation_facts",
    "parameter_facts",
    "schema_facts",
    "text_facts",
]


_OPERATORS = frozenset({"eq", "gt", "gteq", "in", "lt", "lteq", "not_eq", "not_in", "start_with"})
_LIST = r"`\w+(?:,\s*\w+)*`"
_WORDS = rf"{_LIST}(?:\s*,\s*{_LIST})*"
_FILTER_LINE = re.compile(rf"- (?P<fields>{_WORDS})\s*: (?P<operators>{_WORDS})(?: \(boolean\))?")
_FIELDS_LINE = re.compile(rf"Available fields : (?P<fields>{_WORDS})")
_OPERATORS_LINE = re.compile(rf"Available operators : (?P<operators>{_WORDS})")
_SORT_FIELDS = re.compile(rf"Available fields ?:\s+(?P<names>(?:(?:- )?{_WORDS}\s*)+)\Z")
_INCLUDES = re.compile(rf"Available includes: (?P<names>{_WORDS})")
_FILTER_INTRODUCTIONS = frozenset(
    {
        "You can choose to filter items on specific fields.",
        "Available fields and operators:",
        "Available fields and values:",
    }
)


def query_facts(name: str, description: str) -> tuple[JsonObject, list[str]]:
    """The facts in the description of a query parameter that lists what it takes.

    Args:
        name: the parameter's name; only ``filter``, ``sort`` and ``include`` are read.
        description: the vendor's text.

    Returns:
        Extensions for the parameter's schema, and what was expected to be a fact but not understood.
    """
    text = description.strip()
    if not text or name not in ("filter", "sort", "include"):
        return {}, []
    if name == "filter":
        return _filters(text)
    if name == "sort":
        keyword, match = SORTS, _SORT_FIELDS.search(text)
    else:
        keyword, match = INCLUDES, _INCLUDES.search(text)
    return ({keyword: _quoted_words(match["names"])}, []) if match else ({}, [text])


def _filters(text: str) -> tuple[JsonObject, list[str]]:
    filters: dict[str, list[str]] = {}
    unclear: list[str] = []
    # The two-line form is read as the one-line form.
    lines = []
    fields, known = _FIELDS_LINE.search(text), _OPERATORS_LINE.search(text)
    if fields and known:
        lines.append(f"- {fields['fields']}: {known['operators']}")
        text = text.replace(fields.group(), "").replace(known.group(), "")
    # Anything after the first blank line explains values, which the responses' enums state already.
    lines += [line.strip() for line in text.partition("\n\n")[0].splitlines() if line.strip()]
    for line in lines:
        if line in _FILTER_INTRODUCTIONS:
            continue
        match = _FILTER_LINE.fullmatch(line)
        # Each field has all of them: one that is repeated would be repeated as often as there are fields.
        operators = list(dict.fromkeys(_quoted_words(match["operators"]))) if match else []
        if match is None or not _OPERATORS.issuperset(operators):
            unclear.append(line)
            continue
        filters.update((field, operators) for field in _quoted_words(match["fields"]))
    return ({FILTERS: filters} if filters else {}), unclear


def _quoted_words(text: str) -> list[str]:
    return [word for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)]


# What is laid out as a list or a paragraph of its own is never continued by the next line.
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|>)\s)")
# Bold type, quotation marks of a block, and the signs that stand before warnings and hints.
_MARKS = re.compile(r"\*\*|^[\s>]+|[\u2139\u26a0\ufe0f\U0001f512]")
_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z])")

# The first category with a match counts. These are words that a limit or a rule cannot do without.
_SUSPECTS = {
    "deprecation": r"deprecat|will be removed|no longer",
    "stability": r"\b(?:experimental|beta|alpha)\b(?!-2)",
    "scope": r"\bscopes?\b",
    "size": r"\d ?[kmg]b\b",
    "length": r"\b(?:characters?|letters|\d+-digit)\b",
    "decimals": r"\bdecimals?\b",
    "limit": r"\b(?:max(?:imum)?|min(?:imum)?|at (?:most|least)|up to|exceed|greater|less)\b|\bbetween [`\d]",
    "default": r"\bdefaults?\b",
    "uniqueness": r"\bmust be unique\b|\bown unique\b|\bunique external reference you\b",
    "condition": r"\bonly (?:when|if|present|allowed|applicable|relevant|available)\b|required when\b",
    "format": r"\b(?:iso|rfc) ?\d|alpha-?2",
}
_CATEGORIES = {category: re.compile(pattern, re.IGNORECASE) for category, pattern in _SUSPECTS.items()}


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of a text, without Markdown's marks, spaces as single ones."""
    for block in _BREAK.split(text):
        line = " ".join(_MARKS.sub("", block).split())
        yield from (sentence for sentence in _END.split(line) if sentence)


def suspected_category(sentence: str) -> str:
    """What kind of fact a sentence seems to state; empty when it states none."""
    return next((name for name, pattern in _CATEGORIES.items() if pattern.search(sentence)), "")


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
    if isinstance(subject.get("enum"), list):
        # Each sentence may ask whether a value is among them.
        values = frozenset(value for value in subject["enum"] if isinstance(value, str | bool))
        subject = {**subject, "enum": values}
    for sentence in split_sentences(text):
        statement = read_sentence(sentence, subject, patterns)
        category = ""
        if statement is None:
            category = suspected_category(sentence)
        elif any(subject.get(key, value) != value for key, value in statement.items()):
            # The structure says otherwise: a person has to decide which of the two is wrong.
            category = "contradiction"
        if category:
            unread.append(UnreadSentence(category, sentence))
        elif statement:
            facts |= statement
    return DescriptionFacts(facts, tuple(unread))
