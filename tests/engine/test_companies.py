"""Commands over several companies: one account and token each, one plan, one consent, one exit code."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import convert
from pennyform.cli import main
from pennyform.cli.terminal import Terminal
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.invoice_status import state_of
from pennyform.engine.journal.history import Entry, History, issued
from pennyform.engine.journal.reading import read
from pennyform.engine.journal.records import Record
from pennyform.engine.limits import COMPANIES
from pennyform.engine.runtime import Origin, run_command, system_origin
from pennyform.results.documents import DOCUMENTS, json_text

from tests.pages.page import ROOT
from tests.pages.world import World

from .firm import NAMES, SETTINGS, Firm
from .world import API, CUSTOMER, PRODUCT, Fault, answering, invoice


def codes(document: Mapping[str, Any]) -> dict[str, int]:
    return {row["name"]: row["exit_code"] for row in document["companies"]}


def test_one_plan_one_consent_one_report(firm: Firm) -> None:
    document = firm.document("plan", "--all")
    assert [row["plan"]["company"]["id"] for row in document["companies"]] == list(firm.ids.values())
    assert document["money"]["changing"][0]["currency_amount"] == "720.00"
    assert document["summary"] == {
        "companies": 3,
        "failed": 0,
        "failed_companies": [],
        "exit_code": 0,
        "counts": {"create": 3},
    }
    assert firm("plan", "--all", "--detailed-exitcode") == 2

    assert firm("apply", "--all") == 1
    assert "approval-missing" in firm.err
    assert firm("apply", "--all", keyboard="no\n") == 1
    assert firm.wire.done("/customer_invoices") == 0
    assert firm("apply", "--company", "alder", "--company", "birch", keyboard="yes\n") == 0, firm.err
    assert firm.out.count("Carry this out?") == 1
    assert firm.out.count("will be created as a draft") == 2
    assert "2 companies: 4 done." in firm.out
    assert firm.wire.done("/customer_invoices") == 2

    assert codes(firm.document("verify", "--all", code=3)) == {"alder": 0, "birch": 0, "cedar": 3}
    applied = firm.document("apply", "--all", "--auto-approve")
    assert applied["summary"]["counts"] == {"done": 2, "unchanged": 4}
    assert firm.document("verify", "--all")["summary"]["counts"] == {"equal": 3}
    assert firm.wire.done("/customer_invoices") == 3
    assert firm("plan", "--all") == 0
    assert "3 companies: 3 unchanged." in firm.out


def test_a_single_company_is_reported_as_in_its_folder(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    assert firm("plan", "--company", "birch", "--format", "json") == 0
    named = json.loads(firm.out)
    monkeypatch.chdir(firm.root / "companies" / "birch")
    assert firm("plan", "--format", "json") == 0
    assert json.loads(firm.out)["changes"][1]["totals"] == named["changes"][1]["totals"]
    assert named["company"] == {"id": firm.ids["birch"], "name": "Birch SARL"}
    # From a company, the others are named as from the root.
    assert firm("plan", "--company", "alder") == 0


def test_a_wrong_token_is_refused_before_anything_else_is_read(firm: Firm) -> None:
    firm.environ["PENNYLANE_TOKEN_BIRCH"] = "token-of-alder"
    document = firm.document("plan", "--all", code=4)
    assert codes(document) == {"alder": 0, "birch": 4, "cedar": 0}
    assert [row["rule"] for row in document["companies"][1]["problems"]] == ["policy"]
    # Alder's own plan reads more; with its token, Birch's asked only whose it is.
    assert firm.paths_of("birch") == []
    assert firm.paths_of("alder").count("/me") == 2
    for command in (["apply", "--auto-approve"], ["verify"], ["adopt", "--from", "2025-01-01"]):
        firm.wire.sent.clear()
        assert firm(*command, "--company", "birch") == 4, firm.err
        assert firm.paths_of("alder") == ["/me"]


def test_two_folders_never_mean_one_account(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a commit to one folder says: not even with the other one's token."""
    firm.settings("birch", variable="ALDER", company_id=firm.ids["alder"])
    assert codes(firm.document("plan", "--all", code=4)) == {"alder": 4, "birch": 4, "cedar": 0}
    assert firm("plan", "--company", "birch") == 4
    monkeypatch.chdir(firm.root / "companies" / "birch")
    assert firm("plan") == 4
    assert "the company `alder` has the same account" in firm.err
    assert firm.paths_of("alder") == []


