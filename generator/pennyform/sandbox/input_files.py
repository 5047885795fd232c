"""Files that people write for the sandbox, in YAML or JSON: read strictly, each value with its position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError

from pennyform.findings import Failure, Finding, Severity, failure

_MOST_BYTES = 10_000_000


class Document:
    """The value in a file, of JSON's types, and the position of each of its parts.

    Args:
        path: as the user gave it.

    Raises:
        Failure: when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise OSError(f"larger than {_MOST_BYTES} bytes")
            loader = _Loader(content.decode("utf-8"))
            self._node = loader.get_single_node()
            self.value = loader.construct_document(self._node) if self._node else None
        except (OSError, UnicodeDecodeError, RecursionError) as error:
            raise failure("sandbox-file", f"cannot be read: {error}", file=self.file) from error
        except yaml.MarkedYAMLError as error:
            raise Failure([self._finding(error.problem_mark, str(error.problem))]) from error

    def finding(self, summary: str, *steps: str | int) -> Finding:
        """An error at a value.

        Args:
            summary: what is wrong.
            steps: keys and indexes that lead there; as far as they lead.
        """
        node = self._node
        for step in steps:
            child = dict(_children(node)).get(step)
            if child is None:
                break
            node = child
        return self._finding(node.start_mark if node else None, summary)

    def _finding(self, mark: yaml.Mark | None, summary: str) -> Finding:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return Finding("sandbox-file", Severity.ERROR, summary, file=self.file, line=line, column=column)


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)


class _Loader(yaml.SafeLoader):
    """JSON's types only: a date stays text, ``010`` is not eight, and no key may appear twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        # A few nested aliases can stand for billions of values ("billion laughs").
        if self.check_event(yaml.AliasEvent):
            raise ComposerError(None, None, "aliases are not read", self.get_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = set()
        for key, _ in node.value:
            if key.value in keys:
                raise ComposerError(None, None, f"{key.value} stands here twice", key.start_mark)
            keys.add(key.value)
        return node


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern in {
    "null": r"null|~|",
    "bool": r"true|false",
    "int": r"-?(0|[1-9][0-9]*)",
    "float": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?",
}.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)
