"""YAML that is kept beside the contracts, such as overlays: read quickly, and with no key twice."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any

from pennyform.spec.document.json_types import Json

if TYPE_CHECKING:
    import yaml


def load_yaml(text: str) -> Json:
    """The value of one YAML document.

    Raises:
        yaml.YAMLError: it is not YAML, or a key stands twice in one mapping.
    """
    import yaml

    return yaml.load(text, _loader())  # noqa: S506 - a SafeLoader


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
            keys = [self.construct_object(key, deep=True) for key in nodes]
            for position, key in enumerate(keys):
                if key in keys[:position]:
                    mark = nodes[position].start_mark
                    raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=mark)
            mapping: dict[Hashable, Json] = super().construct_mapping(node, deep=deep)
            return mapping

    return StrictLoader
