"""The last step of emitting: lay modules out, prove that their names exist and that they can be imported."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Self

from pennyform.codegen.client.checks import all_statements, parsed
from pennyform.codegen.client.code import WIDTH
from pennyform.findings import Failure, Finding, Severity, failure, tidy

# Undefined names, names that hide others, and arguments that do.
_RULES = "F811,F821,F822,F823"
# Modules of the package whose names annotations in others use, by the name that they are imported as.
_NAMESPACES = ("filters", "models", "params", "types")
_RESOURCES = "resources"
# httpx imports its own command line where these are installed: half of the time, and no client needs them.
_IMPORT = """
import gc, importlib, json, pathlib, sys, traceback
gc.disable()
sys.modules.update(dict.fromkeys(("click", "rich")))
import httpx, msgspec
for line in sys.stdin:
    root, problem, before = pathlib.Path(json.loads(line)), "", {*sys.modules}
    sys.path.insert(0, str(root))
    try:
        for file in sorted(root.rglob("*.py")):
            name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            module = importlib.import_module(name)
            if ".models." in name:
                decoder = importlib.import_module(name.partition(".")[0] + "._codec").decoder
                for attribute in module.__all__:
                    decoder(getattr(module, attribute))
    except BaseException:
        problem = traceback.format_exc()
    sys.path.remove(str(root))
    names = {file.name.removesuffix(".py") for file in root.iterdir()}
    for name in [name for name in sys.modules.keys() - before if name.partition(".")[0] in names]:
        del sys.modules[name]
    print(json.dumps(problem), flush=True)
"""


class Importer:
    """A process that imports emitted packages, without this one's folders and variables.

    One for all packages of a run, started before it is needed: its own start and the libraries that clients
    use take half of its time. To be used within ``with``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the block
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-B", "-c", _IMPORT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def check(self, folder: str) -> None:
        """Import every module below a folder.

        Raises:
            Failure: that does not work.
        """
        with self._lock:
            try:
                print(json.dumps(folder), file=self._process.stdin, flush=True)
                answer = self._process.stdout.readline() if self._process.stdout else ""
            except OSError:
                answer = ""
            if answer:
                problem = str(json.loads(answer))
            else:
                self._errors.seek(0)
                status = f"the process ended with status {self._process.wait()}"
                problem = f"{self._errors.read().decode(errors='replace')}{status}"
        if problem:
            raise _broken("the emitted package cannot be imported", problem)


def prove(files: Mapping[str, str], importer: Importer) -> dict[str, str]:
    """Lay modules out and prove that they work together.

    Args:
        files: the text of all modules of a package, by path; each was checked by itself.
        importer: imports them.

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
        _run(_ruff("format", "--line-length", str(WIDTH), folder=folder))
        formatted = {path: (root / path).read_text(encoding="utf-8") for path in files}
        with ThreadPoolExecutor() as pool:
            imported = pool.submit(importer.check, folder)
            options = ("--output-format", "concise", "--select", _RULES)
            _run(_ruff("check", *options, folder=folder))
            try:
                # Parsed before, for the check of each by itself.
                _check_namespaces(files)
            except Failure:
                # The same, with the lines that they have now.
                _check_namespaces(formatted)
                raise
        imported.result()
    return formatted


def _ruff(action: str, *options: str, folder: str) -> list[str]:
    from ruff import find_ruff_bin

    # Isolated: the settings of the user's own project must not change a byte of what is emitted.
    always = ("--isolated", "--no-cache", "--quiet", "--target-version", "py311")
    return [find_ruff_bin(), action, *always, *options, folder]


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise _broken("ruff finds a fault in the emitted code", result.stdout + result.stderr)


def _broken(summary: str, detail: str) -> Failure:
    return failure("emitted-code-broken", summary, detail=detail.strip()[-2000:])


def _check_namespaces(files: Mapping[str, str]) -> None:
    """Every ``models.Name`` in an annotation names a model, and so on."""
    names: dict[str, set[str]] = {namespace: set() for namespace in _NAMESPACES}
    resources: dict[PurePosixPath, ast.Module] = {}
    for path, text in ((PurePosixPath(path), text) for path, text in files.items()):
        namespaces = names.keys() & {path.parent.name, path.stem}
        if path.suffix == ".py" and (namespaces or path.parent.name == _RESOURCES):
            tree = parsed(text)
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
