"""What works without the extras, and what is said where one is missing."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from pennyform.extras import EXTRAS

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = {
    extra: {Requirement(text).name for text in texts}
    for extra, texts in PROJECT["optional-dependencies"].items()
}

# One process for all commands, in which no package of an extra can be imported.
PROGRAM = """\
import contextlib, io, json, sys
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

MODULES = set(json.loads(sys.argv[1]))
sys.modules.update(dict.fromkeys(MODULES))
sys.meta_path.insert(0, Missing())
from pennyform.cli import main

results = []
for words in json.loads(sys.argv[2]):
    if words[0] == "write":
        Path(words[1]).write_text(words[2], encoding="utf-8")
        continue
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(words)
    results.append((words, code, out.getvalue()))

import httpx
from pennyform.sandbox import Sandbox
from pennyform.sandbox.background_server import Served
from pennyform.testing import API_URL

sandbox = Sandbox(rate_limit=False)
try:
    Served(sandbox)
except Exception as error:
    results.append((["Served"], 1, str(error)))
headers = {"authorization": "Bearer sandbox"}
with httpx.Client(transport=sandbox.transport(), base_url=API_URL, headers=headers) as client:
    answer = client.post("/customer_invoices/e_invoices/imports", files={"file": ("a.pdf", b"%PDF-1.7")})
    results.append((["import"], answer.status_code, answer.text))
json.dump(results, sys.stdout)
"""
E_INVOICE = """\
external_reference: INV-2025-119
file: ../files/2025-118.pdf
e_invoice: true
customer: ACME_001
invoice_number: 2025-119
date: 2025-12-15
deadline: 2026-01-14
currency_amount_before_tax: "600.00"
currency_tax: "120.00"
currency_amount: "720.00"
invoice_lines:
  - label: Installation
    quantity: 4
    unit: hour
    raw_currency_unit_price: "150.00"
    vat_rate: FR_200
    currency_amount: "720.00"
    currency_tax: "120.00"
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Verb, or words in full, to exit code and output."""
    folder = tmp_path_factory.mktemp("plain") / "books"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns(".pennyform"))
    words: list[list[str]] = [
        ["fmt", "--check"],
        ["rules"],
        ["validate"],
        ["render"],
        ["plan", "--sandbox"],
        ["plan", "--sandbox", "--format", "html"],
        ["apply", "--sandbox", "--auto-approve"],
        ["verify", "--sandbox"],
        ["adopt", "--sandbox", "--customers"],
        ["spec", "init"],
        ["spec", "status"],
        ["spec", "diff"],
        ["generate"],
        ["sandbox", "snapshot", "copy.db"],
        ["sandbox", "serve", "--port", "0"],
        ["mcp"],
        ["write", "invoices/e-invoice.yaml", E_INVOICE],
        ["validate", "invoices/e-invoice.yaml"],
    ]
    modules = sorted({module for extra in EXTRAS.values() for module in extra} | {"httptools", "keyring"})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PENNYLANE_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(modules), json.dumps(words)],
        cwd=folder,
        env={**environment, "NO_COLOR": "1", "PENNYFORM_STATE": str(folder.parent / "state")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {" ".join(words): (code, text) for words, code, text in json.loads(done.stdout)}


def test_the_verbs_and_the_embedded_sandbox_need_no_extra(results: dict[str, tuple[int, str]]) -> None:
    needing = {
        "generate",
        "mcp",
        "sandbox serve --port 0",
        "validate invoices/e-invoice.yaml",
        "Served",
        "import",
    }
    assert needing <= results.keys()
    failed = {words: text for words, (code, text) in results.items() if code and words not in needing}
    assert failed == {}
    assert "15 invoices, all equal, to the cent" in results["verify --sandbox"][1]


GENERATE = """\
error missing-extra: generating needs openapi-python-client, ruff
  fix: install it: pip install 'pennyform[codegen]'
"""
SERVE = """\
error missing-extra: a sandbox on a port needs uvicorn
  fix: install it: pip install 'pennyform[server]'
"""
MCP = """\
error missing-extra: serving tools to agents needs mcp
  fix: install it: pip install 'pennyform[mcp]'
"""
VALIDATE = "e-invoice.yaml:3:12: error missing-extra: an e-invoice needs lxml, pikepdf, pypdf"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("generate", 1, GENERATE),
        ("sandbox serve --port 0", 1, SERVE),
        ("mcp", 1, MCP),
        ("validate invoices/e-invoice.yaml", 4, VALIDATE),
        ("Served", 1, "a sandbox on a port needs uvicorn"),
        ("import", 501, "pip install 'pennyform[einvoice]'"),
    ],
)
def test_one_line_says_what_to_install(
    results: dict[str, tuple[int, str]], words: str, code: int, text: str
) -> None:
    assert results[words][0] == code
    assert text in results[words][1]


def test_what_is_imported_is_declared() -> None:
    """Every library is a dependency, or belongs to the extra that is asked for before it is imported."""
    known = {extra: set(packages.values()) for extra, packages in EXTRAS.items()}
    assert {extra: packages - PACKAGES[extra] for extra, packages in known.items()} == {
        extra: set() for extra in known
    }
    assert re.findall(r"[\w-]+", PROJECT["optional-dependencies"]["all"][0])[1:] == sorted(
        PACKAGES.keys() - {"all"}
    )
    plain = {Requirement(text).name.replace("-", "_") for text in PROJECT["dependencies"]}
    # Modules that are not called as their packages, and what jsonschema itself is used with.
    plain |= {"jsonpath_rfc9535", "referencing", "stdnum", "yaml"}
    extras = {module for extra in EXTRAS.values() for module in extra} | {"keyring"}
    wrong = set()
    for file in (ROOT / "generator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                top = name.partition(".")[0]
                ours = {"pennyform", "pennylane_company", "pennylane_firm", "pytest"}
                if top not in sys.stdlib_module_names | plain | extras | ours:
                    wrong.add(f"{file.name}: {top}")
    assert wrong == set()
