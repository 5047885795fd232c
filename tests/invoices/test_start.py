"""What a hook must not pay for: validating a plain definition imports nothing that is slow to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .definitions import YAML_TEXT, write

SLOW = {
    "hashlib",  # loads OpenSSL
    "shutil",
    "jinja2",
    "jsonschema",
    "multiprocessing",
    "httpx",
}


def slow_imports(folder: Path, *words: str) -> set[str]:
    code = "import sys; from pennyform.cli import main; main(sys.argv[1:]); print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return SLOW & set(done.stdout.splitlines())


def test_validating_a_plain_definition(tmp_path: Path) -> None:
    write(tmp_path, invoice=YAML_TEXT, pennyform="version: 1\nenvironment: sandbox\n")
    assert slow_imports(tmp_path, "validate", "invoice.yaml") == set()


def test_a_template_needs_its_expressions(tmp_path: Path) -> None:
    write(tmp_path, invoice=YAML_TEXT + 'label: "{{ 1 }}"\n')
    assert "jsonschema" not in slow_imports(tmp_path, "validate", "invoice.yaml")
