"""Find the words of changes in YAML: keys, the keys around them, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from pennyform.results.contract_diff import ChangeUse
from pennyform.spec.diff.usage.search_terms import Definitions, SearchTerm, Text, UnreadableError

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


def uses_in_yaml(text: Text, terms: Sequence[SearchTerm], definitions: Definitions) -> Iterator[ChangeUse]:
    """The uses in one YAML file.

    Only what is sent in a body counts, and only for resources that definitions become; a file also names an
    operation by its id, in whatever place.

    Raises:
        UnreadableError: it is not YAML.
    """
    try:
        nodes = list(yaml.compose_all(text.content, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise UnreadableError(f"not YAML{place}: {getattr(error, 'problem', None) or error}") from None
    keys = [key for node in nodes for key in _keys_below(node, ())]
    for term in terms:
        if term.harmless or not term.sent:
            continue
        matches = [
            (key.line, key.column, term.operation_id)
            for key in keys
            if key.value == term.operation_id and not term.values
        ]
        if term.in_body and term.resource in definitions.resources:
            matches += _matches(keys, term, definitions)
        for line, column, word in matches:
            yield ChangeUse(text.file, line, column, "definition", word, term.fingerprint)


def _matches(keys: list[_Key], term: SearchTerm, definitions: Definitions) -> Iterator[tuple[int, int, str]]:
    """Line, column and word of each place in a definition."""
    if term.field:
        names = (definitions.names.get(term.field, term.field), term.field)
        for key in keys:
            if (
                key.name in names
                and _stands_below(key, term, definitions)
                and (not term.values or key.value in term.values)
            ):
                yield key.line, key.column, f"{key.name}: {key.value}" if term.values else key.name
        return
    # What concerns the whole operation concerns every file that becomes its body, or asks for it by name.
    top = [key for key in keys if len(key.above) <= 1 and _is_field(key.name, term.body, definitions)]
    if len(top) >= _ENOUGH:
        yield 1, 1, term.resource
    method = term.symbol.rpartition(".")[2]
    for key in keys:
        if key.name == method:
            yield key.line, key.column, method


def _is_field(name: str, fields: frozenset[str], definitions: Definitions) -> bool:
    return name in fields or any(definitions.names.get(field) == name for field in fields)


def _stands_below(key: _Key, term: SearchTerm, definitions: Definitions) -> bool:
    """Whether a key stands where the changed field does.

    That is below one of the fields around it; for a field of the body itself at the top, or below a key that
    is no field, as in a template.
    """
    if term.above:
        return any(name in key.above for name in term.above)
    return not key.above or (
        len(key.above) == 1 and not _is_field(key.above[0], term.body.union(*term.objects), definitions)
    )


def _keys_below(node: yaml.Node | None, above: tuple[str, ...]) -> Iterator[_Key]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_below(item, above)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            mark = key.start_mark
            scalar = str(value.value) if isinstance(value, yaml.ScalarNode) else None
            yield _Key(name, above, mark.line + 1, mark.column + 1, scalar)
            yield from _keys_below(value, (*above, name))
