"""Invoices of ours that no definition asks for any more are told: by plan and verify, in every form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import html
from pennyform.cli import main
from pennyform.engine.planning.lookups import find_orphans

from .world import API, Office, line, only, raw

ROWS = "number,customer\n1,ACME\n2,ACME\n3,ACME\n"
SERIES = (
    "for_each: ../data/members.csv\n"
    'external_reference: "FEE-{{ row.number }}"\n'
    'customer: "{{ row.customer }}"\n'
    "date: 2025-10-01\ndeadline: 2025-10-31\n"
    f"invoice_lines:\n{line()}"
    "options:\n  finalize: "
)


@pytest.fixture
def left(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A row of a final series, a final invoice and two drafts left the folder; others' are there too."""
    office.write("pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\nreference_prefix: A-\n")
    office.write("data/members.csv", ROWS)
    office.write("invoices/fees.yaml", f"{SERIES}true\n")
    for reference in ("OFFER", "DRAFT", "FINAL"):
        office.define(reference, finalize=reference == "FINAL")
    office.apply()
    with raw(office.sandbox) as caller:
        id_ = only(office.books()["A-DRAFT"])["id"]
        other = {"external_reference": "B-OTHERS"}
        caller.put(f"{API}/customer_invoices/{id_}", json=other).raise_for_status()
    office.define("DRAFT")
    office.apply()
    for reference in ("OFFER", "DRAFT", "FINAL"):
        (office.root / "invoices" / f"{reference}.yaml").unlink()
    office.write("data/members.csv", ROWS.replace("2,ACME\n", ""))
    office.close()
    monkeypatch.chdir(office.root)
    return office


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(words) == code
    return capsys.readouterr().out


def journals(root: Path) -> list[Path]:
    return list((root / ".pennyform" / "journal").glob("*.jsonl"))


ORPHANS = ["A-DRAFT", "A-FEE-2", "A-FINAL", "A-OFFER"]


@pytest.mark.parametrize("command", ["plan", "verify"])
@pytest.mark.parametrize("has_journal", [True, False])
def test_json_has_each_with_number_state_and_amount(
    left: Office, capsys: pytest.CaptureFixture[str], command: str, has_journal: bool
) -> None:
    if not has_journal:
        for journal in journals(left.root):
            journal.unlink()
    orphans = json.loads(told(capsys, command, "--format", "json"))["orphans"]
    assert orphans["searched"] == "all"
    rows = {row["external_reference"]: row for row in orphans["invoices"]}
    assert list(rows) == ORPHANS
    assert {row["currency_amount"] + row["currency"] for row in rows.values()} == {"240.00EUR"}
    assert {name: row["draft"] for name, row in rows.items()} == {
        "A-DRAFT": True, "A-FEE-2": False, "A-FINAL": False, "A-OFFER": True,
    }  # fmt: skip
    assert [row["invoice_number"] != "" for row in rows.values()] == [False, True, True, False]
    assert [row["prunable"] for row in rows.values()] == [True, False, False, True]
    assert {row["known_by"] for row in rows.values()} == {"journal" if has_journal else "prefix"}