def test_a_company_that_fails_stops_itself_and_no_other(firm: Firm) -> None:
    del firm.environ["PENNYLANE_TOKEN_ALDER"]
    firm.environ["PENNYLANE_API_TOKEN"] = "token-of-alder"  # never in place of the one that is named
    firm.write("companies/birch/invoices/one.yaml", "external_reference: [\n")
    document = firm.document("apply", "--all", "--auto-approve", code=4)
    assert codes(document) == {"alder": 1, "birch": 4, "cedar": 0}
    assert [bool(row["apply"]) for row in document["companies"]] == [False, False, True]
    assert document["companies"][0]["problems"][0]["rule"] == "token-missing"
    assert (document["summary"]["failed"], document["summary"]["failed_companies"]) == (2, ["alder", "birch"])
    assert firm.wire.done("/customer_invoices") == 1
    assert firm("apply", "--all", keyboard="yes\n") == 4
    assert "alder:\nerror token-missing" in firm.err
    assert firm.err.count("error token-missing") == 1
    assert firm.out.splitlines()[-1].startswith("3 companies, 2 failed (alder, birch): ")
    assert {"alder: failed", "birch: failed", "cedar: done"} <= {
        line.partition(" (")[0] for line in firm.err.splitlines()
    }


def test_what_changes_while_somebody_is_asked_is_not_carried_out(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_: Terminal) -> None:
        firm.write("companies/birch/invoices/one.yaml", invoice("B-1", more="label: Another\n"))

    monkeypatch.setattr("pennyform.cli.commands.account.apply.ask_for_approval", ask)
    document = firm.document("apply", "--all", code=1)
    assert codes(document) == {"alder": 0, "birch": 1, "cedar": 0}
    assert document["companies"][1]["problems"][0]["rule"] == "plan-stale"


def test_a_saved_plan_for_each_company_is_carried_out_once(firm: Firm) -> None:
    assert firm("plan", "--all", "--out", "plans") == 0, firm.err
    plans = [f"plans/{name}.plan" for name in NAMES]
    firm.write("companies/birch/invoices/one.yaml", invoice("B-1", more="label: Another\n"))
    document = firm.document("apply", *plans, code=1)
    assert codes(document) == {"alder": 0, "birch": 1, "cedar": 0}
    assert firm.wire.done("/customer_invoices") == 2
    assert codes(firm.document("apply", *plans, code=1)) == {"alder": 1, "birch": 1, "cedar": 1}
    assert firm.wire.done("/customer_invoices") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--all", "--target", "A-1"),
        ("apply", "--all", "--mailed", "A-1"),
        ("verify", "--all", "--token-file", "token"),
    ],
)
def test_what_is_for_one_company_alone(firm: Firm, words: tuple[str, ...]) -> None:
    assert firm(*words) == 1
    assert "company-option" in firm.err
    assert firm.wire.sent == []


def test_companies_are_named(firm: Firm) -> None:
    assert firm("plan") == 1
    assert "company-unnamed" in firm.err
    assert firm("plan", "--company", "aldr") == 1
    assert "write `alder`" in firm.err
    firm.write("pennyform.yaml", "version: 1\nenvironment: production\n")
    assert firm("plan", "--all") == 1
    assert "company-unknown" in firm.err


def test_no_more_than_so_many_companies_at_once(firm: Firm) -> None:
    """Counted where requests arrive: none of a further company before one is done."""
    assert len(NAMES) <= COMPANIES
    sizes: list[int] = []
    executor = firm.runtime.executor
    firm.runtime = replace(firm.runtime, executor=lambda size: sizes.append(size) or executor(size))
    assert firm("verify", "--all") == 3
    assert sizes[0] == len(NAMES)


# --- tokens -------------------------------------------------------------------------------------------------


