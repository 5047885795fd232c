"""OpenAPI Overlay 1.0: our corrections and descriptions, beside the vendor's facts and never among them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.strict_yaml import load_yaml
from pennyform.strict_json import MAXIMUM_DEPTH

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathEnvironment

_ACTION_KEYS = frozenset({"description", "remove", "target", "update"})


def read_overlay(path: Path) -> JsonObject:
    """Read one overlay document, in YAML.

    Raises:
        Failure: it cannot be read or is not an overlay; every malformed action is a finding.
    """
    import yaml

    try:
        overlay = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise failure("unreadable-file", f"cannot read {path}: {error.strerror}", file=str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        summary = str(getattr(error, "problem", None) or error)
        finding = Finding("yaml-syntax", Severity.ERROR, summary, file=str(path), line=line, column=column)
        raise Failure([finding]) from None
    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith("1."):
        fix = "It begins with 'overlay: 1.0.0' and has a list of 'actions'."
        raise failure("not-an-overlay", "not an OpenAPI Overlay 1.0 document", file=str(path), fix=fix)
    overlay.setdefault("x-pennyform-file", path.name)
    return overlay


def apply_overlays(
    document: JsonObject, overlays: Sequence[JsonObject], *, unmatched: list[Finding] | None = None
) -> JsonObject:
    """Apply overlays in order, and each one's actions in order.

    Args:
        document: the pinned contract; it is not changed.
        overlays: what :func:`read_overlay` returned.
        unmatched: gets a warning for each action that matches nothing; without it that is an error.

    Returns:
        The corrected document.

    Raises:
        Failure: an action is malformed or matches nothing: the contract has moved on, and a correction that
            no longer corrects anything would be missed silently. All of them at once.
    """
    # The pinned contract is also what the next one is compared with: it must stay the vendor's.
    corrected = copy.deepcopy(document)
    findings: list[Finding] = []
    if overlays:
        from jsonpath_rfc9535 import JSONPathEnvironment

        # The library's own bound is 100 levels; a document has at most as many as strict_json lets in.
        environment = JSONPathEnvironment()
        environment.max_recursion_depth = MAXIMUM_DEPTH + 1
        # Overlays come with a repository: its regular expressions could take time without end.
        for function in ("match", "search"):
            del environment.function_extensions[function]
    for overlay in overlays:
        for index, action in enumerate(overlay.get("actions", [])):
            place = str(overlay.get("x-pennyform-file", "")), f"/actions/{index}"
            try:
                problem = _malformed(action) or _apply(action, corrected, environment)
            except _UnmatchedError as error:
                problem = str(error)
                if unmatched is not None:
                    unmatched.append(_action_finding(Severity.WARNING, problem, *place))
                    continue
            if problem:
                findings.append(_action_finding(Severity.ERROR, problem, *place))
    if findings:
        raise Failure(tidy(findings))
    return corrected


class _UnmatchedError(Exception):
    """What an action is about is not in the contract; ``str()`` says what."""


def _action_finding(severity: Severity, problem: str, file: str, pointer: str) -> Finding:
    return Finding(
        "overlay-action",
        severity,
        problem,
        file=file,
        pointer=pointer,
        detail="The contract may have changed: the correction is no longer needed, or misses its place.",
        fix="Compare the target with the pinned contract, then adapt or remove the action.",
    )


def _malformed(action: Json) -> str:
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        return "the action has no target"
    unknown = sorted(key for key in action if key not in _ACTION_KEYS and not str(key).startswith("x-"))
    if unknown:
        return f"the action has unknown keys: {', '.join(map(str, unknown))}"
    if bool(action.get("remove")) == ("update" in action):
        return "the action needs either 'update' or 'remove: true'"
    return ""


def _apply(action: JsonObject, document: JsonObject, environment: JSONPathEnvironment) -> str:
    """Carry out one action in place; returns what is wrong with it, if anything.

    Raises:
        _UnmatchedError: what it is about is not there.
    """
    from jsonpath_rfc9535 import JSONPathError

    target = action["target"]
    if not target.startswith("$"):
        return "the target is not a JSONPath: a path begins with '$', at character 1"
    try:
        matches = {node.location: node for node in environment.finditer(target, document) if node.location}
    except JSONPathError as error:
        # The library gives the end of the path as -1.
        index = error.token.index if error.token and error.token.index >= 0 else len(target)
        return f"the target is not a JSONPath: {error.args[0]}, at character {index + 1}"
    if not matches:
        raise _UnmatchedError(f"the target matches nothing: {target}")
    # From the last place to the first: removing from a list then does not shift what is still to come. Inner
    # places come before outer ones, whose removal would take them away.
    for parts in sorted(matches, reverse=True):
        container = matches[parts].parent
        assert container, "the document itself is never a target"
        parent: Json = container.value
        if action.get("remove"):
            del parent[parts[-1]]
        elif isinstance(parent[parts[-1]], list):
            parent[parts[-1]].append(copy.deepcopy(action["update"]))
        elif isinstance(parent[parts[-1]], dict):
            absent = _merge(parent[parts[-1]], action["update"])
            if absent:
                raise _UnmatchedError(f"nothing to describe: {', '.join(absent)} is not below {target}")
        else:
            return f"the target is neither an object nor an array: {target}"
    return ""


def _merge(target: JsonObject, update: JsonObject) -> list[str]:
    """Overlay 1.0's update: objects merge, arrays grow, everything else is replaced.

    Returns:
        What the update only describes although it is not there: words must not bring a field into being.
    """
    absent: list[str] = []
    for key, value in update.items():
        current = target.get(key)
        if isinstance(current, dict) and isinstance(value, dict):
            absent += _merge(current, value)
        elif isinstance(current, list) and isinstance(value, list):
            current.extend(copy.deepcopy(value))
        # A field that the vendor has renamed: its old description must not bring it back.
        elif current is None and isinstance(value, dict) and set(value) == {"description"}:
            absent.append(key)
        else:
            target[key] = copy.deepcopy(value)
    return absent
