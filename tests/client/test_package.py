"""What the package weighs, what it imports and when, and that everything in it says what it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pennylane_company
import pennylane_firm
import pytest

PACKAGE = Path(pennylane_company.__file__).parent
FIRM = Path(pennylane_firm.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TREES = {module: ast.parse(module.read_text()) for module in MODULES}


def test_it_is_light() -> None:
    assert sum(len(module.read_text().splitlines()) for module in MODULES) <= 18_500
    assert sum(module.stat().st_size for module in MODULES) <= 1_000_000


def test_it_stands_alone() -> None:
    imported = {
        name.split(".")[0] for tree in TREES.values() for node in ast.walk(tree) for name in _imported(node)
    }
    # httpcore is what httpx opens its connections with.
    assert imported - sys.stdlib_module_names == {"httpcore", "httpx", "msgspec"}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def test_everything_public_says_what_it_is() -> None:
    silent = [
        f"{module.relative_to(PACKAGE)}:{node.lineno} {node.name}"
        for module, tree in TREES.items()
        for node in _public(tree)
        if not ast.get_docstring(node)
    ]
    assert silent == []


# What an emitter says of what it knows nothing about: the name again, in other letters.
FALLBACKS = re.compile(r"as (sent|answered)\.$|^One page of a list|^\w+: .*, for an? ")
FEWEST_WORDS = 3


@pytest.mark.parametrize("package", [PACKAGE, FIRM], ids=lambda path: path.name)
def test_no_docstring_is_a_name_in_other_letters(package: Path) -> None:
    empty = [
        f"{module.relative_to(package)} {name}: {words}"
        for module in sorted(package.rglob("*.py"))
        for name, words in _docstrings(ast.parse(module.read_text()))
        if len(words.split()) < FEWEST_WORDS or FALLBACKS.search(words.partition("\n")[0])
    ]
    assert empty == []


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names and words of everything public, aliases too; resources are named in full by their classes."""
    for node in _public(tree):
        plain = not any("Resource" in ast.unparse(base) for base in getattr(node, "bases", []))
        names_itself = any("property" in ast.unparse(each) for each in node.decorator_list)
        if plain and not names_itself and not _is_overload(node):
            yield node.name, ast.get_docstring(node) or ""
    for alias, words in pairwise(tree.body):
        if isinstance(alias, ast.AnnAssign) and isinstance(words, ast.Expr):
            yield ast.unparse(alias.target), ast.literal_eval(words.value)


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _public(tree: ast.Module) -> list[Definition]:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inner = [node for each in classes for node in each.body]
    defined = [node for node in [*tree.body, *inner] if isinstance(node, Definition)]
    return [node for node in defined if not node.name.startswith("_") and not _is_overload(node)]


def _is_overload(node: Definition) -> bool:
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


def test_it_is_laid_out_as_a_formatter_would() -> None:
    ruff = [sys.executable, "-m", "ruff"]
    if subprocess.run([*ruff, "--version"], capture_output=True).returncode:
        pytest.skip("ruff is not installed")
    options = ["--isolated", "--line-length=110", "--quiet", str(PACKAGE)]
    assert subprocess.run([*ruff, "format", "--check", *options], capture_output=True).returncode == 0
    rules = [*ruff, "check", "--select=E,F,W,I,B", *options]
    assert subprocess.run(rules, capture_output=True, text=True).stdout == ""


_LOADED = "sorted(name for name in sys.modules if name.startswith('pennylane_company.'))"


def loaded(code: str) -> list[str]:
    """The package's modules that a fresh interpreter has loaded after ``code``."""
    script = f"import sys\n{code}\nprint(' '.join({_LOADED}))"
    return subprocess.check_output([sys.executable, "-c", script], text=True).split()


def test_importing_it_imports_nothing_else() -> None:
    assert loaded("import pennylane_company") == ["pennylane_company._lazy"]


def test_no_resource_and_no_model_is_imported_before_it_is_used() -> None:
    made = loaded("from pennylane_company import Client, models\nclient = Client('token')")
    assert [name for name in made if ".resources" in name] == []
    assert [name for name in made if ".models" in name] == ["pennylane_company.models"]
    used = loaded("from pennylane_company import Client\nClient('token').customer_invoices.list")
    assert [name for name in used if ".resources." in name] == [
        "pennylane_company.resources.customer_invoices"
    ]
    assert [name for name in used if ".models" in name] == []


def test_a_call_imports_the_models_of_its_answer_only() -> None:
    call = """
import httpx
from pennylane_company import Client
transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
Client("token", transport=transport).customer_invoices.get(1)
"""
    assert [name for name in loaded(call) if ".models." in name] == [
        "pennylane_company.models.customer_invoices",
        "pennylane_company.models.shared",
    ]


def test_what_does_not_exist_is_said_so() -> None:
    with pytest.raises(AttributeError, match=r"'pennylane_company\.models' has no attribute 'Nothing'"):
        pennylane_company.models.Nothing  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(AttributeError, match="'pennylane_company' has no attribute 'nothing'"):
        pennylane_company.nothing  # type: ignore[attr-defined] # noqa: B018
    assert "Client" in dir(pennylane_company)
    assert "CustomerInvoice" in dir(pennylane_company.models)
