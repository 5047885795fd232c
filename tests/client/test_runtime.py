"""The runtime is written once: packages have it word for word, and threads get what tasks get."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pennyform.client_runtime
import pennylane_company
import pennylane_firm
import pytest

RUNTIME = Path(pennyform.client_runtime.__file__).parent
PACKAGES = [Path(package.__file__).parent for package in (pennylane_company, pennylane_firm)]
# What stands in for a module that is emitted otherwise, and says what this folder is.
STAND_INS = {"__init__.py", "_contract.py", "_secrets/redaction.py"}
MODULES = sorted(file.relative_to(RUNTIME).as_posix() for file in RUNTIME.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_package_has_the_runtime_word_for_word(module: str) -> None:
    source = (RUNTIME / module).read_text(encoding="utf-8").splitlines()
    for package in PACKAGES:
        copy = (package / module).read_text(encoding="utf-8").splitlines()
        # Only the first line differs, so that lines keep their numbers.
        assert (copy[1:] == source[1:]) == (module not in STAND_INS)


def test_a_stand_in_has_the_names_of_what_is_emitted() -> None:
    for package in PACKAGES:
        assert _constants(package / "_contract.py") == _constants(RUNTIME / "_contract.py")


def _constants(file: Path) -> set[str]:
    return {
        ast.unparse(target)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }


# Words of code for tasks, and what stands in their place in code for threads.
WORDS = {
    r"\basync |\bawait ": "",
    r"\bAwaitable\[(.*)\]\]:": r"\1]:",
    # A list that is not awaited is not fetched.
    r"\bAsyncPages\(self, ": "self.fetch(",
    r"\bAsyncPages\b": "Page",
    r"\b(_?)Async(?=[A-Z])": r"\1",
    r"\b__a(?=enter__|exit__|iter__)": "__",
    r"\ba(?=close\b|iter_raw\b)": "",
    r"\basync_(?=sleep\b)": "",
    r"\bconnect_async\b": "connect",
    # An asynchronous generator has no `yield from`.
    r"for item in (.*):\n +yield item": r"yield from (\1)",
}


def for_threads(code: ast.ClassDef) -> str:
    """Code for tasks as it were for threads, without prose."""
    text = ast.unparse(code)
    for pattern, word in WORDS.items():
        text = re.sub(pattern, word, text)
    without_prose = re.sub(r'""".*?"""', "...", text, flags=re.DOTALL)
    return ast.unparse(ast.parse(without_prose))


@pytest.mark.parametrize("module", ["_base.py", "_pages.py", "_raw.py", "_transport.py"])
def test_what_is_done_in_threads_is_done_in_tasks(module: str) -> None:
    tree = ast.parse((RUNTIME / module).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    pairs = [(classes[name], classes[f"Async{name}"]) for name in classes if f"Async{name}" in classes]
    assert pairs
    for threads, tasks in pairs:
        assert for_threads(tasks) == for_threads(threads)
