"""YAML that is kept beside the contracts, such as overlays: read quickly, and nothing but JSON in it.

Overlays come with pull requests as well. In those, what YAML has over JSON is refused: references to other
places, which can stand for more than any memory holds, types of its own, and keys that are no text.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any

from pennyform.spec.document.json_types import Json
from pennyform.strict_json import MAXIMUM_DEPTH, MAXIMUM_DIGITS

if TYPE_CHECKING:
    import yaml


def load_yaml(text: str, *, only_json: bool = False) -> Json:
    """The value of one YAML document.

    Args:
        text: the document.
        only_json: whether it is not ours: then nothing may be in it that JSON has not.

    Raises:
        yaml.YAMLError: it is not YAML, a key stands twice in one mapping, or it has what it may not have.
    """
    import yaml

    loader = _json_loader() if only_json else _loader()
    if only_json:
        _refuse_what_json_has_not(text)
    return yaml.load(text, loader)  # noqa: S506 - a SafeLoader


def _refuse_what_json_has_not(text: str) -> None:
    import yaml

    depth = 0
    event: Any
    for event in yaml.parse(text, _loader()):
        problem = ""
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAXIMUM_DEPTH:
            problem = f"nested deeper than {MAXIMUM_DEPTH} levels"
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            problem = "an anchor or an alias, which is not used here"
        elif getattr(event, "tag", None):
            problem = "a tag, which is not used here"
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


@cache
def _loader() -> Any:
    import yaml

    # The same loader in C, ten times as quick, wherever PyYAML was built with it.
    safe_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class StrictLoader(safe_loader):  # type: ignore[misc, valid-type]
        """YAML 1.2 (3.2.1.3) wants keys to be unique; PyYAML would take the last one."""

        def construct_mapping(
            self,
            node: yaml.MappingNode,
            deep: bool = False,  # noqa: FBT001, FBT002
        ) -> dict[Hashable, Json]:
            # What `<<` merges in may be there as well: a mapping's own keys count.
            nodes = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
            known = set[Hashable]()
            for key in nodes:
                name = self.construct_object(key, deep=True)
                if name in known:
                    problem = f"the key {str(name)[:100]!r} stands twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                known.add(name)
            mapping: dict[Hashable, Json] = super().construct_mapping(node, deep=deep)
            return mapping

    return StrictLoader


@cache
def _json_loader() -> Any:
    import yaml

    class JsonLoader(_loader()):  # type: ignore[misc]
        """Keys are text, numbers are finite and of a length that can be read; nothing else is a type."""

        def construct_mapping(
            self,
            node: yaml.MappingNode,
            deep: bool = False,  # noqa: FBT001, FBT002
        ) -> dict[Hashable, Json]:
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode) or not isinstance(self.construct_object(key), str):
                    raise yaml.MarkedYAMLError(problem="a key that is no text", problem_mark=key.start_mark)
            mapping: dict[Hashable, Json] = super().construct_mapping(node, deep=deep)
            return mapping

        def construct_number(self, node: yaml.ScalarNode) -> Json:
            # Longer ones take time that grows with the square of their length.
            text = node.value
            if len(text) <= MAXIMUM_DIGITS:
                is_integer = node.tag == "tag:yaml.org,2002:int"
                number = self.construct_yaml_int(node) if is_integer else self.construct_yaml_float(node)
                if math.isfinite(number):
                    return number
            problem = f"{text[:MAXIMUM_DIGITS]} is no number of JSON"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)

    for kind in ("int", "float"):
        JsonLoader.add_constructor(f"tag:yaml.org,2002:{kind}", JsonLoader.construct_number)
    for kind in ("timestamp", "merge", "value"):
        # Dates, `<<` and `=` are text.
        JsonLoader.add_constructor(f"tag:yaml.org,2002:{kind}", JsonLoader.construct_yaml_str)
    return JsonLoader
