"""What a start must not pay for: a hook that validates, help, and a mistyped option import nothing slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pennyform.cli import VERBS

from .definitions import YAML_TEXT, write

SLOW = {
    "hashlib",  # loads OpenSSL
    "email_validator",
    "shutil",
    "stdnum",
    "jinja2",
    "jsonschema",
    "multiprocessing",
    "httpx",
}
# Whose import, and the making of whose types, takes longer than checking a file.
MAKERS_OF_TYPES = {"dataclasses", "msgspec"}
# Besides, neither help nor a usage error needs what a command works with.
FOR_COMMANDS = {"msgspec", "pennylane_company", "yaml", "ssl"}
PACKAGES_FOR_COMMANDS = ("codegen", "engine", "invoices", "results", "sandbox", "spec")


CODE = """
import atexit, sys
from pennyform.cli import main
atexit.register(lambda: print(*sys.modules, sep="\\n"))
sys.exit(main(sys.argv[1:]))
"""


def imports(folder: Path, *words: str, exit_code: int = 0) -> set[str]:
    done = subprocess.run([sys.executable, "-c", CODE, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == exit_code, done.stderr
    return set(done.stdout.splitlines())


def slow_imports(folder: Path, *words: str) -> set[str]:
    return (SLOW | MAKERS_OF_TYPES) & imports(folder, *words)


def needless_imports(modules: set[str]) -> set[str]:
    packages = {f"pennyform.{package}" for package in PACKAGES_FOR_COMMANDS}
    return modules & (SLOW | FOR_COMMANDS | packages)


def test_validating_a_plain_definition(tmp_path: Path) -> None:
    write(tmp_path, invoice=YAML_TEXT, pennyform="version: 1\nenvironment: sandbox\n")
    assert slow_imports(tmp_path, "validate", "invoice.yaml") == set()


def test_a_customer_with_a_plain_address(tmp_path: Path) -> None:
    card = "external_reference: ACME_001\nname: Example\nemails: [jean.dupont@client.example]\n"
    address = 'address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR'
    write(tmp_path, invoice=YAML_TEXT, customers__acme=f"{card}billing_address: {{{address}}}\n")
    assert slow_imports(tmp_path, "validate", "invoice.yaml") == set()


def test_a_template_needs_its_expressions(tmp_path: Path) -> None:
    write(tmp_path, invoice=YAML_TEXT + 'label: "{{ 1 }}"\n')
    assert "jsonschema" not in slow_imports(tmp_path, "validate", "invoice.yaml")


def test_help(tmp_path: Path) -> None:
    assert needless_imports(imports(tmp_path, "--help")) == set()


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(tmp_path: Path, verb: str) -> None:
    assert needless_imports(imports(tmp_path, verb, "--help")) == set()


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistyped_option(tmp_path: Path, verb: str) -> None:
    assert needless_imports(imports(tmp_path, verb, "--mistyped", exit_code=64)) == set()
