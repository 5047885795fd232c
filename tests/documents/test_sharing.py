"""Many invoices are checked in several processes: the same findings in the same order, whatever happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pennyform.documents import checking
from pennyform.documents.build import OtherInvoices
from pennyform.documents.checking import InvoiceChecks
from pennyform.extras import missing_packages
from pennyform.findings import Finding
from pennyform.invoices import ResolvedInvoice, load

from .invoices import FILES, write

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

CODES = ("FR_200", "DE_190", "exempt", "extracom", "FR_55")
COUNT = 23
CARD, FIRST_FILE = "customers/buyer.yaml", "invoices/first.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invoices of which most have findings, of several kinds."""
    first = FILES[FIRST_FILE]
    files = {name: text for name, text in FILES.items() if not name.startswith("invoices/")}
    for number in range(COUNT):
        text = first.replace("INV-1", f"INV-{number}").replace("FR_55", CODES[number % len(CODES)])
        files[f"invoices/{number:02}.yaml"] = text
    files[CARD] = FILES[CARD].replace("vat_number: FR96552100554\n", "")
    return write(tmp_path_factory.mktemp("many"), files)


def checked(folder: Path, processes: int, stop_at: int | None = None) -> list[Finding]:
    resolved: list[ResolvedInvoice] = []
    repository, _ = load([folder], resolved.append)
    others = OtherInvoices.of(repository)
    with InvoiceChecks(repository, others, count=len(resolved), processes=processes) as checks:
        for number, invoice in enumerate(resolved):
            if number == stop_at:
                end_a_process(checks)
            checks.add(invoice)
    return checks.findings


def end_a_process(checks: InvoiceChecks) -> None:
    assert checks._pool
    for process in checks._pool._processes:
        os.kill(process, 9)


def test_findings_are_the_same_in_several_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "FEWEST_TO_SHARE", 2)
    alone = checked(folder, 1)
    assert len(alone) > COUNT // 2
    assert checked(folder, 2) == alone


@pytest.mark.parametrize("stop_at", [1, 12, COUNT - 1])
def test_a_process_that_ends_leaves_nothing_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    monkeypatch.setattr(checking, "FEWEST_TO_SHARE", 2)
    assert checked(folder, 2, stop_at) == checked(folder, 1)


def test_few_invoices_need_no_other_process(folder: Path) -> None:
    repository, _ = load([folder])
    with InvoiceChecks(repository, OtherInvoices.of(repository), count=COUNT) as checks:
        assert checks._pool is None
