"""Which modules one invoice and one contract pass through, as the tables of ARCHITECTURE.md.

``python -m tests.walk`` runs the commands in a scratch folder, traced, and writes the tables anew;
``tests/test_walk.py`` holds that they are up to date.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "pennyform"
DOCUMENT = ROOT / "ARCHITECTURE.md"
OPTIMIZED = 0x01  # CO_OPTIMIZED: set for functions, not for the bodies of modules and classes

INVOICE = {
    "pennyform.yaml": "version: 1\nenvironment: sandbox\n",
    "customers/acme.yaml": "external_reference: ACME\nname: Acme\nbilling_address: {address: 1 rue A, "
    'postal_code: "75001", city: Paris, country_alpha2: FR}\n',
    "invoices/inv-1.yaml": "external_reference: INV-1\ncustomer: ACME\ndate: 2026-11-01\n"
    "deadline: 2026-11-30\ninvoice_lines:\n  - label: Work\n    quantity: 2\n    unit: hour\n"
    '    raw_currency_unit_price: "100.00"\n    vat_rate: FR_200\noptions: {finalize: true}\n',
}
CONTRACT = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/v1/things": {
            "post": {
                "operationId": "postThings",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"name": {"type": "string"}}}
                        }
                    }
                },
                "responses": {"201": {"description": ""}},
            }
        }
    },
}
WALKS: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = {
    "invoice": (
        ("plan", ["plan"]),
        ("apply", ["apply", "--auto-approve"]),
        ("verify", ["verify"]),
    ),
    "contract": (
        ("fetch", ["spec", "fetch", "--api", "example", "--from", "contract.json"]),
        ("generate", ["generate", "--output", "generated"]),
    ),
}


def traced(run: Callable[[], int]) -> tuple[int, list[str]]:
    """The exit code of ``run``, and the modules of the tool that it entered, in the order of first entry.

    Importing a module does not enter it, also where that calls functions; calling one of them later does.
    """
    modules: dict[str, None] = {}

    def profile(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & OPTIMIZED and code.co_filename.startswith(str(TOOL)):
            parts = Path(code.co_filename).relative_to(TOOL).with_suffix("").parts
            module = ".".join(part for part in parts if part != "__init__") or "pennyform"
            if module not in modules and not _is_importing(frame):
                modules[module] = None

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        return run(), list(modules)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether ``frame`` runs because a module of the tool is being imported."""
    while frame:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(str(TOOL)):
            return True
        frame = frame.f_back
    return False


def walk(name: str) -> dict[str, list[str]]:
    """The modules that each command of a walk enters, by the command's name. Runs in this process."""
    from pennyform import data
    from pennyform.cli import main

    entered = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if name == "invoice":
            for path, text in INVOICE.items():
                Path(path).parent.mkdir(exist_ok=True)
                Path(path).write_text(text, encoding="utf-8")
        else:
            Path("contract.json").write_text(json.dumps(CONTRACT), encoding="utf-8")
            data.specs = lambda: Path(folder, "specs")  # type: ignore[assignment]
            data.checkout = lambda: Path(folder)  # type: ignore[assignment]
        for command, argv in WALKS[name]:
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                code, modules = traced(lambda argv=argv: main(argv))  # type: ignore[misc]
            if code:
                raise RuntimeError(f"{command} ended with {code}: {output.getvalue()}")
            entered[command] = modules
    return entered


def table(name: str) -> str:
    """A walk as a Markdown table: a row for each module, in the order of first entry.

    Runs in a process of its own: what an earlier run has cached would not be entered again.
    """
    command = [sys.executable, "-m", "tests.walk", "--trace", name]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(result.stderr)
    entered: dict[str, list[str]] = json.loads(result.stdout)
    commands = list(entered)
    # The sandbox stands in for the service; its way of answering is not the invoice's.
    modules = dict.fromkeys(
        module for modules in entered.values() for module in modules if not module.startswith("sandbox")
    )
    lines = [f"| module | {' | '.join(commands)} | what it is |", f"|---|{'---|' * len(commands)}---|"]
    for module in modules:
        marks = " | ".join("•" if module in entered[command] else "" for command in commands)
        lines.append(f"| `{module}` | {marks} | {_summary(module)} |")
    counts = ", ".join(
        f"{sum(not module.startswith('sandbox') for module in entered[command])} in `{command}`"
        for command in commands
    )
    return "\n".join([*lines, "", f"Modules entered: {counts}."])


def _summary(module: str) -> str:
    """The first line of a module's docstring, as it stands in the source."""
    path = TOOL if module == "pennyform" else TOOL.joinpath(*module.split("."))
    package = path / "__init__.py"
    file = package if package.is_file() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("|", "\\|")


def with_tables(text: str) -> str:
    """``text`` with each table between its marks written anew."""
    for name in WALKS:
        start, end = f"<!-- walk: {name} -->\n", "\n<!-- end of walk -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}{table(name)}{end}{after}"
    return text


if __name__ == "__main__":
    if sys.argv[1:2] == ["--trace"]:
        json.dump(walk(sys.argv[2]), sys.stdout)
    else:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
