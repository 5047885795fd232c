from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from pennyform import data
from pennyform.sandbox import Rules, contract, kept_operations

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def test_the_page_lists_what_is_kept() -> None:
    section = PAGE.partition("## What it keeps so far")[2]
    operations = contract.load(data.schemas() / "company").operations
    named = re.findall(r"`([a-zA-Z-]+)`", section.replace("| `me` |", ""))
    assert set(named) - {found for found in named if found.islower()} == kept_operations()
    assert kept_operations() <= set(operations)
    assert f"the contract's {len(operations)} operations" in section


def test_the_page_lists_every_switch() -> None:
    assert all(f"`{field.name}`" in PAGE for field in fields(Rules))
