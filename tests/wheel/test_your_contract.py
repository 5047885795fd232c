"""docs/your-contract.md, command by command, with the wheel as a read-only installation.

``nox -s wheel`` runs this: pip fetches what the wheel and the emitted package need.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.own_contract.conftest import NEWER, PLAIN, define
from tests.own_contract.newer import contract, newer, publish

ROOT = Path(__file__).parents[2]
LOCK = os.environ.get("PENNYFORM_WHEEL", "")
pytestmark = pytest.mark.skipif(not LOCK, reason="`nox -s wheel` runs these: they need a package index")

PAGE = (ROOT / "docs" / "your-contract.md").read_text("utf-8")
BLOCKS = [
    [line.removeprefix("$ ") for line in block.splitlines()]
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
]
SET_UP, INSTALL, WEEKLY, CHECK = BLOCKS
# What their programs do with the package: the page's example, and the new operation.
PROGRAM = """\


def numberings(token: str) -> list[str]:
    with Client(token) as client:
        return [numbering.name for numbering in client.numberings.list()]
"""
# Read-only for this process and those that it starts; $0 is the folder.
_BIND = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@dataclass
class Installation:
    """The wheel in a virtual environment that cannot be written to.

    ``prefix`` comes before every command: it makes the folder read-only for root too, where that can be done.
    """

    home: Path
    environment: dict[str, str]
    prefix: list[str] = field(default_factory=list)

    def run(self, cwd: Path, command: str, expected: int = 0, more: Mapping[str, str] | None = None) -> str:
        """Run a command of the page in a shell; returns what it prints."""
        words = [*self.prefix, "bash", "-e", "-c", command]
        environment = {**self.environment, **(more or {})}
        done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
        output = done.stdout + done.stderr
        assert done.returncode == expected, f"{command}: {done.returncode}\n{output}"
        return output

    def digest(self) -> str:
        """Of every file: its name and its content."""
        total = hashlib.sha256()
        for path in sorted(self.home.rglob("*")):
            total.update(f"{path.relative_to(self.home)}\n".encode())
            total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()

    def lock(self) -> None:
        """Take the right to write away, and see that nobody has it, root included where the system can."""
        subprocess.run(["chmod", "-R", "a-w", self.home], check=True)
        attempt = ["touch", self.home / "written"]
        if subprocess.run(attempt, capture_output=True).returncode == 0:
            (self.home / "written").unlink()
            prefix = ["unshare", "--mount", "sh", "-c", _BIND, str(self.home)]
            if shutil.which("unshare") and not subprocess.run([*prefix, "true"]).returncode:
                self.prefix = prefix
                assert subprocess.run([*prefix, *attempt], capture_output=True).returncode != 0


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What the page installs, from the wheel of this checkout; it is the same when all is done."""
    folder = tmp_path_factory.mktemp("installation")
    home = folder / "venv"
    venv.create(home, with_pip=True, symlinks=True)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PENNY", "PYTHON", "GIT_"))
    }
    installed = Installation(
        home,
        {
            **kept,
            **dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), Path(LOCK).as_uri()),
            "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PENNYFORM_STATE": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "NO_COLOR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        },
    )
    (folder / "gitconfig").write_text(
        "[user]\nname = A\nemail = a@example.com\n[init]\ndefaultBranch = main\n"
    )
    install = SET_UP[0]
    assert install.startswith("pip install ")
    # No index has this version.
    installed.run(folder, f"{install} --find-links {wheel.parent}")
    installed.lock()
    before = installed.digest()
    yield installed
    assert installed.digest() == before
    subprocess.run(["chmod", "-R", "u+w", home], check=True)


def published(repository: Path, document: dict[str, Any], day: str) -> None:
    """Let the vendor publish a contract: here, the settings name a file that Git does not know."""
    folder = repository / "published"
    folder.mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("published/\n")
    file = publish(document, folder, day).relative_to(repository)
    settings = repository / "pennyform.yaml"
    text = settings.read_text("utf-8").partition("  sources:")[0]
    settings.write_text(f"{text}  sources: {{company: {file}}}\n", "utf-8")


def next_week() -> dict[str, Any]:
    """A contract with a field of the invoice, a VAT code and an operation more, and a limit on units."""
    document = newer()
    # The vendor states lines twice: a component would be divided, and only one half can keep its name.
    path = "/api/external/v2/customer_invoices/{customer_invoice_id}/invoice_lines"
    answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    line = answer["properties"]["items"]["items"]["properties"]
    line["carbon_grams"] = {"type": "number", "nullable": True}
    for name, schema in document["components"]["schemas"].items():
        if re.fullmatch("CustomerInvoices__.*InvoiceLineWith.*", name):
            schema["properties"]["unit"]["maxLength"] = 40
    return document


