"""Files that people write for the sandbox, in YAML or JSON: read strictly, each value with its place."""

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
    """What a file holds, as JSON would, and where in the file it stands.

    Args:
        path: as the user gave it.

    Raises:
        Failure: when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        try:
            text = _text(path)
            loader = _Loader(text)
            self._node = loader.get_single_node()
            self.value = loader.construct_document(self._node) if self._node else None
        except (OSError, UnicodeDecodeError, RecursionError) as problem:
            raise failure("sandbox-file", f"cannot be read: {problem}", file=self.file) from problem
        except yaml.MarkedYAMLError as problem:
            raise Failure([self._finding(problem.problem_mark, str(problem.problem))]) from problem

    def finding(self, summary: str, *steps: str | int) -> Finding:
        """An error at a value.

        Args:
            summary: what is wrong.
            steps: keys and indexes that lead there; as far as they lead.
        """
        return self._finding(_descend(self._node, steps).start_mark if self._node else None, summary)

    def _finding(self, mark: yaml.Mark | None, summary: str) -> Finding:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return Finding("sandbox-file", Severity.ERROR, summary, file=self.file, line=line, column=column)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(f"larger than {_MOST_BYTES} bytes")
    return content.decode("utf-8")


def _descend(node: yaml.Node, steps: tuple[str | int, ...]) -> yaml.Node:
    for step in steps:
        inner = dict(_children(node)).get(step)
        if inner is None:
            return node
        node = inner
    return node


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)


class _Loader(yaml.SafeLoader):
    """JSON's types only: a date stays text, ``010`` is not eight, and no key stands twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ComposerError(None, None, "aliases are not read", self.get_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ComposerError(None, None, f"{key.value} stands here twice", key.start_mark)
            seen.add(key.value)
        return node


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern in {
    "null": r"null|~|",
    "bool": r"true|false",
    "int": r"-?(0|[1-9][0-9]*)",
    "float": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?",
}.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)
