"""The layers of ARCHITECTURE.md, held by reading every import in the source."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "pennyform"
CLIENTS = [ROOT / "generated" / name for name in ("pennylane_company", "pennylane_firm")]
RUNTIME = TOOL / "client_runtime"
LARGEST_FOLDER = 15

# Package -> the packages of pennyform that it may import, besides itself.
GROUND = {
    "findings",
    "data",
    "extras",
    "locales",
    "text",
    "typesetting",
    "redaction",
    "results",
    "safe_files",
    "strict_json",
    "vat_rules",
}
ALLOWED = {
    "findings": {"text"},
    "data": set(),
    "extras": {"findings"},
    "locales": {"extras"},
    "text": set(),
    "typesetting": {"data", "extras", "text"},
    "redaction": set(),
    "safe_files": set(),
    "vat_rules": set(),
    "strict_json": {"findings"},
    "results": {"findings", "data", "text"},
    "client_runtime": {"redaction"},
    "spec": GROUND | {"client_runtime"},
    "codegen": GROUND | {"client_runtime", "spec"},
    "invoices": GROUND,
    "engine": GROUND | {"invoices"},
    "fleet": GROUND | {"invoices", "engine"},
    "documents": GROUND | {"invoices"},
    "sandbox": GROUND - {"results", "strict_json"},
    "testing": {"sandbox"},
    "report": GROUND,
    "cli": GROUND | {"spec", "codegen", "invoices", "engine", "sandbox", "report", "documents", "fleet"},
    "__main__": {"cli"},
    "__init__": set(),
}

# Parts of a package, top to bottom. A part may import lower layers of its package, never its own or higher
# ones. A part is a sub-folder, or a module that lies directly in the package's folder; the package's own name
# stands for its `__init__`.
LAYERS: Mapping[str, list[set[str]]] = {
    "invoices": [
        {"invoices"},
        {"repository"},
        {"templates", "deductions"},
        {"checks"},
        {"desired", "expressions", "formatter"},
        {"sources", "schema"},
        {"yaml", "money"},
        {"model"},
    ],
    "engine": [
        {"engine"},
        {"session"},
        {"applying", "plan_files", "invoice_status", "verify", "adopt"},
        {"issued"},
        {"planning"},
        {"recovery"},
        {"account"},
        {"journal"},
        {"runtime"},
        {"state_folder"},
        {"limits"},
    ],
    "fleet": [
        {"fleet"},
        {"job", "overview", "procrastinate_queue", "journals"},
        {"records", "leases"},
        {"database", "request", "queue"},
        {"migrations", "log", "serving"},
    ],
    "spec": [
        {"spec"},
        {"diff", "pin"},
        {"normaliser"},
        {"description_facts"},
        {"document"},
    ],
    "sandbox": [
        {"sandbox", "background_server"},
        {"application"},
        {"http"},
        {"admin"},
        {"input_files"},
        {"service"},
        {"handlers", "seed"},
        {"generic"},
        {"accounting"},
        {"documents", "oauth"},
        {"request_context"},
        {"auth", "request_log"},
        {"contract", "faults", "money"},
        {"model"},
        {"storage"},
        {"api_errors", "rules"},
        {"clock", "json_types", "messages"},
    ],
    "codegen": [
        {"generation"},
        {"codegen"},
        {"client", "definitions"},
        {"output", "schemas", "vat_rates"},
    ],
    "documents": [
        {"documents"},
        {"checking", "issued"},
        {"views", "violations", "build", "lines"},
        {"cii"},
        {"ubl"},
        {"places", "parties", "rule_sets"},
        {"tables"},
        {"extra", "xml", "model"},
    ],
    "report": [
        {"report"},
        {"apply", "companies", "fleet", "status", "verification"},
        {"plan", "contract_diff", "findings", "render", "rules"},
        {"shared"},
    ],
    "cli": [
        {"cli"},
        {"commands"},
        {"companies"},
        {"definitions", "issued"},
        {"documents"},
        {"connection"},
        {"contracts", "tokens", "downloads", "document_files"},
        {"terminal", "options"},
    ],
}


@cache
def _modules() -> Mapping[str, Path]:
    """Every module of pennyform by its dotted name."""
    names = {}
    for file in sorted(TOOL.rglob("*.py")):
        parts = ["pennyform", *file.relative_to(TOOL).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


@cache
def _imports(file: Path) -> tuple[tuple[int, str], ...]:
    """Each import of ``file``, those for type checkers included: its line, and the module."""
    return tuple(_read_imports(file))


def _read_imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                # What is copied into emitted clients stands alone there, under another name.
                assert RUNTIME in file.parents, f"{file}:{node.lineno}: imports are absolute in pennyform"
                package = ["pennyform", *file.relative_to(TOOL).parts[: -node.level]]
                module = ".".join([*package, *filter(None, [module])])
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield node.lineno, full if full in _modules() else module


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def _part(module: str) -> str:
    """The part of its package that a module belongs to."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 else _package(module)


