"""`pennyform generate` beside stock openapi-python-client on the same contract.

The stock tool reads the contract as the vendor publishes it, with every schema inlined where it is used; the
pinned form is expanded to that. Prints wall time, memory, emitted weight and import time of both, as ratios:
pennyform over stock, and the import of the client over the import of httpx.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import Run, Weight, median, run, weigh

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "specs" / "company" / "contract.json"
PYTHON = sys.executable
IMPORTS = 15
STOCK_OPERATION = "stock_client.api.customer_invoices"


def _pennyform(scratch: Path) -> tuple[Run, Weight]:
    output = scratch / "ours"
    done = run([PYTHON, "-m", "pennyform", "generate", "--output", str(output)])
    return done, weigh(output / "pennylane_company")


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


def _stock(scratch: Path) -> tuple[Run, Weight]:
    output = scratch / "stock_client"
    pinned = json.loads(CONTRACT.read_text(encoding="utf-8"))
    published = scratch / "contract.json"
    published.write_text(json.dumps(_inlined(pinned, pinned), indent=2), encoding="utf-8")
    command = [PYTHON, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", str(published)]
    config = scratch / "config.yaml"
    config.write_text("post_hooks: []\n")  # its formatter would be measured with it
    done = run([*command, "--output-path", str(output), "--config", str(config)])
    return done, weigh(output)


def _import_seconds(statement: str, *, path: Path | None = None) -> float:
    prelude = f"import sys; sys.path.insert(0, {str(path)!r}); " if path else ""
    return median([PYTHON, "-c", prelude + statement], times=IMPORTS)


def _print_imports(scratch: Path) -> None:
    bare = _import_seconds("pass")
    httpx = _import_seconds("import httpx") - bare
    ours = _import_seconds("from pennylane_company import Client; Client('token').customer_invoices") - bare
    stock = _import_seconds(
        "from stock_client.api.customer_invoices import post_customer_invoices", path=scratch
    )
    print(f"import, one operation: pennyform {ours:.3f} s, stock {stock - bare:.3f} s, httpx {httpx:.3f} s")
    print(f"  pennyform / httpx {ours / httpx:.2f}    stock / pennyform {(stock - bare) / ours:.1f}")


def main() -> None:
    """Measure both and print the comparison."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        ours, our_weight = _pennyform(scratch)
        stock, stock_weight = _stock(scratch)
        print(f"{'generate':<12}{'wall s':>9}{'MiB':>8}{'files':>8}{'lines':>10}{'bytes':>12}")
        for title, done, weight in (("pennyform", ours, our_weight), ("stock", stock, stock_weight)):
            figures = f"{weight.files:>8,}{weight.lines:>10,}{weight.bytes:>12,}"
            print(f"{title:<12}{done.seconds:>9.1f}{done.mebibytes:>8.0f}{figures}")
        print(
            f"{'ratio':<12}{ours.seconds / stock.seconds:>9.2f}{ours.mebibytes / stock.mebibytes:>8.2f}"
            f"{our_weight.files / stock_weight.files:>8.3f}{our_weight.lines / stock_weight.lines:>10.3f}"
            f"{our_weight.bytes / stock_weight.bytes:>12.3f}"
        )
        _print_imports(scratch)


if __name__ == "__main__":
    main()
