"""Find the words of changes in YAML: keys, the keys around them, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from pennyform.spec.diff.usage.search import DEFINITION, Definitions, Text, UnreadableError, Use
from pennyform.spec.diff.usage.words import Words

# A file with this many of a body's fields at its top is taken for one that becomes this body.
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class _Key:
    """One key: the keys around it, its place counted from 1, and its value when that is a scalar."""

    name: str
    above: tuple[str, ...]
    line: int
    column: int
    value: str | None


def in_yaml(text: Text, words: Sequence[Words], definitions: Definitions) -> Iterator[Use]:
    """The uses in one YAML file.

    Only what is sent in a body counts, and only for resources that definitions become; a file also names an
    operation by its id, in whatever place.
    """
    keys = _keys(text)
    for word in words:
        if word.harmless or not word.sent:
            continue
        for key in keys:
            if key.value == word.operation_id and not word.values:
                yield Use(text.file, key.line, key.column, DEFINITION, word.operation_id, word.fingerprint)
        if word.in_body and word.resource in definitions.resources:
            yield from _in_definition(text, keys, word, definitions)


def _in_definition(text: Text, keys: list[_Key], word: Words, definitions: Definitions) -> Iterator[Use]:
    if not word.field:
        yield from _whole(text, keys, word, definitions)
        return
    name = definitions.names.get(word.field, word.field)
    for key in keys:
        if key.name in (name, word.field) and _belongs(key, word, definitions) and _counts(key, word):
            shown = f"{key.name}: {key.value}" if word.values else key.name
            yield Use(text.file, key.line, key.column, DEFINITION, shown, word.fingerprint)


def _whole(text: Text, keys: list[_Key], word: Words, definitions: Definitions) -> Iterator[Use]:
    """What concerns the whole operation concerns every file that becomes its body, or asks for it by name."""
    top = [key for key in keys if len(key.above) <= 1 and _named(key.name, word.body, definitions)]
    if len(top) >= _ENOUGH:
        yield Use(text.file, 1, 1, DEFINITION, word.resource, word.fingerprint)
    asked = word.symbol.rpartition(".")[2]
    for key in keys:
        if key.name == asked:
            yield Use(text.file, key.line, key.column, DEFINITION, asked, word.fingerprint)


def _named(name: str, fields: frozenset[str], definitions: Definitions) -> bool:
    return name in fields or any(definitions.names.get(field) == name for field in fields)


def _belongs(key: _Key, word: Words, definitions: Definitions) -> bool:
    """Whether a key stands where the changed field does.

    That is below one of the fields around it; for a field of the body itself at the top, or below a key that
    is no field, as in a template.
    """
    if word.above:
        return any(name in key.above for name in word.above)
    return not key.above or (
        len(key.above) == 1 and not _named(key.above[0], word.body.union(*word.objects), definitions)
    )


def _counts(key: _Key, word: Words) -> bool:
    return not word.values or key.value in word.values


def _keys(text: Text) -> list[_Key]:
    """Every key of every document of a file."""
    try:
        nodes = list(yaml.compose_all(text.content, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise UnreadableError(f"not YAML{where}: {getattr(problem, 'problem', None) or problem}") from None
    return [key for node in nodes for key in _below(node, ())]


def _below(node: yaml.Node | None, above: tuple[str, ...]) -> Iterator[_Key]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _below(item, above)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            mark = key.start_mark
            scalar = str(value.value) if isinstance(value, yaml.ScalarNode) else None
            yield _Key(name, above, mark.line + 1, mark.column + 1, scalar)
            yield from _below(value, (*above, name))
