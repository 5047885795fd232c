"""OpenAPI Overlay 1.0: our corrections and descriptions, beside the vendor's facts and never among them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document.budget import Budget, size
from pennyform.spec.document.json_path import PathError, places_from_the_last, select
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.load import read_file
from pennyform.spec.document.strict_yaml import load_yaml

SWITCH_OFF = "x-pennyform-switch-off"
"""What an overlay of a repository calls its list of targets of our corrections that shall not count."""
LARGEST = 1024 * 1024
"""Bytes of one overlay; ours have a thirtieth of that."""
STEPS_OF_A_COPY = 10
"""Of the budget of a contract, for each value that an update brings into it: it has to be kept as well."""
_ACTION_KEYS = frozenset({"description", "remove", "target", "update"})


def read_overlay(path: Path) -> JsonObject:
    """Read one overlay document, in YAML.

    Raises:
        Failure: it cannot be read or is not an overlay; every malformed action is a finding.
    """
    import yaml

    try:
        content = read_file(path, LARGEST)
        overlay: JsonObject = load_yaml(content.decode(), only_json=True)
    except UnicodeDecodeError:
        raise failure("not-utf-8", "the text is not UTF-8", file=str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        summary = str(getattr(error, "problem", None) or error)
        finding = Finding("yaml-syntax", Severity.ERROR, summary, file=str(path), line=line, column=column)
        raise Failure([finding]) from None
    if not _is_overlay(overlay):
        fix = "It begins with 'overlay: 1.0.0' and has a list of 'actions'."
        raise failure("not-an-overlay", "not an OpenAPI Overlay 1.0 document", file=str(path), fix=fix)
    overlay["x-pennyform-file"] = path.name
    return overlay


def _is_overlay(overlay: Json) -> bool:
    """Whether a value is an overlay, whose actions are still to be looked at one by one."""
    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith("1."):
        return False
    off = overlay.get(SWITCH_OFF) or []
    return (
        isinstance(overlay.get("actions", []), list)
        and isinstance(off, list)
        and all(isinstance(target, str) for target in off)
    )


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
    budget = Budget(document)
    for overlay in overlays:
        for index, action in enumerate(overlay.get("actions", [])):
            place = str(overlay.get("x-pennyform-file", "")), f"/actions/{index}"
            try:
                problem = _malformed(action) or _apply(action, corrected, budget)
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
        return f"the action has unknown keys: {', '.join(map(str, unknown[:10]))}"
    if bool(action.get("remove")) == ("update" in action):
        return "the action needs either 'update' or 'remove: true'"
    return ""


def _apply(action: JsonObject, document: JsonObject, budget: Budget) -> str:
    """Carry out one action in place; returns what is wrong with it, if anything.

    Raises:
        _UnmatchedError: what it is about is not there.
        Failure: it takes more steps than the contract deserves.
    """
    target = action["target"]
    try:
        matches = select(target, document, budget)
    except PathError as error:
        return f"the target is not a JSONPath: {error}"
    if not matches:
        raise _UnmatchedError(f"the target matches nothing: {target}")
    if not action.get("remove"):
        budget.draw(len(matches) * STEPS_OF_A_COPY * size(action["update"]), "carrying out overlays")
    for parent, name in places_from_the_last(matches):
        if action.get("remove"):
            del parent[name]
        elif isinstance(parent[name], list):
            parent[name].append(copy.deepcopy(action["update"]))
        elif isinstance(parent[name], dict):
            if not isinstance(action["update"], dict):
                return f"the target is an object, and the update is none: {target}"
            absent = _merge(parent[name], action["update"])
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
