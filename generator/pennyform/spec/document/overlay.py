"""OpenAPI Overlay 1.0: our corrections and descriptions, beside the vendor's facts and never among them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document.jsonpath import select

_ACTION_KEYS = frozenset({"description", "remove", "target", "update"})


def read_overlay(path: Path) -> dict[str, Any]:
    """Read one overlay document, in YAML.

    Raises:
        Failure: it cannot be read or is not an overlay; every malformed action is a finding.
    """
    import yaml

    try:
        overlay = yaml.load(path.read_text(encoding="utf-8"), _strict_loader())  # noqa: S506 - a SafeLoader
    except OSError as problem:
        raise failure("unreadable-file", f"cannot read {path}: {problem.strerror}", file=str(path)) from None
    except yaml.YAMLError as problem:
        raise Failure([_not_yaml(problem, path)]) from None
    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith("1."):
        fix = "It begins with 'overlay: 1.0.0' and has a list of 'actions'."
        raise failure("not-an-overlay", "not an OpenAPI Overlay 1.0 document", file=str(path), fix=fix)
    overlay.setdefault("x-pennyform-file", path.name)
    return overlay


def _strict_loader() -> Any:
    import yaml

    # The same loader in C, ten times as quick, wherever PyYAML was built with it.
    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class StrictLoader(quick):  # type: ignore[misc, valid-type]
        """YAML without what readers disagree on: duplicate keys are errors."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for position, key in enumerate(keys):
                if key in keys[:position]:
                    mark = node.value[position][0].start_mark
                    raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=mark)
            mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
            return mapping

    return StrictLoader


def _not_yaml(problem: Any, path: Path) -> Finding:
    mark = getattr(problem, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    summary = str(getattr(problem, "problem", None) or problem)
    return Finding("yaml-syntax", Severity.ERROR, summary, file=str(path), line=line, column=column)


def apply_overlays(document: Mapping[str, Any], overlays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Apply overlays in order, and each one's actions in order.

    Args:
        document: the pinned contract; it is not changed.
        overlays: what :func:`read_overlay` returned.

    Returns:
        The corrected document.

    Raises:
        Failure: an action is malformed or matches nothing: the contract has moved on, and a correction that
            no longer corrects anything would be missed silently. All of them at once.
    """
    corrected = copy.deepcopy(dict(document))
    findings: list[Finding] = []
    for overlay in overlays:
        for number, action in enumerate(overlay.get("actions", []), start=1):
            problem = _malformed(action) or _apply(action, corrected)
            if problem:
                findings.append(_refused(problem, overlay, number))
    if findings:
        raise Failure(tidy(findings))
    return corrected


def _malformed(action: Any) -> str:
    if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
        return "the action has no target"
    unknown = sorted(key for key in action if key not in _ACTION_KEYS and not str(key).startswith("x-"))
    if unknown:
        return f"the action has unknown keys: {', '.join(map(str, unknown))}"
    if bool(action.get("remove")) == ("update" in action):
        return "the action needs either 'update' or 'remove: true'"
    return ""


def _apply(action: Mapping[str, Any], document: dict[str, Any]) -> str:
    """Carry out one action in place; what is wrong with it, if anything."""
    try:
        places = [place for place in select(action["target"], document) if place]
    except ValueError as problem:
        return f"the target is not a JSONPath: {problem}"
    if not places:
        return f"the target matches nothing: {action['target']}"
    # From the last place to the first: removing from a list then does not shift what is still to come.
    for parts in reversed(places):
        parent = _reach(document, parts[:-1])
        if action.get("remove"):
            del parent[parts[-1]]
        elif isinstance(parent[parts[-1]], list):
            parent[parts[-1]].append(copy.deepcopy(action["update"]))
        elif isinstance(parent[parts[-1]], dict):
            absent = _merge(parent[parts[-1]], action["update"])
            if absent:
                return f"nothing to describe: {', '.join(absent)} is not below {action['target']}"
        else:
            return f"the target is neither an object nor an array: {action['target']}"
    return ""


def _reach(document: Any, parts: Sequence[Any]) -> Any:
    for part in parts:
        document = document[part]
    return document


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> list[str]:
    """Overlay 1.0's update: objects merge, arrays grow, everything else is replaced.

    Returns:
        What the update only describes although it is not there: words must not bring a field into being.
    """
    absent: list[str] = []
    for key, value in update.items():
        current = target.get(key)
        if isinstance(current, dict) and isinstance(value, Mapping):
            absent += _merge(current, value)
        elif isinstance(current, list) and isinstance(value, list):
            current.extend(copy.deepcopy(value))
        elif current is None and isinstance(value, Mapping) and set(value) == {"description"}:
            absent.append(key)
        else:
            target[key] = copy.deepcopy(value)
    return absent


def _refused(problem: str, overlay: Mapping[str, Any], number: int) -> Finding:
    return Finding(
        "overlay-action",
        Severity.ERROR,
        problem,
        file=str(overlay.get("x-pennyform-file", "")),
        pointer=f"/actions/{number - 1}",
        detail="The contract may have changed: the correction is no longer needed, or misses its place.",
        fix="Compare the target with the pinned contract, then adapt or remove the action.",
    )
