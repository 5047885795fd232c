"""`pennyform validate` beside check-jsonschema with the emitted schema, on the same files in one run.

check-jsonschema checks the schema only; pennyform also references, VAT, dates, discounts and totals. Prints
the wall time of one file (what a hook pays on every commit), the throughput of many files on all cores, and
the memory for a tenth of the files and for all of them. The goals: a quarter of the time, ten times the
throughput, and memory that does not grow with the files.

    python benchmarks/validate.py [NUMBER OF FILES]
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
customer: CUSTOMER_{number % 20:03}
date: 2026-01-15
deadline: 2026-02-14
pdf_invoice_subject: Services of January 2026, contract {number}
invoice_lines:
"""
    lines = (
        f"  - product: PRODUCT_{(number + line) % 20:03}\n    quantity: {line}\n"
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
    for number in range(20):
        customer = f"external_reference: CUSTOMER_{number:03}\nname: Example {number} SARL\n{ADDRESS}"
        (folder / "customers" / f"{number}.yaml").write_text(customer)
        product = f'external_reference: PRODUCT_{number:03}\nlabel: Handbook\nprice_before_tax: "24.50"\n'
        (folder / "products" / f"{number}.yaml").write_text(f"{product}unit: piece\nvat_rate: FR_55\n")
    for number in range(count):
        (folder / "invoices" / f"{number:06}.yaml").write_text(invoice(number))


def rival(folder: Path) -> list[str]:
    files = [str(path.relative_to(folder)) for path in sorted((folder / "invoices").iterdir())]
    return [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), *files]


def ours() -> list[str]:
    return [sys.executable, "-m", "pennyform", "validate"]


def one_file(folder: Path) -> None:
    """In turns, so that a busy machine is as busy for both; the least of each is the least disturbed."""
    (folder / "alone").mkdir()
    (folder / "alone" / "invoice.yaml").write_text(invoice(1))
    own = [*ours(), "invoice.yaml"]
    other = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), "invoice.yaml"]
    pairs = [(run(own, cwd=folder / "alone"), run(other, cwd=folder / "alone")) for _ in range(STARTS)]
    mine, theirs = (min(one.seconds for one in side) for side in zip(*pairs, strict=True))
    print(
        f"one file      pennyform {mine * 1000:6.0f} ms   check-jsonschema {theirs * 1000:6.0f} ms", end="   "
    )
    print(f"{mine / theirs:.2f} of its time (goal: 0.25)")


def many_files(folder: Path, count: int) -> None:
    repository(folder / "all", count)
    repository(folder / "tenth", count // 10)
    tenth = run(ours(), cwd=folder / "tenth")
    mine, theirs = run(ours(), cwd=folder / "all"), run(rival(folder / "all"), cwd=folder / "all")
    print(
        f"{count:,} files  pennyform {_rate(count, mine)}   check-jsonschema {_rate(count, theirs)}",
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
        one_file(Path(scratch))
        many_files(Path(scratch), count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
