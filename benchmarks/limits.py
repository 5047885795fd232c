"""The worst repository that each limit allows: processor time and peak memory of `pennyform validate`.

Each repository has as much of one thing as docs/limits.md allows, in the form that takes longest. The goal:
at most 60 s of processor time and 500 MiB for each.

    python benchmarks/limits.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.invoices.test_growth import CUSTOMER, HEADER, LINE, TEMPLATE_LINE  # noqa: E402
from tests.invoices.test_pdf_work import TOO_MUCH  # noqa: E402
from tests.sandbox.test_e_invoices import cii  # noqa: E402

Files = Mapping[str, bytes | str]
MEBIBYTE = 1024 * 1024


def _series(rows: str, lines: str, file: str = "r.csv") -> Files:
    head = f'external_reference: "F-{{{{ row.number }}}}"\n{HEADER}for_each: data/{file}\n'
    return {"a.yaml": f"{head}{lines}", f"data/{file}": rows}


def _lines(entries: str) -> str:
    return f"invoice_lines:\n{entries}"


def _template(days: int, label: str) -> Files:
    return {
        "templates/fee.yaml": "kind: invoice-template\nparameters:\n  lines: {type: integer}\n"
        f"invoice:\n  invoice_lines:\n    - {TEMPLATE_LINE % label}\n",
        "data/r.csv": "number\n" + "".join(f"{row}\n" for row in range(100_000 // days)),
        "a.yaml": f'external_reference: "F-{{{{ row.number }}}}"\n{HEADER}for_each: data/r.csv\n'
        f"template: fee\nvalues: {{lines: {days}}}\n",
    }


def _imported(name: str, content: bytes) -> Files:
    line = (LINE % "x")[:-1]
    amounts = 'currency_amount_before_tax: "10.00"\ncurrency_tax: "2.00"\ncurrency_amount: "12.00"\n'
    return {
        "a.yaml": f'kind: imported_invoice\nexternal_reference: "I"\ninvoice_number: "I"\n{HEADER}{amounts}'
        f'file: {name}\ne_invoice: true\ninvoice_lines:\n  - {line}, currency_amount: "12.00", '
        'currency_tax: "2.00"}\n',
        name: content,
    }


def _xml() -> bytes:
    start = "<ram:IncludedSupplyChainTradeLineItem>"
    before, _, rest = cii().decode().partition(start)
    line, end, after = rest.partition(start.replace("<", "</"))
    count = (10 * MEBIBYTE - len(before) - len(after)) // len(start + line + end)
    return (before + (start + line + end) * count + after).encode()


WORST: Mapping[str, Callable[[], Files]] = {
    "one invoice, for comparison": lambda: {
        "a.yaml": f"external_reference: A\n{HEADER}" + _lines(f"  - {LINE % 'x'}\n")
    },
    "1 MiB of YAML: 10,000 lines": lambda: {
        "a.yaml": f"external_reference: A\n{HEADER}" + _lines(f"  - {LINE % 'x'}\n" * 10_000)
    },
    "20,000 rows of CSV": lambda: _series(
        "number,label\n" + "".join(f"{row},{'x' * 40}\n" for row in range(20_000)),
        _lines(f"  - {LINE % '{{ row.label }}'}\n"),
    ),
    "20,000 rows of JSON": lambda: _series(
        json.dumps([{"number": str(row), "label": "x" * 15} for row in range(20_000)]),
        _lines(f"  - {LINE % '{{ row.label }}'}\n"),
        "r.json",
    ),
    "1,000 columns, 1 MiB": lambda: _series(
        "number," + ",".join(f"c{column}" for column in range(999)) + "\n" + f"1{',x' * 999}\n" * 480,
        _lines(f"  - {LINE % '{{ row.c1 }}'}\n"),
    ),
    "100,000 entries of one definition": lambda: _template(2_000, "{{ item }}"),
    "16 MiB of text from expressions": lambda: _series(
        "number\n" + "".join(f"{row}\n" for row in range(800)),
        _lines(f"  - {LINE % ('{{ ' + ' + '.join(['row.number'] * 50) + ' }}')}\n" * 8),
    ),
    "200 patterns to ignore, 5,000 files": lambda: {
        "pennyform.yaml": "version: 1\nenvironment: sandbox\nignore:\n"
        + "".join(f'  - "{"a*" * 90}{number}*b"\n' for number in range(200)),
        **{f"{'a' * 100}{number}/b.yaml": "external_reference: A\n" for number in range(5_000)},
    },
    "20,000 unknown fields on one line": lambda: {
        "a.yaml": "invoice_lines: [{" + ", ".join(f"key{number}: 1" for number in range(20_000)) + "}]\n"
    },
    "20,000 findings": lambda: {"a.yaml": "".join(f'k{number}: "{{{{ a }}}}"\n' for number in range(20_000))},
    "a PDF that asks for all its work": lambda: _imported(
        "a.pdf", TOO_MUCH["streams of objects, behind a broken table"]
    ),
    "10 MiB of XML": lambda: _imported("a.xml", _xml()),
}


def measure(files: Files, folder: Path) -> tuple[float, float, int]:
    """Seconds of processor time, peak MiB, and the exit code of validating a repository."""
    settings = {"pennyform.yaml": "version: 1\nenvironment: sandbox\n", "customers/acme.yaml": CUSTOMER}
    for name, content in {**settings, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    command = [sys.executable, "-S", "-c", _MEASURE, sys.executable, "-m", "pennyform", "validate"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    seconds, kibibytes, code = done.stdout.split()
    return float(seconds), int(kibibytes) / 1024, int(code)


# In a small process: on Linux the peak of a process begins with that of the one that started it.
_MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, code)
"""


def main() -> None:
    """Print the table of docs/limits.md."""
    print("| what | size | processor time | peak memory | exit |\n|---|---:|---:|---:|---:|")
    for name, make in WORST.items():
        files = make()
        size = sum(len(content) for content in files.values()) / MEBIBYTE
        with tempfile.TemporaryDirectory() as folder:
            seconds, mebibytes, code = measure(files, Path(folder))
        print(f"| {name} | {size:.1f} MiB | {seconds:.1f} s | {mebibytes:,.0f} MiB | {code} |", flush=True)


if __name__ == "__main__":
    main()
