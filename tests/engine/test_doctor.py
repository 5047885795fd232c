"""What the terminal says of itself: the first screen, help, doctor, completion, log records, addresses."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pennyform.cli import VERBS, main
from pennyform.cli.terminal import Terminal

from .firm import SETTINGS, Firm
from .world import CUSTOMER, invoice


def said(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str, **environ: str) -> tuple[int, str]:
    """The exit code and standard output of a command in ``folder``."""
    monkeypatch.chdir(folder)
    out = io.StringIO()
    home = {"HOME": str(folder.parent), "PENNYFORM_STATE": str(folder.parent / "state")}
    try:
        code = main(words, terminal=Terminal(io.StringIO(), out, out, home | environ))
    except SystemExit as left:
        code = int(left.code or 0)
    return code, out.getvalue()


# --- the first screen, and help -----------------------------------------------------------------------------


def first_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    code, text = said(folder, monkeypatch)
    assert code == 0
    first, _, rest = text.partition("\n\nusage: ")
    assert "verbs:\n  init" in rest
    return dict(line.split(maxsplit=1) for line in first.splitlines()[2:])


def test_the_first_screen_says_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = first_lines(tmp_path, monkeypatch)
    assert lines["repository"].startswith("none here")
    assert lines["next"].startswith("pennyform init")

    settings = tmp_path / "pennyform.yaml"
    settings.write_text("version: 1\nenvironment: production\npolicies: {company_id: 7}\n")
    lines = first_lines(tmp_path, monkeypatch)
    assert lines["account"] == "production, of company 7"
    assert "the one that pennyform brings" in lines["contract"]
    (tmp_path / "below").mkdir()
    assert first_lines(tmp_path / "below", monkeypatch)["repository"] == str(tmp_path)

    settings.write_text("version: 1\nenvironment: moon\n")
    lines = first_lines(tmp_path, monkeypatch)
    assert lines["settings"].startswith("pennyform.yaml cannot be used: ")
    assert lines["next"].startswith("pennyform validate")


def test_the_first_screen_names_companies(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = first_lines(firm.root, monkeypatch)
    assert lines["companies"] == "3: alder, birch, cedar"
    assert lines["next"] == "pennyform plan --all"
    assert first_lines(firm.root / "companies" / "birch", monkeypatch)["company"] == "birch"


def test_the_first_screen_says_that_an_address_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "pennyform.yaml"
    for environment, count in (("sandbox", 1), ("production", 0)):
        settings.write_text(f"version: 1\nenvironment: {environment}\n")
        text = said(tmp_path, monkeypatch, PENNYLANE_BASE_URL="https://proxy.test")[1]
        assert text.count("warning     PENNYLANE_BASE_URL is set and not used") == count


def test_the_first_screen_fits_the_usual_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(map(len, said(tmp_path, monkeypatch)[1].splitlines())) <= 80


@pytest.mark.parametrize("verb", [*VERBS, "spec fetch"])
def test_help_explains_each_verb(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = said(tmp_path, monkeypatch, "help", *verb.split())
    assert code == 0
    assert text == said(tmp_path, monkeypatch, *verb.split(), "--help")[1]
    assert text.startswith(f"usage: pennyform {verb}")


@pytest.mark.parametrize("word", ["help", "--help", "-h"])
def test_help_explains_itself(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = said(tmp_path, monkeypatch, "help", word)
    assert code == 0
    assert text.startswith("usage: pennyform help [VERB]")


@pytest.mark.parametrize("verb", ["plan", "apply", "verify", "status", "audit"])
def test_a_folder_without_a_repository_needs_no_token(verb: str, firm: Firm, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert firm(verb, str(tmp_path / "empty")) == 1
    assert "error no-repository: there is no repository of invoices here" in firm.err
    assert "pennyform init" in firm.err
    # A definition alone is enough to ask for the account.
    (tmp_path / "empty" / "customer.yaml").write_text(CUSTOMER)
    assert firm(verb, str(tmp_path / "empty")) == 1
    assert "no-repository" not in firm.err


# --- doctor -------------------------------------------------------------------------------------------------


def checks(text: str) -> dict[str, tuple[str, str]]:
    """The level and the text of each check, by name; what to do stands below, without a level."""
    rows = [line.split(maxsplit=2) for line in text.splitlines() if not line.startswith(" ")]
    return {name: (level, rest) for level, name, rest in rows}


def test_doctor_finds_nothing_wrong_and_changes_nothing(firm: Firm, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert firm("doctor", "--company", "alder") == 0, firm.out
    found = checks(firm.out)
    assert {level for level, _ in found.values()} <= {"ok", "note"}
    assert found["account"][1] == f"https://app.pennylane.com: Alder SARL (id {firm.ids['alder']})"
    assert found["scopes"][1] == "all that pennyform can use"
    assert sorted(tmp_path.rglob("*")) == before
    assert {request.method for request in firm.wire.sent} == {"GET"}


def test_doctor_looks_at_each_company(firm: Firm) -> None:
    del firm.environ["PENNYLANE_TOKEN_BIRCH"]
    assert firm("doctor", "--all") == 1
    sections = [checks(part) for part in firm.out.split("\n\n") if "account" in part]
    assert [section["account"][0] for section in sections] == ["ok", "error", "ok"]
    assert "PENNYLANE_TOKEN_BIRCH is not set" in firm.out


def test_doctor_offline_asks_nobody(firm: Firm) -> None:
    assert firm("doctor", "--company", "alder", "--offline") == 0
    assert firm.wire.sent == []


def test_doctor_names_what_is_wrong(firm: Firm) -> None:
    state = Path(firm.environ["PENNYFORM_STATE"])
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    firm.write("companies/alder/invoices/three.yaml", "external_reference: [\n")
    firm.write("companies/alder/schemas/invoice.schema.json", "{}\n")
    firm.settings("alder", SETTINGS, company_id=firm.ids["birch"] + 1)
    assert firm("doctor", "companies/alder") == 1
    found = checks(firm.out)
    assert found["definitions"][0] == "error"
    assert found["state"][0] == "error"
    assert found["account"][0] == "error"
    assert found["editor"] == ("note", "there are no schemas for editors")


def test_doctor_compares_the_schemas_for_editors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(tmp_path, monkeypatch, "init", "--bare", "here")[0] == 0
    found = checks(said(tmp_path / "here", monkeypatch, "doctor", "--offline")[1])
    assert found["editor"][0] == "ok"
    (tmp_path / "here" / "schemas" / "invoice.schema.json").write_text("{}\n")
    code, text = said(tmp_path / "here", monkeypatch, "doctor", "--offline")
    assert code == 0
    assert checks(text)["editor"] == (
        "warning",
        "the schemas for editors are not those that hold: 1 differ",
    )


def test_doctor_reads_a_lock_that_says_no_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(tmp_path, monkeypatch, "init", ".")[0] == 0
    assert said(tmp_path, monkeypatch, "spec", "init")[0] == 0
    lock = tmp_path / "specs" / "lock.json"
    lock.write_text(re.sub(r'"date": "[^"]*"', '"date": "yesterday"', lock.read_text()))
    cache = str(tmp_path.parent / "cache")
    code, text = said(tmp_path, monkeypatch, "doctor", "--offline", XDG_CACHE_HOME=cache)
    assert code == 1, text
    assert checks(text)["contract"] == ("error", "its lock says no date of it")


@pytest.mark.parametrize("zone", [" GMT", ""])
@pytest.mark.parametrize(("minutes", "level"), [(0, "ok"), (-10, "warning"), (60, "warning")])
def test_doctor_compares_clocks(firm: Firm, minutes: int, level: str, zone: str) -> None:
    there = datetime(2025, 10, 1, 12, tzinfo=UTC)
    firm.clock.now = lambda: there + timedelta(minutes=minutes)  # type: ignore[method-assign]

    class Dated(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = firm.wire.handle_request(request)
            response.headers["date"] = there.strftime("%a, %d %b %Y %H:%M:%S") + zone
            return response

    firm.runtime = replace(firm.runtime, transport=Dated())
    assert firm("doctor", "--company", "alder") == 0, firm.out + firm.err
    assert checks(firm.out)["clock"][0] == level


# --- addresses and log records ------------------------------------------------------------------------------


def test_auth_status_shows_the_address_of_each_company(firm: Firm) -> None:
    assert firm("auth", "status", "--all") == 0, firm.err
    assert firm.out.count("address      https://app.pennylane.com\n") == 3
    for name in firm.ids:
        assert f"company      {name.title()} SARL (id {firm.ids[name]}" in firm.out
    assert firm("auth", "status", "--company", "birch") == 0
    assert firm.out.count("company  ") == 1


def test_an_address_that_is_not_used_is_said(firm: Firm) -> None:
    firm.environ["PENNYLANE_BASE_URL"] = "https://proxy.test"
    assert firm("auth", "status", "--company", "alder", "--sandbox") == 0
    assert "warning base-url-unused: PENNYLANE_BASE_URL is set and not used" in firm.err
    assert "address      the embedded sandbox in " in firm.out


def test_a_level_that_is_none_is_said(firm: Firm) -> None:
    firm.environ["PENNYFORM_LOG"] = "verbose"
    assert firm("auth", "status", "--all") == 0
    assert firm.err.count("warning log-level-unknown: PENNYFORM_LOG names no level, and is not used") == 1
    assert "fix: write info or debug" in firm.err


@pytest.mark.parametrize(("words", "level"), [(["--verbose"], ""), ([], "info"), ([], "debug")])
def test_log_records_tell_no_secret_and_no_name(firm: Firm, words: list[str], level: str) -> None:
    firm.environ["PENNYFORM_LOG"] = level
    assert firm("apply", "--company", "alder", "--auto-approve", *words) == 0
    assert "postCustomerInvoices: status 201" in firm.err
    assert ("postCustomerInvoices: attempt 1: POST" in firm.err) == (level == "debug")
    assert "token-of-alder" not in firm.err
    assert "ACME" not in firm.err
    firm.environ["PENNYFORM_LOG"] = ""
    assert firm("verify", "--company", "alder") == 0
    assert "status 200" not in firm.err


# --- completion ---------------------------------------------------------------------------------------------


def completed(line: str, folder: Path) -> list[str]:
    """What a shell is told to offer behind ``line``."""
    answer = folder.parent / "answer"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    command = [sys.executable, "-m", "pennyform"]
    subprocess.run(command, cwd=folder, env=os.environ | variables, check=True, capture_output=True)
    return sorted(answer.read_text().split("\n"))


def test_a_shell_completes_verbs_options_references_and_companies(firm: Firm) -> None:
    firm.write("companies/alder/invoices/odd.yaml", invoice("A-$(touch x)"))
    alder = firm.root / "companies" / "alder"
    assert completed("pennyform ver", firm.root) == ["verify "]
    assert "--detailed-exitcode" in completed("pennyform plan --", firm.root)
    assert completed("pennyform plan --company ", firm.root) == ["alder", "birch", "cedar"]
    # A reference that means something to a shell is not offered.
    assert completed("pennyform plan --target ", alder) == ["A-1 "]


@pytest.mark.parametrize(
    ("name", "words"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete ")]
)
def test_each_shell_has_its_script(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = said(tmp_path, monkeypatch, "completion", name)
    assert code == 0
    assert words in text
    assert "pennyform" in text


def test_doctor_has_colours_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.chdir(tmp_path)
    screen = Screen()
    main(["doctor", "--offline"], terminal=Terminal(io.StringIO(), screen, screen, {"HOME": str(tmp_path)}))
    assert screen.getvalue().startswith("\x1b[32mok       \x1b[0mpennyform    ")
    assert "\N{REPLACEMENT CHARACTER}" not in screen.getvalue()
