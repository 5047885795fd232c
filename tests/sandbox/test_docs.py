from __future__ import annotations

import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from msgspec.structs import fields
from pennyform import data
from pennyform.sandbox import Rules
from pennyform.sandbox.contract import contract
from pennyform.sandbox.handlers import HANDLERS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "sandbox.md").read_text(encoding="utf-8")


def test_the_page_tells_rules_from_schemas() -> None:
    section = PAGE.partition("## Operations with and without rules")[2]
    operations = contract.load(data.schemas() / "company").operations
    by_schema = set(re.findall(r"`([a-z]+[A-Z]\w+)`", section))
    assert by_schema == operations.keys() - HANDLERS.keys()
    assert f"the contract's {len(operations)} operations" in section
    assert f"these {len(HANDLERS)}:" in section
    assert f"The other {len(by_schema)} " in section


class Decision(NamedTuple):
    """A row of the table of what the sandbox decides."""

    rule: str
    certainty: str
    switch: str


def decisions() -> list[Decision]:
    section = PAGE.partition("## Rules and their certainty")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [Decision(*map(str.strip, row)) for row in rows[1:]]


def test_each_switch_has_its_row_and_each_row_a_switch_that_there_is() -> None:
    named = {name for row in decisions() for name in re.findall(r"`(\w+)`", row.switch)}
    assert named == {field.name for field in fields(Rules)}


def test_what_is_assumed_has_a_switch_or_says_why_there_is_none() -> None:
    silent = [row.rule for row in decisions() if "assumed" in row.certainty and not row.switch]
    assert silent == []
    other = [row.switch for row in decisions() if not re.fullmatch(r"(`\w+`)?|none: .+", row.switch)]
    assert other == []


def test_each_switch_is_explained_as_in_the_code() -> None:
    page = (DOCS / "sandbox-rules.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    kinds, told = get_type_hints(Rules), explained()
    assert rows == [
        f"| `{field.name}` | {', '.join(values(kinds[field.name], field.default))} | {told[field.name]} |"
        for field in fields(Rules)
    ]


def explained() -> dict[str, str]:
    """What the class says about each of its attributes, as Markdown on one line."""
    attributes = inspect.cleandoc(Rules.__doc__ or "").partition("Attributes:\n")[2]
    entries = re.split(r"\n(?=\w)", textwrap.dedent(attributes))
    pairs = (entry.replace("``", "`").split(": ", 1) for entry in entries)
    return {name: " ".join(text.split()) for name, text in pairs}


def values(kind: Any, default: Any) -> list[str]:
    """What a switch can be, its default first and bold."""
    choices = get_args(kind) or {bool: (True, False)}.get(kind)
    others = [json_text(one) for one in choices if one != default] if choices else ["or another number"]
    return [f"**{json_text(default)}**", *others]


def json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
