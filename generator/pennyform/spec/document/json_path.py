"""JSONPath (RFC 9535) on a contract, within a budget: targets of overlays come with pull requests too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from pennyform.spec.document.budget import Budget
from pennyform.spec.document.json_types import Json, JsonObject

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathNode, JSONPathQuery
    from jsonpath_rfc9535.filter_expressions import Expression, FilterContext
    from jsonpath_rfc9535.selectors import JSONPathSelector

Selected: TypeAlias = "dict[tuple[int | str, ...], JSONPathNode]"
LONGEST_TARGET = 500
"""Characters of one path: a filter is looked at as a whole for every value that it chooses from."""

STEPS_OF_A_NODE = 2
"""Of the budget of a contract, for each value that is looked at on the way."""
_KINDS = (dict, list)
_STAGE = "following the targets of overlays"


class PathError(ValueError):
    """What is wrong with a path, as the end of a sentence."""


def select(target: str, document: JsonObject, budget: Budget) -> Selected:
    """The values that a path selects, except the document itself, by their places.

    Args:
        target: the path.
        document: what to select from.
        budget: each value that is looked at on the way is a step.

    Raises:
        PathError: it is no path, or one that is not needed for corrections: with patterns, or with anything
            but fields and items in a filter.
        Failure: it looks at more values than the budget has steps.
    """
    if not target.startswith("$"):
        raise PathError("a path begins with '$', at character 1")
    if len(target) > LONGEST_TARGET:
        raise PathError(f"it is longer than {LONGEST_TARGET} characters")
    from jsonpath_rfc9535 import JSONPathError
    from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

    try:
        query = _environment().compile(target)
        _bound_filters(query, budget)
        nodes: Iterable[JSONPathNode] = [_counting_root(document, budget)]
        for segment in query.segments:
            if isinstance(segment, JSONPathRecursiveDescentSegment):
                nodes = _descendants(nodes, segment.selectors, budget)
            else:
                nodes = segment.resolve(nodes)
        return {node.location: node for node in nodes if node.location}
    except JSONPathError as error:
        # The library gives the end of the path as -1.
        index = error.token.index if error.token and error.token.index >= 0 else len(target)
        raise PathError(f"{error.args[0]}, at character {index + 1}") from None


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath_rfc9535 import JSONPathEnvironment

    environment = JSONPathEnvironment()
    # A regular expression may take longer than anybody can wait.
    for name in ("match", "search"):
        del environment.function_extensions[name]
    return environment


def _descendants(
    nodes: Iterable[JSONPathNode], selectors: Sequence[JSONPathSelector], budget: Budget
) -> Iterator[JSONPathNode]:
    """What some selectors select of nodes and of everything in them, in the order of the document.

    The library's own way takes each value through as many generators as it is deep.
    """
    from jsonpath_rfc9535.selectors import NameSelector

    names = {selector.name for selector in selectors if isinstance(selector, NameSelector)}
    only_names = all(isinstance(selector, NameSelector) for selector in selectors)
    for node in nodes:
        stack: list[tuple[Json, tuple[int | str, ...]]] = []
        if isinstance(node.value, _KINDS):
            stack.append((node.value, node.location))
        while stack:
            value, location = stack.pop()
            members: Iterable[tuple[int | str, Json]] = enumerate(value)
            if isinstance(value, dict):
                members = value.items()
            if not only_names or (isinstance(value, dict) and not names.isdisjoint(value)):
                inner = type(node)(value=value, location=location, parent=None, root=node.root)
                for selector in selectors:
                    yield from selector.resolve(inner)
            containers = [(member, (*location, key)) for key, member in members if isinstance(member, _KINDS)]
            budget.draw(STEPS_OF_A_NODE * len(containers), _STAGE)
            stack += reversed(containers)


def _bound_filters(query: JSONPathQuery, budget: Budget) -> None:
    """Let each value that a filter looks at count.

    Queries within filters that look at more than one value are refused: their steps could not be counted.
    """
    from jsonpath_rfc9535.selectors import FilterSelector

    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                _refuse_nested_queries(selector.expression)
                counted: Any = _CountedExpression(selector.expression, budget)
                selector.expression = counted


class _CountedExpression:
    def __init__(self, expression: Expression, budget: Budget) -> None:
        self._expression = expression
        self._budget = budget
        self._holds = _comparison(expression)

    def evaluate(self, context: FilterContext) -> object:
        self._budget.draw(STEPS_OF_A_NODE, _STAGE)
        if self._holds:
            return self._holds(context.current)
        return self._expression.evaluate(context)


def _comparison(expression: Expression) -> Callable[[Json], bool] | None:
    """A filter that only compares fields with texts, as a function of the value: twenty times as fast.

    Most filters are of this kind: ``$.paths.*[?@.operationId == 'getMe']``. None for all others.
    """
    from jsonpath_rfc9535 import filter_expressions as kinds
    from jsonpath_rfc9535.selectors import NameSelector

    if isinstance(expression, kinds.FilterExpression):
        return _comparison(expression.expression)
    if isinstance(expression, kinds.LogicalExpression):
        left, right = _comparison(expression.left), _comparison(expression.right)
        if not left or not right:
            return None
        is_and = expression.operator == "&&"
        return lambda value: right(value) if left(value) is is_and else not is_and
    if not isinstance(expression, kinds.ComparisonExpression) or expression.operator != "==":
        return None
    field, text = expression.left, expression.right
    if not isinstance(field, kinds.RelativeFilterQuery) or not isinstance(text, kinds.StringLiteral):
        return None
    selectors = [segment.selectors[0] for segment in field.query.segments]
    names = [selector.name for selector in selectors if isinstance(selector, NameSelector)]

    def holds(value: Json) -> bool:
        for name in names:
            if not isinstance(value, dict):
                return False
            value = value.get(name)
        return bool(value == text.value)

    return holds if len(names) == len(selectors) else None


def _refuse_nested_queries(expression: Expression) -> None:
    from jsonpath_rfc9535.filter_expressions import Expression, FilterQuery

    queue: list[Any] = [expression]
    while queue:
        part = queue.pop()
        if isinstance(part, FilterQuery) and not part.query.singular_query():
            raise PathError("a filter may only ask for one field or item at a time")
        if isinstance(part, Expression):
            members = (getattr(part, name, None) for kind in type(part).__mro__ for name in _slots(kind))
            queue.extend(members)
        elif isinstance(part, list | tuple):
            queue.extend(part)


def _slots(kind: type) -> Iterable[str]:
    slots: str | Iterable[str] = getattr(kind, "__slots__", ())
    return (slots,) if isinstance(slots, str) else slots


def _counting_root(document: JsonObject, budget: Budget) -> JSONPathNode:
    """The document as a node: every node within it counts as it is made."""
    from jsonpath_rfc9535 import JSONPathNode

    class Counting(JSONPathNode):
        __slots__ = ()

        def new_child(self, value: object, key: int | str, parent: JSONPathNode | None) -> JSONPathNode:
            budget.draw(STEPS_OF_A_NODE, _STAGE)
            return Counting(value=value, location=(*self.location, key), parent=parent, root=self.root)

    return Counting(value=document, location=(), parent=None, root=document)


def places_from_the_last(
    matches: Selected,
) -> Iterator[tuple[Json, str | int]]:
    """Of selected values, what each is in and its name there, from the last place to the first.

    Removing from a list then does not shift what is still to come. Inner places come before outer ones, whose
    removal would take them away.
    """
    for parts in sorted(matches, reverse=True):
        parent = matches[parts].parent
        assert parent, "the document itself is never selected"
        yield parent.value, parts[-1]