MARKER = "import pathlib\npathlib.Path({marker!r}).touch()\n"


def test_the_page_week_by_week(installation: Installation, tmp_path: Path) -> None:
    repository, run = tmp_path / "repository", installation.run
    repository.mkdir()
    run(repository, "git init -q")

    # --- the first week, in an empty folder
    _, lay_out, *first = SET_UP
    run(repository, lay_out)
    published(repository, contract(), "2026-11-16")
    for command in first:
        run(repository, command)
    define(repository, PLAIN)
    run(repository, "pennyform init --schemas && pennyform validate")
    (check,) = CHECK
    run(repository, f"{check} && git add . && git commit -qm 'The first week'")
    names = json.loads((repository / "specs" / "company" / "names.json").read_text("utf-8"))

    # --- whatever is planted into the package, no command imports it
    marker = tmp_path / "ran"
    for planted in ("__init__.py", "sitecustomize.py", "acme_pennylane_company/__init__.py", "pennyform.py"):
        (repository / "generated" / planted).write_text(MARKER.format(marker=str(marker)))
    for command in ("validate", "fmt", "render", "plan", "apply --auto-approve", "verify", "spec status"):
        run(repository, f"pennyform {command}")

    # --- the second week: the contract is newer
    define(repository, NEWER)
    before = run(repository, "pennyform validate", 4)
    for text in ("purchase_order_reference", "carbon_grams", "FR_225"):
        assert text in before
    published(repository, next_week(), "2026-11-23")
    output = {}
    for command in WEEKLY:
        if command == "pennyform generate":
            output[check] = run(repository, check, 4)
        output[command] = run(repository, command)
    assert "stale" in output[check]
    fetch, diff = WEEKLY[:2]
    assert "pinned company of 2026-11-23" in output[fetch]
    for text in (
        "purchase_order_reference",
        "FR_225",
        "/api/external/v2/numberings",
        "invoices/one.yaml:9:5` `unit`",
    ):
        assert text in output[diff]
    assert "up to date" in run(repository, check)
    records = json.loads((repository / "specs" / "company" / "names.json").read_text("utf-8"))
    assert {name: records[name]["place"] for name in names} == {
        name: record["place"] for name, record in names.items()
    }
    assert records.keys() - names.keys() == {"Numbering", "NumberingPage"}
    offered = (repository / "schemas" / "invoice.schema.json").read_text("utf-8")
    assert "purchase_order_reference" in offered
    assert "FR_225" in offered
    run(repository, "pennyform apply --auto-approve")
    assert "all equal, to the cent" in run(repository, "pennyform verify")
    run(repository, "pennyform plan --detailed-exitcode")
    # The draft of the first week has the field now.
    assert b'"purchase_order_reference":"PO-7"' in (repository / ".pennyform" / "sandbox.db").read_bytes()
    assert not marker.exists()

    # --- an older contract is refused
    package = (repository / "generated" / "lock.json").read_bytes()
    published(repository, contract(), "2026-11-16")
    run(repository, fetch)
    assert "older-contract" in run(repository, "pennyform generate", 1)
    assert (repository / "generated" / "lock.json").read_bytes() == package

    # --- the package, in the environment of a program of theirs
    _use_the_package(installation, repository, tmp_path)


def _use_the_package(installation: Installation, repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "theirs"
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    (install,) = INSTALL
    path = {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    installation.run(repository, install, more=path)
    listed = json.loads(installation.run(repository, "pip list --format json", more=path))
    needed = {"httpx", "msgspec", "anyio", "certifi", "h11", "httpcore", "idna"}
    assert {each["name"] for each in listed} - {"pip", "setuptools", "typing_extensions"} == {
        "acme-pennylane",
        *needed,
    }
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    program = tmp_path / "program" / "program.py"
    program.parent.mkdir()
    program.write_text(example + PROGRAM, "utf-8")
    subprocess.run([python, "-c", "import program"], cwd=program.parent, check=True)
    options = ["--strict", "--cache-dir", tmp_path / "mypy", "--config-file=", "--python-executable", python]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, program], capture_output=True, text=True, cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stdout
    (program.parent / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    pyright = [sys.executable, "-m", "pyright", "--pythonpath", python, "-p", program.parent]
    checked = subprocess.run(pyright, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
