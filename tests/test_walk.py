"""ARCHITECTURE.md says where an invoice and a contract go: held to a traced run."""

from __future__ import annotations

import re

import pytest

from tests.walk import DOCUMENT, TOOL, WALKS, table


@pytest.mark.parametrize("name", WALKS)
def test_the_tables_are_what_a_traced_run_enters(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    written = text.partition(f"<!-- walk: {name} -->\n")[2].partition("\n<!-- end of walk -->")[0]
    assert written == table(name), "run: python -m tests.walk"


def test_every_module_and_folder_that_the_document_names_exists() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rooms = {path.name for path in TOOL.iterdir() if path.is_dir() and path.name != "__pycache__"}
    names = {
        name
        for name in re.findall(r"`([a-z_]+(?:[./][a-z_]+)+)`", text)
        if re.split(r"[./]", name)[0] in rooms
    }
    missing = [
        name
        for name in sorted(names)
        for path in [TOOL.joinpath(*re.split(r"[./]", name.removesuffix(".py")))]
        if not (path / "__init__.py").is_file() and not path.with_suffix(".py").is_file()
    ]
    assert missing == []
    assert names, "the document names modules"
