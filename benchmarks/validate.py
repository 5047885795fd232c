"""`pennyform validate` beside check-jsonschema with the emitted schema, on the same files in one run.

check-jsonschema checks the schema only; pennyform also references, VAT, dates, discounts and totals. All is
measured in a repository such as one grows to: 1,000 customers, 20 products, and the invoices. Prints the
wall time of one file there (what a hook pays on every commit, which reads every customer) also as
a multiple of a bare start of the interpreter in the same run, which computers and their load share; the
throughput of many files on all cores; and the memory for a tenth of the files and for all of them. The goals:
one file in 0.45 s, 10,000 files in 8 s, ten times the throughput of check-jsonschema, and memory that stays
within 32 MiB of contents however many files there are.

    python benchmarks/validate.py [NUMBER OF INVOICES]
"""

from __future__ import annotations

import compileall
import os
import sys
import tempfile
from pathlib import Path

from measure import Run, run

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "generated" / "schemas" / "invoice.schema.json"
STARTS = 15
LINES = 10
CUSTOMERS, PRODUCTS = 1_000, 20
ADDRESS = """\
billing_address:
  address: 1 rue
  postal_code: "75001"
  city: Paris
  country_alpha2: FR
"""


def invoice(number: int) -> str:
    """A definition of ten lines: labels with prices, and a product here and there."""
    head = f"""\
# yaml-language-server: $schema=../schemas/invoice.schema.json
external_reference: INV-{number:06}
customer: CUSTOMER_{number % CUSTOMERS:04}
date: 2026-01-15
deadline: 2026-02-14
pdf_invoice_subject: Services of January 2026, contract {number}
invoice_lines:
"""
    lines = (
        f"  - product: PRODUCT_{(number + line) % PRODUCTS:04}\n    quantity: {line}\n"
        if line % 5 == 4
        else f"  - label: Consulting services, part {line}\n    quantity: {line + 1}.5\n    unit: hour\n"
        f'    raw_currency_unit_price: "{100 + line}.25"\n    vat_rate: FR_200\n'
        for line in range(LINES)
    )
    return head + "".join(lines)


def repository(folder: Path, count: int) -> None:
    for name in ("invoices", "customers", "products"):
        (folder / name).mkdir(parents=True)
    (folder / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    for number in range(CUSTOMERS):
        customer = f"external_reference: CUSTOMER_{number:04}\nname: Example {number} SARL\n{ADDRESS}"
        (folder / "customers" / f"{number}.yaml").write_text(customer)
    for number in range(PRODUCTS):
        product = f'external_reference: PRODUCT_{number:04}\nlabel: Handbook\nprice_before_tax: "24.50"\n'
        (folder / "products" / f"{number}.yaml").write_text(f"{product}unit: piece\nvat_rate: FR_55\n")
    for number in range(count):
        (folder / "invoices" / f"{number:06}.yaml").write_text(invoice(number))


def rival(folder: Path) -> list[str]:
    files = [str(path.relative_to(folder)) for path in sorted((folder / "invoices").iterdir())]
    return [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), *files]


def ours() -> list[str]:
    return [sys.executable, "-m", "pennyform", "validate"]


def one_file(folder: Path) -> None:
    """In turns, so that a busy machine is as busy for all; the least of each is the least disturbed."""
    commands = {
        "a bare start": [sys.executable, "-c", "pass"],
        "pennyform": [*ours(), "invoices/000001.yaml"],
        "check-jsonschema": [
            *(sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA)),
            "invoices/000001.yaml",
        ],
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            runs[name].append(run(command, cwd=folder))
    least = {name: min(done.seconds for done in each) for name, each in runs.items()}
    print("one file      ", end="")
    print("   ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in least.items()), end="   ")
    print(f"{least['pennyform'] / least['a bare start']:.0f} bare starts (goal: 450 ms)")


def many_files(folder: Path, count: int) -> None:
    tenth = run(ours(), cwd=folder / "tenth")
    mine, theirs = run(ours(), cwd=folder / "all"), run(rival(folder / "all"), cwd=folder / "all")
    print(
        f"{count:,} files  pennyform {mine.seconds:.1f} s, {_rate(count, mine)}   "
        f"check-jsonschema {theirs.seconds:.1f} s, {_rate(count, theirs)}",
        end="   ",
    )
    print(f"{theirs.seconds / mine.seconds:.1f} times its throughput on {_cores()} cores (goal: 10)")
    growth = (mine.mebibytes - tenth.mebibytes) * 1024 / (count - count // 10)
    sizes = f"{tenth.mebibytes:.0f} MiB for {count // 10:,} files, {mine.mebibytes:.0f} MiB for all"
    print(
        f"memory        {sizes}: {growth:.2f} KiB for each more; check-jsonschema {theirs.mebibytes:.0f} MiB"
    )


def _rate(count: int, done: Run) -> str:
    return f"{count / done.seconds:6,.0f}/s"


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def main(count: int) -> None:
    # Installed packages are compiled; a checkout may not be, where Python is told to write no bytecode.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "generator" / "pennyform", quiet=2)
    with tempfile.TemporaryDirectory() as scratch:
        repository(Path(scratch, "all"), count)
        repository(Path(scratch, "tenth"), count // 10)
        one_file(Path(scratch, "all"))
        many_files(Path(scratch), count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
