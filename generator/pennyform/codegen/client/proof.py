"""The last step of emitting: lay modules out, prove that their names exist and that they can be imported."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from pennyform.codegen.client.checks import all_statements
from pennyform.codegen.client.code import WIDTH
from pennyform.findings import Failure, Finding, Severity, failure, tidy

# Undefined names, names that hide others, and arguments that do.
_RULES = "F811,F821,F822,F823"
_RUFF_FAULT = "ruff finds a fault in the emitted code"
# Modules of the package whose names annotations in others use, by the name that they are imported as.
_NAMESPACES = ("filters", "models", "params", "types")
_RESOURCES = "resources"
# httpx imports its own command line where these are installed: half of the time, and no client needs them.
_IMPORT = """
import gc, importlib, pathlib, sys
gc.disable()
sys.modules.update(dict.fromkeys(("click", "rich")))
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
for file in sorted(root.rglob("*.py")):
    name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    if ".models." in name:
        decoder = importlib.import_module(name.partition(".")[0] + "._codec").decoder
        for attribute in module.__all__:
            decoder(getattr(module, attribute))
"""


def prove(files: Mapping[str, str]) -> dict[str, str]:
    """Lay modules out and prove that they work together.

    Args:
        files: the text of all modules of a package, by path; each was checked by itself.

    Returns:
        The same, their Python formatted.

    Raises:
        Failure: ruff cannot read one of them, a name does not exist, or one cannot be imported; the fault is
            in a template.
    """
    with tempfile.TemporaryDirectory(prefix="pennyform-") as folder:
        root = Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        _run(_ruff("format", "--line-length", str(WIDTH), folder=folder), _RUFF_FAULT)
        formatted = {path: (root / path).read_text(encoding="utf-8") for path in files}
        # Without this process's folders and variables: what is emitted stands alone.
        importing = [sys.executable, "-I", "-B", "-c", _IMPORT, folder]
        with ThreadPoolExecutor() as pool:
            imported = pool.submit(_run, importing, "the emitted package cannot be imported")
            options = ("--output-format", "concise", "--select", _RULES)
            _run(_ruff("check", *options, folder=folder), _RUFF_FAULT)
            _check_namespaces(formatted)
        imported.result()
    return formatted


def _ruff(action: str, *options: str, folder: str) -> list[str]:
    from ruff import find_ruff_bin

    # Isolated: the settings of the user's own project must not change a byte of what is emitted.
    always = ("--isolated", "--no-cache", "--quiet", "--target-version", "py311")
    return [find_ruff_bin(), action, *always, *options, folder]


def _run(command: list[str], summary: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise failure("emitted-code-broken", summary, detail=(result.stdout + result.stderr).strip()[-2000:])


def _check_namespaces(files: Mapping[str, str]) -> None:
    """Every ``models.Name`` in an annotation names a model, and so on."""
    names: dict[str, set[str]] = {namespace: set() for namespace in _NAMESPACES}
    resources: dict[PurePosixPath, ast.Module] = {}
    for path, text in ((PurePosixPath(path), text) for path, text in files.items()):
        namespaces = names.keys() & {path.parent.name, path.stem}
        if path.suffix == ".py" and (namespaces or path.parent.name == _RESOURCES):
            tree = ast.parse(text)
            defined = set(_defined(tree)) if namespaces else set()
            for namespace in namespaces:
                names[namespace] |= defined
            if path.parent.name == _RESOURCES:
                resources[path] = tree
    findings = [
        Finding(
            "emitted-code-broken",
            Severity.ERROR,
            f"there is no {node.value.id}.{node.attr}",
            file=str(path),
            line=node.lineno,
            column=node.col_offset + 1,
        )
        for path, tree in resources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr not in names.get(node.value.id, {node.attr})
    ]
    if findings:
        raise Failure(tidy(findings))


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in all_statements(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