@pytest.mark.parametrize("command", ["plan", "verify"])
def test_text_and_page_say_what_becomes_of_each(
    left: Office, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    text = told(capsys, command, "--html", "page.html")
    section = text.partition("Invoices of this repository that no definition asks for any more\n")[2]
    lines = section.partition("\n\n")[0].splitlines()
    assert [re.split(r"  +", text.strip()) for text in lines] == [
        ["A-DRAFT", "draft", "2025-10-01", "240.00 EUR", "--prune would delete it"],
        ["A-FEE-2", "F-2025-0002", "2025-10-01", "240.00 EUR", "stays: only a credit note undoes it"],
        ["A-FINAL", "F-2025-0004", "2025-10-01", "240.00 EUR", "stays: only a credit note undoes it"],
        ["A-OFFER", "draft", "2025-10-01", "240.00 EUR", "--prune would delete it"],
    ]
    page = html.fromstring((left.root / "page.html").read_text(encoding="utf-8"))
    (table,) = page.xpath('//section[h2[contains(., "no definition asks for any more")]]//tbody')
    cells = [[cell.text_content() for cell in row] for row in table]
    # On the page, the amount stands at the end, in view however far the table is scrolled.
    assert [[*row[:3], row[4], row[3]] for row in cells] == [re.split(r"  +", text.strip()) for text in lines]


def test_markdown_names_them(left: Office, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--format", "markdown")
    row = "| `A-FEE-2` | `F-2025-0002` | 2025-10-01 | 240.00 EUR | stays: only a credit note undoes it |"
    assert row in text.splitlines()


def test_a_part_of_the_repository_says_nothing_of_the_rest(
    left: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["plan", str(Path("invoices") / "fees.yaml")], ["plan", "--target", "A-FEE-1"]):
        assert "no definition" not in told(capsys, *words)
        document = json.loads(told(capsys, *words, "--format", "json"))
        assert document["orphans"] == {"searched": "nothing", "invoices": []}


def test_what_prune_deletes_is_told_once(left: Office, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(told(capsys, "plan", "--prune", "--format", "json"))
    deleted = [change["external_reference"] for change in document["changes"] if change["action"] == "delete"]
    assert deleted == ["A-DRAFT", "A-OFFER"]
    assert [row["external_reference"] for row in document["orphans"]["invoices"]] == ["A-FEE-2", "A-FINAL"]
    told(capsys, "apply", "--prune", "--auto-approve")
    document = json.loads(told(capsys, "plan", "--format", "json"))
    assert [row["external_reference"] for row in document["orphans"]["invoices"]] == ["A-FEE-2", "A-FINAL"]


def test_without_a_prefix_the_journal_knows(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A draft without a prefix is none that `--prune` would delete."""
    for reference in ("INV-1", "INV-2"):
        office.define(reference)
    office.apply()
    (office.root / "invoices" / "INV-1.yaml").rename(office.root / "invoices" / "other.yaml")
    path = office.root / "invoices" / "other.yaml"
    path.write_text(path.read_text().replace("INV-1", "INV-9"))
    office.close()
    monkeypatch.chdir(office.root)
    text = told(capsys, "plan")
    assert "  INV-1  draft  2025-10-01  240.00 EUR  stays: delete it in Pennylane, or define it again" in text
    assert "invoice INV-9 will be created" in text


def test_nothing_left_says_nothing_and_asks_nothing(office: Office) -> None:
    """Where no journal and no prefix makes an invoice ours, no request is sent."""
    from pennyform.engine.planning.lookups import find_orphans
    from pennyform.engine.session import refresh_read_only

    office.define("INV-1")
    office.apply()
    state = refresh_read_only(office.repository(), office.remote(), office.state())
    before = len(office.wire.sent)
    report = find_orphans(office.repository(), state.remote, office.remote())
    assert (report.searched, report.invoices, len(office.wire.sent) - before) == ("all", (), 0)


def test_many_take_few_requests(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """150 rows left: two requests by id; the newest of the account in pages, up to a bound that is said."""
    from pennyform.engine.planning import lookups
    from pennyform.engine.session import refresh_read_only

    rows = "".join(f"{number},ACME\n" for number in range(150))
    office.write("data/members.csv", f"number,customer\n{rows}")
    office.write("invoices/fees.yaml", f"{SERIES}false\n")
    office.apply()
    office.write("data/members.csv", "number,customer\n0,ACME\n")

    def found() -> tuple[str, int, int]:
        state = refresh_read_only(office.repository(), office.remote(), office.state())
        before = len(office.wire.sent)
        report = lookups.find_orphans(office.repository(), state.remote, office.remote())
        return report.searched, len(report.invoices), len(office.wire.sent) - before

    assert found() == ("all", 149, 2)
    office.adjust = lambda repository: repository._replace(
        settings=repository.settings._replace(reference_prefix="FEE-")
    )
    assert found() == ("all", 149, 4)
    monkeypatch.setattr(lookups, "ORPHAN_PAGES", 1)
    office.journal.unlink()
    assert found() == ("newest", 100, 2)


@pytest.mark.parametrize("by", ["reference", "id"])
def test_what_is_credited_is_no_orphan(left: Office, capsys: pytest.CaptureFixture[str], by: str) -> None:
    """A credit note is the way out that is named: once it is defined, nothing is left to be said."""
    (row,) = [
        row
        for row in json.loads(told(capsys, "plan", "--format", "json"))["orphans"]["invoices"]
        if row["external_reference"] == "A-FINAL"
    ]
    key = "FINAL" if by == "reference" else f"{{id: {row['id']}}}"
    left.write(
        "invoices/credit.yaml",
        f"external_reference: CREDIT\ncredit_note_of: {key}\ncredit: all\ncustomer: ACME\n"
        "date: 2025-10-02\ndeadline: 2025-10-31\noptions: {finalize: true}\n",
    )
    document = json.loads(told(capsys, "plan", "--format", "json"))
    names = [row["external_reference"] for row in document["orphans"]["invoices"]]
    assert names == ["A-DRAFT", "A-FEE-2", "A-OFFER"]
    told(capsys, "apply", "--auto-approve")
    document = json.loads(told(capsys, "verify", "--format", "json"))
    assert [row["external_reference"] for row in document["orphans"]["invoices"]] == names


def test_what_another_repository_of_the_company_asks_for_is_no_orphan(office: Office) -> None:
    """They share one journal: it knows the invoices of both."""
    settings = "version: 1\nenvironment: sandbox\nrounding: line\nreference_prefix: {}\n"
    for prefix, name in (("A-", "ONE"), ("B-", "TWO")):
        office.write("pennyform.yaml", settings.format(prefix))
        office.define(name)
        office.apply()
        (office.root / "invoices" / f"{name}.yaml").unlink()
    remote = office.looked_up()
    orphans = find_orphans(office.repository(), remote, office.remote()).invoices
    assert [orphan.external_reference for orphan in orphans] == ["B-TWO"]