def test_a_token_of_the_users_folder(firm: Firm) -> None:
    firm.settings("alder", SETTINGS.replace("env: PENNYLANE_TOKEN_{0}", "file: alder"))
    file = firm.root.parent / "home" / ".config" / "pennyform" / "tokens" / "alder"
    file.parent.mkdir(parents=True)
    file.write_text("token-of-alder\n")
    file.chmod(0o600)
    assert firm("plan", "--company", "alder") == 0, firm.err
    file.write_text("-----BEGIN KEY-----\nabc def\n")
    assert firm("plan", "--company", "alder") == 1
    assert "something else than a token" in firm.err
    # A folder in the repository would come with a commit.
    firm.write("tokens/alder", "token-of-alder")
    firm.environ["PENNYFORM_TOKENS"] = str(firm.root / "companies" / "alder")
    (firm.root / ".git").mkdir()
    assert firm("plan", "--company", "alder") == 1
    assert "it lies in the repository" in firm.err


def test_the_keyring_is_asked_for_entries_of_pennyform_alone(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = pytest.importorskip("keyring")
    entries: list[tuple[str, str]] = []
    monkeypatch.setattr(keyring, "get_password", lambda *names: entries.append(names) or "token-of-alder")
    firm.settings("alder", SETTINGS.replace("env: PENNYLANE_TOKEN_{0}", "keyring: alder"))
    assert firm("plan", "--company", "alder") == 0, firm.err
    assert entries == [("pennyform", "app.pennylane.com/alder")]


def test_only_the_users_own_file_names_a_command(firm: Firm) -> None:
    commands: list[list[str]] = []
    firm.runtime = replace(
        firm.runtime, run_command=lambda words: commands.append(list(words)) or b"token-of-alder\n"
    )
    del firm.environ["PENNYLANE_TOKEN_ALDER"]
    folder = firm.root.parent / "home" / ".config" / "pennyform"
    folder.mkdir(parents=True)
    file = folder / "tokens.yaml"
    file.write_text(f'"{firm.ids["alder"]}": {{command: [pass, show, alder]}}\n')
    file.chmod(0o600)
    assert firm("plan", "--company", "alder") == 0, firm.err
    assert commands == [["pass", "show", "alder"]]
    # By the id of the account: a folder of another name gets it for that account alone.
    assert firm("plan", "--company", "birch") == 0
    assert len(commands) == 1
    file.chmod(0o666)
    assert firm("plan", "--company", "alder") == 1
    assert "token-settings" in firm.err
    firm.environ["XDG_CONFIG_HOME"] = str(firm.root)
    firm.write("pennyform/tokens.yaml", f'"{firm.ids["alder"]}": {{command: [pass, show, alder]}}\n')
    (firm.root / ".git").mkdir()
    assert firm("plan", "--company", "alder") == 1
    assert len(commands) == 1


def test_no_token_is_shown(firm: Firm) -> None:
    """Each token is known to the outputs, also where a server quotes the one of another company."""
    body = {"error": "no: token-of-alder token-of-birch token-of-cedar", "status": 403}
    firm.wire.faults.append(Fault("GET", "/customer_invoices", answering(403, body), times=99))
    assert firm("plan", "--all") == 1
    assert "api-not-allowed" in firm.err
    assert "token-of-" not in firm.out + firm.err


def test_every_company_has_its_own_rate(firm: Firm) -> None:
    """25 requests of one do not make another one wait: a refusal for the rate stops the one alone."""

    def exhausted(request: httpx.Request, handle: Any) -> httpx.Response:
        if request.headers["authorization"] == "Bearer token-of-birch":
            return httpx.Response(429, headers={"retry-after": "3600"}, json={"error": "rate"})
        return handle(request)

    firm.wire.faults.append(Fault("GET|POST", "/customers", exhausted, times=99))
    document = firm.document("apply", "--all", "--auto-approve", code=75)
    assert codes(document) == {"alder": 0, "birch": 75, "cedar": 0}


# --- status and audit ---------------------------------------------------------------------------------------


def issue(firm: Firm) -> None:
    for name in NAMES:
        letter = name[0].upper()
        firm.write(f"companies/{name}/invoices/two.yaml", invoice(f"{letter}-2", finalize=True))
    assert firm("apply", "--all", "--auto-approve") == 0, firm.err


def test_status_from_few_requests(firm: Firm) -> None:
    issue(firm)
    firm.write("companies/alder/invoices/three.yaml", invoice("A-3"))
    firm.clock.seconds += 60 * 86400
    firm.wire.sent.clear()
    assert firm("status", "--all", "--format", "json") == 0, firm.err
    document = json.loads(firm.out)
    assert json_text(convert(document, DOCUMENTS["status"])) == firm.out
    states = {row["external_reference"]: row["state"] for row in document["companies"][0]["invoices"]}
    assert states == {"A-1": "draft", "A-2": "late", "A-3": "missing"}
    totals = {row["state"]: (row["invoices"], row["currency_amount"]) for row in document["totals"]}
    assert totals == {"missing": (1, "0.00"), "draft": (3, "720.00"), "late": (3, "720.00")}
    # Whose account it is, and one for a hundred ids; where one is not known yet, one for its date.
    assert [len(firm.paths_of(name)) for name in NAMES] == [3, 2, 2]
    assert firm("status", "--all") == 0
    assert "All companies" in firm.out
    # Without a journal, all are found by their dates: as few requests.
    firm.environ["PENNYFORM_STATE"] = str(firm.root.parent / "empty")
    firm.wire.sent.clear()
    assert firm("status", "--company", "birch", "--format", "json") == 0
    rows = json.loads(firm.out)["companies"][0]["invoices"]
    assert {row["external_reference"]: row["state"] for row in rows} == {"B-1": "draft", "B-2": "late"}
    assert len(firm.paths_of("birch")) == 2


def test_paid_and_refused() -> None:
    today = date(2026, 1, 1)
    row = RemoteInvoice(1, draft=False, deadline=date(2025, 12, 31))
    assert state_of(row, today) == "late"
    assert state_of(replace(row, paid=True), today) == "paid"
    assert state_of(replace(row, remaining_amount_with_tax=Decimal("0.00")), today) == "paid"
    assert state_of(replace(row, paid=True, e_invoicing_status="refused"), today) == "refused"
    assert state_of(replace(row, deadline=today), today) == "open"
    assert state_of(replace(row, currency_amount=Decimal("-60.00")), today) == "open"


def test_who_issued_what_from_which_commit_and_plan(firm: Firm) -> None:
    origins = iter([Origin("Ada <ada@example.com>", "desk", "c" * 40)] * 9)
    firm.runtime = replace(firm.runtime, origin=lambda root: next(origins))
    issue(firm)
    firm.wire.sent.clear()
    assert firm("audit", "--all", "--format", "json") == 0, firm.err
    document = json.loads(firm.out)
    assert json_text(convert(document, DOCUMENTS["audit"])) == firm.out
    rows = [row for company in document["companies"] for row in company["invoices"]]
    assert [(row["company"], row["external_reference"], row["currency_amount"]) for row in rows] == [
        ("alder", "A-2", "240.00"),
        ("birch", "B-2", "240.00"),
        ("cedar", "C-2", "240.00"),
    ]
    assert {(row["person"], row["host"], row["commit"]) for row in rows} == {
        ("Ada <ada@example.com>", "desk", "c" * 40)
    }
    assert all(row["invoice_number"] and row["plan"] and row["at"] for row in rows)
    # The settings say whose journal it is: nobody is asked.
    assert firm.wire.sent == []
    assert firm("audit", "--all", "--format", "jsonl") == 0
    assert [json.loads(line) for line in firm.out.splitlines()] == rows
    assert firm("audit", "--all", "--format", "csv") == 0
    assert next(csv.DictReader(io.StringIO(firm.out)))["invoice_number"] == rows[0]["invoice_number"]
    assert firm("audit", "--company", "alder") == 0
    assert "A-2" in firm.out


def test_an_audit_says_when_no_invoice_was_issued(firm: Firm) -> None:
    assert firm("audit", "--company", "alder") == 0
    assert firm.out.endswith("0 records in the journal; no invoice was issued\n")


@pytest.mark.parametrize("place", ["--company", "its folder"])
def test_one_company_of_several_is_named_in_what_is_exported(
    firm: Firm, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(firm)
    selected = ["--company", "alder"]
    if place == "its folder":
        monkeypatch.chdir(firm.root / "companies/alder")
        selected = []
    assert firm("audit", *selected, "--format", "csv") == 0
    assert {row["company"] for row in csv.DictReader(io.StringIO(firm.out))} == {"alder"}
    assert firm("audit", *selected, "--format", "jsonl") == 0
    assert [json.loads(line)["company"] for line in firm.out.splitlines()] == ["alder"]
    for verb in ("audit", "status"):
        assert firm(verb, *selected, "--format", "json") == 0
        assert [section["name"] for section in json.loads(firm.out)["companies"]] == ["alder"]


class SlowStream(io.StringIO):
    """A stream that another thread gets to before a line is out."""

    def write(self, text: str) -> int:
        for character in text:
            super().write(character)
            time.sleep(0.0001)
        return len(text)


def test_the_companies_that_are_done_are_counted_line_by_line(firm: Firm) -> None:
    stream = SlowStream()
    terminal = Terminal(io.StringIO(), io.StringIO(), stream, firm.environ)
    assert main(["plan", "--all"], terminal=terminal, runtime=replace(firm.runtime, workers=4)) == 0
    lines = stream.getvalue().splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(NAMES)
    assert [line.partition(": ")[2] for line in lines] == [
        f"done ({number} of {len(NAMES)})" for number in range(1, len(NAMES) + 1)
    ]


def journal_of(firm: Firm, name: str) -> Path:
    return firm.root.parent / "state" / "journal" / f"app.pennylane.com-{firm.ids[name]}.jsonl"


@pytest.mark.parametrize("change", ["changed", "removed", "reordered", "other company"])
def test_a_record_that_was_tampered_with_shows(firm: Firm, change: str) -> None:
    issue(firm)
    path = journal_of(firm, "alder")
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "changed":
        lines = [line.replace(b'"amount":"240.00"', b'"amount":"241.00"') for line in lines]
    elif change == "removed":
        del lines[2]
    elif change == "reordered":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines = journal_of(firm, "birch").read_bytes().splitlines(keepends=True)
    assert lines != path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines))
    # Of a last record that was changed, its text; nothing behind it vouches for it.
    assert firm("audit", "--all") == (3 if change == "changed" else 1)
    assert ("fails its checksum" in firm.out) if change == "changed" else "journal-damaged" in firm.err
    assert "B-2" in firm.out


