"""From a method and a path to an operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pennyform.sandbox.contract.contract import Operation


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """A tree of path segments. A fixed segment wins over a parameter: ``/customer_invoices/import``."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node, names = self._root, []
            for segment in operation.path.split("/")[1:]:
                if segment.startswith("{"):
                    names.append(segment.strip("{}"))
                    node.variable = node.variable or _Node()
                    node = node.variable
                else:
                    node = node.fixed.setdefault(segment, _Node())
            node.operations[operation.method] = (operation, tuple(names))

    def match(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation at a path, and its path parameters as text; None when there is none."""
        node, values = self._root, []
        for segment in path.split("/")[1:]:
            following = node.fixed.get(segment)
            if following is None:
                following = node.variable if segment else None
                values.append(segment)
            if following is None:
                return None
            node = following
        if method not in node.operations:
            return None
        operation, names = node.operations[method]
        return operation, dict(zip(names, values, strict=True))