def _inner_imports() -> Iterator[tuple[str, int, str]]:
    for module, file in _modules().items():
        for line, target in _imports(file):
            if target.startswith("pennyform.") and target != "pennyform.__version__":
                yield module, line, target


def test_packages_import_only_what_they_may() -> None:
    wrong = [
        f"{module}:{line}: {_package(module)} may not import {_package(target)}"
        for module, line, target in _inner_imports()
        if _package(target) not in {_package(module), *ALLOWED[_package(module)]}
    ]
    assert wrong == []


def test_every_package_is_named() -> None:
    packages = {_package(module) for module in _modules()}
    assert packages <= set(ALLOWED), "write the imports of a new package down here and in ARCHITECTURE.md"


def test_parts_of_a_package_import_only_lower_layers() -> None:
    wrong = []
    for module, line, target in _inner_imports():
        package = _package(module)
        if package not in LAYERS or _package(target) != package or _part(module) == _part(target):
            continue
        levels = {part: level for level, parts in enumerate(LAYERS[package]) for part in parts}
        pair = (f"{package}/{_part(module)}", f"{package}/{_part(target)}")
        assert levels.keys() >= {_part(module), _part(target)}, f"{pair}: give it a layer"
        if levels[_part(target)] <= levels[_part(module)]:
            wrong.append(f"{module}:{line}: {pair[0]} may not import {pair[1]}")
    assert wrong == []


def test_the_document_has_the_layers_that_are_held() -> None:
    block = (
        (ROOT / "ARCHITECTURE.md")
        .read_text("utf-8")
        .partition("Layers of the larger packages")[2]
        .split("```")[1]
    )
    written = {
        package: [set(layer.split(", ")) for layer in " ".join(layers.split()).split(" > ")]
        for package, layers in re.findall(r"^(\w+)/ (.*(?:\n .*)*)", block, re.MULTILINE)
    }
    assert written == {
        package: [layer - {package} for layer in layers if layer != {package}]
        for package, layers in LAYERS.items()
    }


def test_parts_of_the_comparison_import_only_lower_layers() -> None:
    layers = ["diff", "compare", "usage", "report", "comparison", "schemas"]
    prefix = "pennyform.spec.diff"

    def layer(module: str) -> int:
        return layers.index(
            module.removeprefix(f"{prefix}.").partition(".")[0] if module != prefix else "diff"
        )

    wrong = [
        f"{module}:{line}: may not import {target}"
        for module, line, target in _inner_imports()
        if module.startswith(prefix) and target.startswith(prefix) and layer(target) < layer(module)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, _, target in _inner_imports():
        graph.setdefault(module, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_folder_is_crowded() -> None:
    counts = Counter(file.parent for file in _modules().values() if file.name != "__init__.py")
    crowded = {
        folder.relative_to(TOOL).as_posix(): count
        for folder, count in counts.items()
        if count > LARGEST_FOLDER
    }
    assert crowded == {}


def test_generated_code_stands_alone() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for client in CLIENTS
        for file in sorted(client.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and "pennyform" in ast.unparse(node)
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["pennylane_company", "httpx"])
def test_only_the_edges_speak_to_the_api(library: str) -> None:
    edges = (
        "client_runtime.",
        "engine.account.",
        "engine.runtime",
        "cli.connection",
        "cli.downloads",
        "spec.",
        "sandbox.",
        "testing",
    )
    strangers = {
        module
        for module, file in _modules().items()
        for _, target in _imports(file)
        if target.partition(".")[0] == library and not module.removeprefix("pennyform.").startswith(edges)
    }
    assert strangers == set()
