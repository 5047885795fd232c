"""ARCHITECTURE.md says where an invoice and a contract go: held to a traced run."""

from __future__ import annotations

import re

import pytest

from tests.walk import DOCUMENT, ROOT, TOOL, WALKS, table


@pytest.mark.parametrize("name", WALKS)
def test_the_tables_are_what_a_traced_run_enters(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    written = text.partition(f"<!-- walk: {name} -->\n")[2].partition("\n<!-- end of walk -->")[0]
    assert written == table(name), "run: python -m tests.walk"


def _words_of(pattern: str) -> set[str]:
    """What ``pattern`` finds between the backticks of the document."""
    return set(re.findall(f"`({pattern})`", DOCUMENT.read_text(encoding="utf-8")))


def test_every_module_and_folder_that_the_document_names_exists() -> None:
    rooms = {path.name for path in TOOL.iterdir() if path.is_dir() and path.name != "__pycache__"}
    names = {name for name in _words_of(r"[a-z_]+(?:[./][a-z_]+)+") if re.split(r"[./]", name)[0] in rooms}
    missing = [
        name
        for name in sorted(names)
        for path in [TOOL.joinpath(*re.split(r"[./]", name.removesuffix(".py")))]
        if not (path / "__init__.py").is_file() and not path.with_suffix(".py").is_file()
    ]
    assert missing == []
    assert names, "the document names modules"


def test_every_file_and_type_that_the_document_names_exists() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in TOOL.rglob("*.py")}
    places = [f"/{path.relative_to(TOOL).as_posix()}" for path in sources]
    missing = {
        name
        for name in _words_of(r"[a-z_/]+\.py")
        if not (ROOT / name).is_file() and not any(place.endswith(f"/{name}") for place in places)
    }
    types = {name for text in sources.values() for name in re.findall(r"^class (\w+)", text, re.MULTILINE)}
    libraries = {"Decimal", "NamedTuple"}
    models = {"CustomerInvoice"}  # of the emitted client
    missing |= _words_of(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*") - types - libraries - models
    assert missing == set()


def test_the_document_names_every_decision() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    pages = sorted(path.name for path in (ROOT / "docs" / "decisions").iterdir())
    assert [page for page in pages if page not in text] == []
