from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from pennyform import data
from pennyform.sandbox import Rules, contract
from pennyform.sandbox.behaviours import RULED

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def test_the_page_tells_rules_from_schemas() -> None:
    section = PAGE.partition("## What has rules of its own, and what only its schema")[2]
    operations = contract.load(data.schemas() / "company").operations
    by_schema = set(re.findall(r"`([a-z]+[A-Z]\w+)`", section))
    assert by_schema == operations.keys() - RULED.keys()
    assert f"the contract's {len(operations)} operations" in section
    assert f"these {len(RULED)}:" in section
    assert f"The other {len(by_schema)} " in section


def test_the_page_lists_every_switch() -> None:
    assert all(f"`{field.name}`" in PAGE for field in fields(Rules))
