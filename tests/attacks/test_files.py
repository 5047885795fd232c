"""Every file of a repository in every wrong form is a finding that shows nothing of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.findings import Failure
from pennyform.sandbox import Sandbox

SECRET = "hunter2-of-somebody-else"
CUSTOMER = """external_reference: ACME
customer_type: company
name: Acme
emails: [billing@acme.example]
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""
LINE = '{label: "%s", quantity: 1, unit: piece, raw_currency_unit_price: "10.00", vat_rate: FR_200}'
HEADER = 'customer: ACME\ndate: "2026-11-01"\ndeadline: "2026-12-01"\n'
INVOICE = f'external_reference: "A"\n{HEADER}invoice_lines: [{LINE % "x"}]\n'
SERIES = f"""external_reference: "R-{{{{ row.number }}}}"
{HEADER}for_each: rows.csv
invoice_lines: [{LINE % "{{ row.number }}"}]
"""
IMPORTED = f"""kind: imported_invoice
external_reference: "I"
invoice_number: "I"
{HEADER}file: paper.pdf
currency_amount_before_tax: "10.00"
currency_tax: "2.00"
currency_amount: "12.00"
invoice_lines:
  - {(LINE % "x")[:-1]}, currency_amount: "12.00", currency_tax: "2.00"}}
"""
FILES = {
    "pennyform.yaml": "version: 1\nenvironment: sandbox\n",
    "customers/acme.yaml": CUSTOMER,
    "templates/fee.yaml": (
        "kind: invoice-template\nparameters:\n  p: {type: text}\n"
        f"invoice:\n  invoice_lines: [{LINE % 'x'}]\n"
    ),
    "invoice.yaml": INVOICE,
    "series.yaml": SERIES,
    "rows.csv": "number\n1\n2\n",
    "imported.yaml": IMPORTED,
    "paper.pdf": "%PDF-1.7\n",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
        (root / name).chmod(0o644)
    (tmp_path / "secret").write_text(f"{SECRET}: 1\n")
    monkeypatch.chdir(root)
    return root


FORMS: dict[str, Callable[[Path, Path], object]] = {
    "a link out": lambda path, outside: path.symlink_to(outside / "secret"),
    "a link by another link": lambda path, outside: (
        path.with_name("way").symlink_to(outside),
        path.symlink_to("way/secret"),
    ),
    "a link to nothing": lambda path, outside: path.symlink_to(outside / "nothing"),
    "a loop": lambda path, _: path.symlink_to(path.name),
    "a loop of two": lambda path, _: (
        path.with_name("other").symlink_to(path.name),
        path.symlink_to("other"),
    ),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a device": lambda path, _: path.symlink_to("/dev/zero"),
    "a folder": lambda path, _: path.mkdir(),
    "a secret": lambda path, outside: (path.write_text((outside / "secret").read_text()), path.chmod(0o600)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in FILES if name != "paper.pdf"])
def test_a_file_that_is_none_is_a_finding(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str, form: str
) -> None:
    if (name, form) == ("pennyform.yaml", "a secret"):
        return  # Settings for the owner alone make the whole repository private: nothing in it is a secret.
    path = repository / name
    path.unlink()
    FORMS[form](path, repository.parent)
    for command in (["validate"], ["fmt", "--check"], ["render"]):
        code = main(command)
        said = "".join(capsys.readouterr())
        assert "internal defect" not in said
        assert "Traceback" not in said
        assert SECRET not in said, (command, said)
        # A folder of that name has no definitions in it.
        assert code or command[0] != "validate" or form == "a folder" or name == "templates/fee.yaml", said


@pytest.mark.parametrize("form", FORMS)
def test_an_attachment_that_is_none_is_a_finding(
    repository: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    (repository / "paper.pdf").unlink()
    FORMS[form](repository / "paper.pdf", repository.parent)
    assert main(["validate"]) == 4
    said = "".join(capsys.readouterr())
    assert "imported.yaml" in said
    assert SECRET not in said


@pytest.mark.parametrize("folder", ["customers", "products", "templates", "invoices", "data", "schemas"])
def test_a_folder_that_leads_out_is_not_listed(
    repository: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    outside = repository.parent / "outside"
    outside.mkdir()
    (outside / f"{SECRET}.yaml").write_text("kind: invoice\n")
    if (repository / folder).exists():
        (repository / folder).rename(repository / "moved")
    (repository / folder).symlink_to(outside)
    main(["validate"])
    assert SECRET not in "".join(capsys.readouterr())


OUTPUTS = [
    ["validate", "--output", "out"],
    ["init", "out"],
    ["plan", "--sandbox", "--out", "out"],
    ["plan", "--sandbox", "--html", "out"],
]


@pytest.mark.parametrize("command", OUTPUTS, ids=lambda command: f"{command[0]} {command[-2]}")
@pytest.mark.parametrize("form", ["a link out", "a link by another link", "a loop", "a pipe"])
def test_no_output_goes_through_what_was_committed(
    repository: Path, capsys: pytest.CaptureFixture[str], command: list[str], form: str
) -> None:
    (repository / "imported.yaml").unlink()
    FORMS[form](repository / "out", repository.parent)
    assert main(command) != 0
    assert "internal defect" not in capsys.readouterr().err
    assert (repository.parent / "secret").read_text() == f"{SECRET}: 1\n"
    assert sorted(path.name for path in repository.parent.iterdir() if "state" not in path.name) == [
        "repository",
        "secret",
    ]


NO_BOOKS = ("a link out", "a link by another link", "a link to nothing", "a loop", "a pipe", "a device")


@pytest.mark.parametrize("form", [*NO_BOOKS, "a folder that is a link", "a log that is a link"])
def test_the_books_of_the_sandbox_are_written_through_nothing(repository: Path, form: str) -> None:
    """A commit can bring the folder of the books, and what lies in it; an empty file becomes a database."""
    (repository.parent / "secret").write_text("")
    books = repository / ".pennyform" / "sandbox.db"
    if form == "a folder that is a link":
        (repository.parent / "outside").mkdir()
        books.parent.symlink_to(repository.parent / "outside")
    else:
        books.parent.mkdir()
        if form in FORMS:
            FORMS[form](books, repository.parent)
        else:
            books.with_name("sandbox.db-wal").symlink_to(repository.parent / "secret")
    with pytest.raises(Failure) as refused:
        Sandbox(books)
    (finding,) = refused.value.findings
    assert finding.rule == "sandbox-database"
    if form != "a log that is a link":
        assert "a folder of the repository, not a link" in finding.fix
        assert "mount the volume at that folder" in finding.fix
        # The books of somebody who moved them to another volume may be behind it.
        assert "remove" not in finding.fix
    assert (repository.parent / "secret").read_text() == ""
    assert not (repository.parent / "nothing").exists()
    assert not list(repository.parent.glob("outside/*"))
