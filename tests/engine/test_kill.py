"""kill -9 at every moment of an apply; the next one leaves each reference exactly once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pennyform.engine.journal.reading import read
from pennyform.sandbox import Sandbox

from .world import PRODUCT, SECRET, Office, books_of, key_of, line, read_all

DRIVER = Path(__file__).parent / "kill_driver.py"
# Moments are about 150. tests/crash is thorough, at system calls; here the server dies with its client.
STEP = 13


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Three invoices, one to be finalized, one a draft that has to be replaced for its sections."""
    office = Office(tmp_path / "template")
    sections = "invoice_line_sections:\n  - rank: 1\n    title: {}\n"
    office.define("INV-3", more=sections.format("Before"), lines=line(more="    section_rank: 1\n"))
    office.apply()
    office.define("INV-3", more=sections.format("After"), lines=line(more="    section_rank: 1\n"))
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True)
    office.define("INV-2", lines="  - product: DAY\n    quantity: 3\n")
    office.journal.unlink()
    office.close()
    return office.root


def test_killed_at_some_moments_each_reference_is_there_once(template: Path, tmp_path: Path) -> None:
    for folder in killed_applies(template, tmp_path, 5, STEP):
        check_books(folder)


@pytest.fixture
def optional(tmp_path: Path) -> Path:
    """One invoice with every option that can be done only once, its customer there already."""
    office = Office(tmp_path / "optional")
    office.define("INV-0")
    office.apply()
    (office.root / "invoices" / "INV-0.yaml").unlink()
    (office.root / "hours.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    categories = '  categories:\n    - label: North\n      weight: "1"\n'
    once = "  appendices: [../hours.pdf]\n  mark_as_paid: true\n"
    mail = "  send_by_email:\n    recipients: [billing@acme.example]\n"
    office.define("INV-1", finalize=True, options=categories + once + mail)
    office.journal.unlink()
    office.close()
    return office.root


def test_killed_at_any_moment_each_option_is_done_once(optional: Path, tmp_path: Path) -> None:
    unknown = 0
    for folder in killed_applies(optional, tmp_path, 9, 3):
        mails = folder / "mails"
        mailed = mails.read_text().count("1") if mails.exists() else 0
        doubtful = "--not-mailed INV-1" in (folder / "output").read_text()
        assert mailed <= 1, folder
        assert mailed == 1 or doubtful, folder
        unknown += doubtful
        check_options(folder)
    # From the intent to what is known of its end; never otherwise.
    assert 1 <= unknown <= 3


def check_options(folder: Path) -> None:
    sandbox = Sandbox(folder / ".pennyform" / "sandbox.db")
    try:
        (row,) = books_of(sandbox)["INV-1"]
        assert row["paid"], folder
        assert len(list(read_all(sandbox, f"/customer_invoices/{row['id']}/categories"))) == 1, folder
        assert len(list(read_all(sandbox, f"/customer_invoices/{row['id']}/appendices"))) == 1, folder
    finally:
        sandbox.close()


def killed_applies(template: Path, tmp_path: Path, start: int, step: int) -> list[Path]:
    """Copies of ``template``, each after an apply that was killed at another moment and one that was not."""
    folders = tmp_path / "folders"
    folders.mkdir()
    driver = subprocess.run(
        [sys.executable, str(DRIVER), str(template), str(folders), str(start), str(step)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PENNYFORM_STATE_KEY": SECRET},
    )
    assert driver.returncode == 0, driver.stderr
    assert int(driver.stdout) > 40
    return sorted(folders.iterdir())


def check_books(folder: Path) -> None:
    sandbox = Sandbox(folder / ".pennyform" / "sandbox.db")
    try:
        books = books_of(sandbox)
        references = {name for name in books if "~" not in name}
        assert references == {"INV-1", "INV-2", "INV-3"}, folder
        assert [len(rows) for rows in books.values()] == [1] * len(books), folder
        assert [books[name][0]["draft"] for name in sorted(references)] == [False, True, True], folder
        amounts = [books[name][0]["currency_amount"] for name in sorted(references)]
        assert amounts == ["240.0", "2340.0", "240.0"], folder
        assert len(list(read_all(sandbox, "/customers"))) == 1, folder
        assert len(list(read_all(sandbox, "/products"))) == 1, folder
    finally:
        sandbox.close()
    journal = next((folder / ".pennyform" / "journal").glob("*.jsonl"))
    assert not read(journal.read_bytes(), lambda _: None, key_of(journal), name=str(journal)).torn, folder