def test_an_audit_goes_back_beyond_a_compacted_journal(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    issue(firm)
    monkeypatch.setattr("pennyform.engine.journal.store.COMPACT_BYTES", 1)
    firm.write("companies/alder/invoices/three.yaml", invoice("A-3", finalize=True))
    assert firm("apply", "--company", "alder", "--auto-approve") == 0
    assert firm("audit", "--company", "alder", "--format", "jsonl") == 0
    assert [json.loads(line)["external_reference"] for line in firm.out.splitlines()] == ["A-2", "A-3"]
    (older,) = journal_of(firm, "alder").parent.glob("*.until-*")
    older.rename(older.with_name("elsewhere"))
    assert firm("audit", "--company", "alder") == 3
    assert "is gone" in firm.out
    assert "A-3" in firm.out


def test_journals_of_the_version_before_say_what_they_know() -> None:
    folder = Path(__file__).parent / "journals"
    for name in ("version-1.jsonl", "version-1-compacted.jsonl"):
        rows: list[Record] = []
        read((folder / name).read_bytes(), rows.append, None, name=name)
        history = History(tuple(Entry(name, 1, "", row) for row in rows), ())
        # It did not write down who, nor the number.
        for invoice_ in issued(history, "alder"):
            assert (invoice_.person, invoice_.invoice_number) == ("", "")
            assert invoice_.external_reference


def test_what_git_says(tmp_path: Path) -> None:
    assert system_origin(tmp_path).commit == ""
    assert system_origin(tmp_path).person
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    run_command([*git, "init", "-q"])
    run_command([*git, "config", "user.name", "Ada"])
    run_command([*git, "config", "user.email", "ada@example.com"])
    run_command([*git, "commit", "-q", "--allow-empty", "-m", "first"])
    origin = system_origin(tmp_path)
    assert origin.person == "Ada <ada@example.com>"
    assert len(origin.commit) == 40


# --- the page, and runs that keep nothing -------------------------------------------------------------------


def test_thirty_companies_by_the_commands_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("alder", "birch", *(f"client-{number:02}" for number in range(28)))
    firm = Firm(tmp_path.resolve() / "firm", names)
    monkeypatch.chdir(firm.root)
    for name in names:
        firm.write(f"companies/{name}/invoices/2026-04.yaml", invoice(f"{name}-2", finalize=True))
    firm.write("companies/birch/products/fee.yaml", PRODUCT)
    # A commit that touches three companies: its files, as a hook gets them.
    touched = [f"companies/{name}/invoices/2026-04.yaml" for name in names[:3]]
    assert firm("validate", *touched) == 0, firm.out
    assert firm("fmt", *touched) == 0, firm.out
    assert firm("fmt", "--check", *touched) == 0, firm.out
    with World(firm.root, firm.environ, run=lambda words: (firm(*words), firm.out + firm.err)) as world:
        assert world.follow(ROOT / "docs" / "companies.md") > 20
    assert len(list(books_of_companies(firm))) == 60
    assert firm("audit", "--all", "--format", "jsonl") == 0
    assert len(firm.out.splitlines()) == 30
    firm.sandbox.close()


def books_of_companies(firm: Firm) -> Iterator[dict[str, Any]]:
    """Every invoice of every company, read past pennyform."""
    transport = firm.sandbox.transport()
    for name in firm.ids:
        with httpx.Client(
            transport=transport, headers={"authorization": f"Bearer token-of-{name}"}
        ) as client:
            yield from client.get(f"{API}/customer_invoices?limit=100").raise_for_status().json()["items"]


def test_every_step_with_an_empty_state_folder(firm: Firm) -> None:
    """As in CI that keeps nothing but the key: each step on a machine of its own."""
    for name in NAMES:
        letter = name[0].upper()
        firm.write(f"companies/{name}/invoices/two.yaml", invoice(f"{letter}-2", finalize=True))
    machines = iter(range(99))

    def step(*words: str) -> int:
        firm.environ["PENNYFORM_STATE"] = str(firm.root.parent / f"machine-{next(machines)}")
        return firm(*words)

    assert step("validate") == 0, firm.out
    assert step("plan", "--all", "--out", "plans") == 0, firm.err
    plans = [f"plans/{name}.plan" for name in NAMES]
    assert step("apply", *plans) == 0, firm.err
    assert step("verify", "--all") == 0
    assert step("status", "--all") == 0
    books = list(books_of_companies(firm))
    assert len(books) == 6
    # Nothing is done twice: neither by the same plan nor by another apply.
    assert step("apply", *plans) == 1
    assert firm.err.count("plan-stale") == 3
    assert step("apply", "--all", "--auto-approve") == 0
    assert step("plan", "--all", "--detailed-exitcode") == 0
    assert list(books_of_companies(firm)) == books
    # Who issued them is only in the journal of the machine that did.
    assert step("audit", "--all", "--format", "jsonl") == 0
    assert firm.out == ""


def test_only_a_kept_folder_knows_what_was_mailed(firm: Firm) -> None:
    mail = "  send_by_email: true\n"
    firm.write("customers/acme.yaml", CUSTOMER + "emails: [accounts@acme.example]\n")
    firm.write("companies/alder/invoices/two.yaml", invoice("A-2", finalize=True, options=mail))
    apply = ("apply", "--company", "alder", "--auto-approve")
    while firm(*apply) == 75:  # its PDF is being made
        firm.clock.seconds += 60
    mails = firm.wire.done("/send_by_email")
    assert mails == 1
    assert firm(*apply) == 0
    kept, firm.environ["PENNYFORM_STATE"] = firm.environ["PENNYFORM_STATE"], str(firm.root.parent / "other")
    assert firm(*apply) == 5
    assert "--mailed" in firm.out + firm.err
    firm.environ["PENNYFORM_STATE"] = kept
    assert firm(*apply) == 0
    assert firm.wire.done("/send_by_email") == 1
