"""`pennyform generate` and what it emits, beside two rivals on the same pinned Company contract.

Stock openapi-python-client reads the contract as the vendor publishes it, with every schema inlined where it
is used; the pinned form is expanded to that. datamodel-code-generator emits pydantic models, and no client,
from the pinned form as it is. pennyform emits the client of Company and its JSON Schemas, in a repository
that owns its contract as ``pennyform spec init`` writes it; beside it stands the run of this checkout, which
emits Firm and its schemas too.

Printed are figures of this machine, each the least of three runs, then ratios, then the targets, which
nothing here enforces. Processor time is printed beside the wall's: other work disturbs it less.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from measure import Run, Weight, best, least, run, weigh

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "specs" / "company" / "contract.json"
PYTHON = sys.executable
RUNS = 3
PYDANTIC_OPTIONS = (
    *("--input-file-type", "openapi", "--openapi-scopes", "schemas", "paths", "--strict-nullable"),
    *("--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"),
)


@dataclass(frozen=True)
class Figures:
    """One tool: its run, what it emitted, and what that costs in use.

    ``imported`` is in seconds of processor time beyond an interpreter's own start; ``decode`` counts invoices
    of ten lines a second, ``encode`` drafts of fifty lines a second.
    """

    name: str
    run: Run
    weight: Weight
    imported: float
    decode: float
    encode: float


def _import_seconds(statement: str, folder: Path) -> float:
    """Processor seconds of one import, after a first one that leaves the bytecode behind."""
    interpreter = [PYTHON, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); "]
    command = [*interpreter[:-1], interpreter[-1] + statement]
    run(command)
    return best(command, times=RUNS).processor - best(interpreter, times=RUNS).processor


def _use(name: str, done: Run, weight: Weight, folder: Path, statement: str) -> Figures:
    command = [PYTHON, str(ROOT / "benchmarks" / "codec.py"), name, str(folder)]
    rates = json.loads(subprocess.check_output(command))
    return Figures(name, done, weight, _import_seconds(statement, folder), rates["decode"], rates["encode"])


def _outputs(scratch: Path, command: Sequence[str], *, cwd: Path | None = None) -> Run:
    """Some runs of a command that ends with the name of a folder, which it makes, each with another one."""
    return least(run([*command, str(scratch / f"output_{number}")], cwd=cwd) for number in range(RUNS))


def _pennyform(scratch: Path) -> tuple[Figures, Figures]:
    """Company alone, in a repository of its own, and both APIs, in this checkout."""
    repository = scratch / "repository"
    run([PYTHON, "-m", "pennyform", "spec", "init", "--package", "acme", str(repository)])
    command = [PYTHON, "-m", "pennyform", "generate", "--output"]
    run([*command, str(scratch / "first")], cwd=repository)  # leaves the bytecode behind
    alone = _outputs(scratch / "alone", command, cwd=repository)
    both = _outputs(scratch / "both", command, cwd=ROOT)
    output = scratch / "both" / "output_0"
    statement = (
        "from pennylane_company import Client; Client('token').customer_invoices; "
        "import pennylane_company.models.customer_invoices"
    )
    used = _use("pennyform", both, weigh(*output.glob("pennylane_*")), output, statement)
    package = scratch / "alone" / "output_0" / "acme_company"
    return replace(used, run=alone, weight=weigh(package)), used


def _inlined(node: Any, root: dict[str, Any]) -> Any:
    """The node with every local reference replaced by what it refers to."""
    if isinstance(node, list):
        return [_inlined(member, root) for member in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = root
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name.replace("~1", "/").replace("~0", "~")]
        return _inlined(target, root)
    return {name: _inlined(member, root) for name, member in node.items()}


def _stock(scratch: Path) -> Figures:
    pinned = json.loads(CONTRACT.read_text(encoding="utf-8"))
    published = scratch / "contract.json"
    published.write_text(json.dumps(_inlined(pinned, pinned), indent=2), encoding="utf-8")
    command = [PYTHON, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", str(published)]
    config = scratch / "config.yaml"
    config.write_text("post_hooks: []\n")  # its formatter would be measured with it
    done = _outputs(scratch / "stock", [*command, "--config", str(config), "--output-path"])
    output = (scratch / "stock" / "output_0").rename(scratch / "stock_client")
    statement = "from stock_client.api.customer_invoices import post_customer_invoices"
    return _use("stock", done, weigh(output), scratch, statement)


def _pydantic(scratch: Path) -> Figures:
    folder = scratch / "pydantic"
    folder.mkdir()
    files = ["--input", str(CONTRACT), "--output", str(folder / "pydantic_models.py")]
    done = best([PYTHON, "-m", "datamodel_code_generator", *files, *PYDANTIC_OPTIONS], times=RUNS)
    return _use("pydantic", done, weigh(folder), folder, "import pydantic_models")


COLUMNS = (
    ("generate wall s", ".2f", lambda one: one.run.seconds, "at most 1/3 of stock's"),
    ("generate processor s", ".2f", lambda one: one.run.processor, "at most 1/3 of stock's"),
    ("generate memory MiB", ".0f", lambda one: one.run.mebibytes, ""),
    ("files", ",", lambda one: one.weight.files, ""),
    ("lines", ",", lambda one: one.weight.lines, "under 1/20 of stock's"),
    ("bytes", ",", lambda one: one.weight.bytes, ""),
    ("import processor s", ".3f", lambda one: one.imported, "at most 1/30 of stock's"),
    ("decode invoices/s", ",.0f", lambda one: one.decode, "at least 5 times stock's, above pydantic's"),
    ("encode drafts/s", ",.0f", lambda one: one.encode, ""),
)


def _print(ours: Figures, both: Figures, stock: Figures, pydantic: Figures) -> None:
    print("Company alone; 'both' is Company and Firm; pydantic is models without a client")
    print("decode: 100 invoices' worth of lines, ten each; encode: a draft of fifty lines\n")
    heads = ("pennyform", "both", "stock", "pydantic", "/ stock", "both / stock", "/ pydantic")
    print(f"{'':<22}" + "".join(f"{head:>14}" for head in heads) + "  target")
    for title, form, read, target in COLUMNS:
        values = [read(one) for one in (ours, both, stock, pydantic)]
        ratios = [values[0] / values[2], values[1] / values[2], values[0] / values[3]]
        cells = [format(value, form) for value in values] + [f"{ratio:.3f}" for ratio in ratios]
        print(f"{title:<22}" + "".join(f"{cell:>14}" for cell in cells) + f"  {target}".rstrip())


def main() -> None:
    """Measure all of them and print the comparison."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        _print(*_pennyform(scratch), _stock(scratch), _pydantic(scratch))


if __name__ == "__main__":
    main()
