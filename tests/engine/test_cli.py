"""The verbs as a user meets them: exit codes, consent, saved plans, environments."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.cli import main
from pennyform.cli.terminal import progress_on
from pennyform.engine.journal.lock import hold
from pennyform.engine.runtime import SignalInterruption
from pennyform.sandbox import Sandbox
from pennyform.sandbox.auth import add_token
from pennyform.sandbox.http.transports import Transport

from .world import API, PRODUCT, Office, books_of, invoice, line, only, raw, state_variables


class Shell:
    """Runs commands in a repository and keeps what the last one printed."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capture = capture
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        self._capture.readouterr()
        code = main(words)
        self.out, self.err = self._capture.readouterr()
        assert "Traceback" not in self.err
        return code

    def books(self) -> dict[str, list[dict[str, Any]]]:
        sandbox = Sandbox(self.root / ".pennyform" / "sandbox.db")
        try:
            return books_of(sandbox)
        finally:
            sandbox.close()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    office = Office(tmp_path / "repository")
    office.define("INV-1")
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-2", finalize=True, lines="  - product: DAY\n    quantity: 3\n")
    office.close()
    monkeypatch.chdir(office.root)
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("PENNYLANE_API_TOKEN", "PENNYLANE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in state_variables(office.root).items():
        monkeypatch.setenv(name, value)
    return Shell(office.root, capsys)


def answer(monkeypatch: pytest.MonkeyPatch, text: str, then: Callable[[], None] = lambda: None) -> None:
    """A person at a terminal who types ``text``."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:  # type: ignore[override]
            then()
            return text + "\n"

    monkeypatch.setattr(sys, "stdin", Terminal())


def test_plan_apply_plan_verify(shell: Shell) -> None:
    assert shell("plan") == 0
    assert shell("plan", "--detailed-exitcode") == 2
    assert shell("verify") == 3
    assert shell("apply", "--auto-approve") == 0
    assert "final as F-2025-0001, 2340.00 EUR, verified" in shell.out
    assert shell("plan", "--detailed-exitcode") == 0
    assert "No changes." in shell.out
    assert shell("verify") == 0
    before = shell.books()
    assert shell("apply", "--auto-approve") == 0
    assert shell.books() == before


def test_a_page_is_written_besides_what_is_printed(shell: Shell) -> None:
    assert shell("plan", "--html", "plan.html") == 0
    assert "INV-2 will be created, verified and finalized" in shell.out
    page = (shell.root / "plan.html").read_text(encoding="utf-8")
    assert shell("plan", "--format", "html") == 0
    assert shell.out == page
    assert shell("verify", "--html", "verification.html") == 3
    assert shell("verify", "--format", "html") == 3
    assert shell.out == (shell.root / "verification.html").read_text(encoding="utf-8")
    assert shell("plan", "--html", "nowhere/plan.html") == 1
    assert "nowhere/plan.html" in shell.err


def test_findings_stop_before_anything_is_sent(shell: Shell) -> None:
    (shell.root / "invoices" / "bad.yaml").write_text(invoice("BAD", lines=line(vat="FR_055")))
    assert shell("plan") == 4
    assert "FR_55" in shell.err
    assert shell("apply", "--auto-approve") == 4
    assert not (shell.root / ".pennyform" / "journal").exists()


def test_a_customer_that_nobody_has_is_a_finding_at_its_place(shell: Shell) -> None:
    definition = invoice("INV-3").replace("customer: ACME", "customer: ACMEE")
    (shell.root / "invoices" / "INV-3.yaml").write_text(definition)
    for verb in (("plan",), ("verify",), ("apply", "--auto-approve")):
        assert shell(*verb) == 4
        assert "invoices/INV-3.yaml:2:" in shell.err
        assert "ACME" in shell.err
    assert shell.books() == {}


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--auto-approve"), ("verify",)])
def test_what_the_account_answers_is_no_note_any_more(shell: Shell, verb: tuple[str, ...]) -> None:
    assert shell("apply", "--auto-approve") == 0
    file = shell.root / "customers" / "acme.yaml"
    file.write_text(file.read_text().replace("ACME", "OTHER_REFERENCE"))
    assert shell("validate") == 0
    assert "note undeclared-customer" in shell.out
    assert shell(*verb) == 0
    assert "note" not in shell.err


def test_an_ambiguous_ledger_account_is_a_finding(shell: Shell) -> None:
    account = '    ledger_account: "708500"\n'
    (shell.root / "invoices" / "INV-3.yaml").write_text(invoice("INV-3", lines=line(more=account)))
    assert shell("plan") == 4
    assert "ambiguous" in shell.err


def test_nobody_to_ask_is_no_consent(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert shell("apply") == 1
    assert "--auto-approve" in shell.err
    assert shell.books() == {}


@pytest.mark.parametrize("text", ["no", "y", "", "YES"])
def test_only_yes_is_yes(shell: Shell, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answer(monkeypatch, text)
    assert shell("apply") == 1
    assert shell.books() == {}


def test_yes_applies(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "yes")
    assert shell("apply") == 0
    assert set(shell.books()) == {"INV-1", "INV-2"}


def test_consent_is_to_what_was_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the person reads the plan, somebody else creates the customer."""

    def meanwhile() -> None:
        sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
        address = {"address": "x", "postal_code": "1", "city": "x", "country_alpha2": "FR"}
        body = {"name": "ACME SAS", "external_reference": "ACME", "billing_address": address}
        with raw(sandbox) as caller:
            caller.post(f"{API}/company_customers", json=body).raise_for_status()
        sandbox.close()

    answer(monkeypatch, "yes", meanwhile)
    assert shell("apply") == 1
    assert "plan-stale" in shell.err
    assert shell.books() == {}


def test_the_comment_on_a_pull_request_has_the_warnings_about_definitions(shell: Shell) -> None:
    more = "currency: USD\n"
    definition = invoice("INV-3", more=more, lines=line("<b>", vat="extracom"), finalize=True)
    (shell.root / "invoices" / "INV-3.yaml").write_text(definition)
    assert shell("plan", "--format", "markdown") == 0
    assert "warning vat-exempt-mention" in shell.err
    assert "\n#### `invoices/INV-3.yaml`\n\n| place | what | fix |\n" in shell.out
    assert "**warning** `vat-exempt-mention`: " in shell.out
    content = "`<b>:` 2 hour x 100.00 makes 200.00, VAT code extracom<br>before tax 200.00, VAT 0.00"
    assert content in shell.out


def test_drift_and_conflict(shell: Shell) -> None:
    shell("apply", "--auto-approve")
    definition = shell.root / "invoices" / "INV-2.yaml"
    definition.write_text(definition.read_text().replace("quantity: 3", "quantity: 4"))
    assert shell("verify") == 3
    assert "line 1 quantity  is 3            asked for 4\n" in shell.out
    assert shell("plan") == 3
    assert "credit note" in shell.out
    assert shell("apply", "--auto-approve") == 3
    assert only(shell.books()["INV-2"])["currency_amount"] == "2340.0"


# --- saved plans ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--out", "-out"])
def test_a_saved_plan_is_applied_once(shell: Shell, option: str) -> None:
    assert shell("plan", option, "it.plan") == 0
    assert shell("apply", "it.plan") == 0
    assert set(shell.books()) == {"INV-1", "INV-2"}
    assert shell("apply", "it.plan") == 1
    assert "used before" in shell.err


def test_a_plan_from_an_empty_state_is_single_use_too(shell: Shell) -> None:
    shell("plan", "--out", "it.plan")
    shell("apply", "it.plan")
    (shell.root / ".pennyform" / "sandbox.db").unlink()
    assert shell("apply", "it.plan") == 1
    assert shell.books() == {}


def test_a_plan_is_bound_to_its_definitions(shell: Shell) -> None:
    shell("plan", "--out", "it.plan")
    (shell.root / "invoices" / "INV-3.yaml").write_text(invoice("INV-3"))
    assert shell("apply", "it.plan") == 1
    assert "invoices/INV-3.yaml" in shell.err
    assert shell.books() == {}


def test_a_plan_is_bound_to_what_the_account_held(shell: Shell) -> None:
    shell("plan", "--out", "it.plan")
    shell("apply", "invoices/INV-1.yaml", "--auto-approve")
    assert shell("apply", "it.plan") == 1
    assert "the account changed" in shell.err


def test_a_plan_that_was_edited_is_refused(shell: Shell) -> None:
    shell("plan", "--out", "it.plan")
    plan = shell.root / "it.plan"
    plan.write_text(plan.read_text().replace('"irreversible": true', '"irreversible": false'))
    assert shell("apply", "it.plan") == 1
    assert "plan-changed" in shell.err


def test_a_plan_works_from_another_folder(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("plan", "--out", "it.plan")
    monkeypatch.chdir(shell.root.parent)
    assert shell("apply", "repository/it.plan") == 0, shell.err


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"id": 1, "saved": {}, "format_version": 9}'])
def test_what_is_no_plan_is_refused(shell: Shell, text: str) -> None:
    (shell.root / "it.plan").write_text(text)
    assert shell("apply", "it.plan") == 1
    assert "plan-unreadable" in shell.err


# --- formats ----------------------------------------------------------------------------------------------


def test_json_says_everything(shell: Shell) -> None:
    assert shell("plan", "--format", "json") == 0
    data = json.loads(shell.out)
    assert data["format_version"] == 1
    assert [(one["kind"], one["external_reference"], one["action"]) for one in data["changes"]] == [
        ("customer", "ACME", "create"),
        ("product", "DAY", "create"),
        ("invoice", "INV-1", "create"),
        ("invoice", "INV-2", "create_and_finalize"),
    ]
    assert data["changes"][3]["irreversible"]
    assert data["changes"][3]["totals"]["currency_amount"] == "2340.00"
    assert data["money"]["changing"] == [
        {
            "currency": "EUR",
            "invoices": 2,
            "vat": [{"vat_rate": "FR_200", "percent": "20", "base": "2150.00", "tax": "430.00"}],
            "currency_amount_before_tax": "2150.00",
            "currency_tax": "430.00",
            "currency_amount": "2580.00",
        }
    ]
    assert shell("apply", "--auto-approve", "--format", "json") == 0
    assert json.loads(shell.out)["summary"] == {"done": 4}
    assert shell("verify", "--format", "json") == 0
    assert json.loads(shell.out)["summary"] == {"equal": 2}


def test_output_is_the_same_every_time(shell: Shell) -> None:
    for form in ("text", "json", "markdown"):
        shell("plan", "--format", form)
        first = shell.out
        shell("plan", "--format", form)
        assert shell.out == first


# --- environments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["plan", "apply", "verify"])
def test_without_a_token_production_is_refused_and_the_sandbox_is_no_way_out(shell: Shell, verb: str) -> None:
    assert shell(verb, "--environment", "production") == 1
    assert "PENNYLANE_API_TOKEN" in shell.err
    assert not shell.out


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://u:p@example.com", "https://example.com/api", "ftp://x", "nonsense"]
)
def test_the_token_goes_to_an_origin_only(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PENNYLANE_API_TOKEN", "very-secret")
    monkeypatch.setenv("PENNYLANE_BASE_URL", url)
    assert shell("plan", "--environment", "production") == 1
    assert "connection-refused" in shell.err
    assert "very-secret" not in shell.err


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (b"tok\n", 0o640, "others than its owner"),
        (b"\n", 0o600, "it is empty"),
        (b"x" * 5000, 0o600, "more than 4096 bytes"),
        (None, 0, "No such file"),
    ],
)
def test_a_token_file_that_is_not_private_or_no_token(
    shell: Shell, content: bytes | None, mode: int, problem: str
) -> None:
    file = shell.root / "token"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    assert shell("plan", "--environment", "production", "--token-file", str(file)) == 1
    assert problem in shell.err
    assert not shell.out


def test_auth_status(shell: Shell) -> None:
    assert shell("auth", "status") == 0
    assert "Sandbox SAS" in shell.out
    assert "customer_invoices:all" in shell.out


def test_the_lock_is_one_per_company(shell: Shell) -> None:
    shell("apply", "--auto-approve")
    (lock,) = (shell.root / ".pennyform" / "journal").glob("*.lock")
    with hold(lock):
        assert shell("apply", "--auto-approve") == 75
        assert "apply-locked" in shell.err
        assert shell("plan") == 0


def test_a_state_folder_that_cannot_be_written_stops_before_anything_is_sent(shell: Shell) -> None:
    (shell.root / ".pennyform" / "journal").write_text("in the way")
    assert shell("apply", "--auto-approve") == 1
    assert "state-folder" in shell.err
    assert shell.books() == {}


# --- a real socket ------------------------------------------------------------------------------------------

SECRET = "tok_5ecret-and-l0ng"


@pytest.fixture
def served(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox behind a socket that knows one more token."""
    database = shell.root / "served.db"
    sandbox = Sandbox(database)
    with sandbox._store.transaction(write=True) as connection:
        scopes = ["customer_invoices:all", "customers:all", "products:all"]
        add_token(connection, SECRET, 21_000_001, scopes, name="secret")
    sandbox.close()
    command = [sys.executable, "-m", "pennyform", "sandbox", "serve", "--port", "0", "--db", str(database)]
    with subprocess.Popen([*command, "--no-rate-limit"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[3]
        monkeypatch.setenv("PENNYLANE_API_TOKEN", SECRET)
        monkeypatch.setenv("PENNYLANE_BASE_URL", url)
        yield url
        server.terminate()


def test_the_real_way_works_and_the_token_is_in_no_file_and_no_output(shell: Shell, served: str) -> None:
    spoken = ""
    for words in (
        ("auth", "status"),
        ("plan", "--out", "it.plan"),
        ("apply", "it.plan"),
    ):
        assert shell(*words, "--environment", "production") == 0, shell.err
        spoken += shell.out + shell.err
    os.environ["PENNYLANE_API_TOKEN"] = SECRET + "x"
    assert shell("plan", "--environment", "production") == 1
    assert "api-not-allowed" in shell.err
    spoken += shell.out + shell.err
    assert SECRET not in spoken
    written = [path for path in shell.root.rglob("*") if path.is_file() and "served.db" not in path.name]
    assert len(written) > 7
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert list((shell.root / ".pennyform" / "journal").glob("127.0.0.1-*.jsonl"))


# --- interruption and progress ------------------------------------------------------------------------------


def test_the_first_signal_asks_and_the_second_stops(capsys: pytest.CaptureFixture[str]) -> None:
    with SignalInterruption(sys.stderr) as interruption:
        assert not interruption.requested()
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.requested()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert "once more" in capsys.readouterr().err


def test_ctrl_c_stops_between_steps_and_says_what_is_left(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = Transport.handle_request

    def interrupted(self: Transport, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("customer_invoices"):
            os.kill(os.getpid(), signal.SIGINT)
        return handle(self, request)

    monkeypatch.setattr(Transport, "handle_request", interrupted)
    assert shell("apply", "--auto-approve") == 130
    assert "INV-1  created as a draft, verified" in shell.out
    assert "INV-2  not started; left: create the draft, finalize" in shell.out
    assert "Run 'pennyform apply' again for what is left" in shell.out
    monkeypatch.undo()
    monkeypatch.chdir(shell.root)
    assert shell("apply", "--auto-approve") == 0
    assert [len(rows) for rows in shell.books().values()] == [1, 1]


def test_progress_is_a_line_per_tenth_where_nobody_watches() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        for done in range(1, 201):
            progress(done, 200)
    assert stream.getvalue().splitlines() == [f"{n * 10} % ({n * 20} of 200 steps)" for n in range(1, 11)]


def test_progress_of_little_is_nothing() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress(3, 4)
    assert stream.getvalue() == ""


def test_progress_on_a_terminal_is_one_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with progress_on(stream) as progress:
        for done in range(1, 41):
            progress(done, 40)
    assert "\n" not in stream.getvalue()
    assert "40/40 steps" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[K")


def test_a_target_is_all_that_a_run_is_about(shell: Shell) -> None:
    assert shell("plan", "--target", "INV-1") == 0
    assert "INV-2" not in shell.out
    assert "product" not in shell.out
    assert shell("apply", "--auto-approve", "--target", "INV-1") == 0
    assert set(shell.books()) == {"INV-1"}
    assert shell("verify", "--target", "INV-1") == 0
    assert shell("verify") == 3


def test_a_target_that_no_definition_has_is_a_finding(shell: Shell) -> None:
    for verb in ("plan", "apply", "verify"):
        assert shell(verb, "--target", "INV-11") == 4
        assert "did you mean 'INV-1'?" in shell.err


def test_a_saved_plan_keeps_its_targets(shell: Shell) -> None:
    assert shell("plan", "--target", "INV-2", "--out", "some.plan") == 0
    assert shell("apply", "some.plan", "--target", "INV-2") == 1
    assert shell("apply", "some.plan") == 0
    assert set(shell.books()) == {"INV-2"}


def test_a_saved_plan_is_bound_to_schemas_and_to_what_the_account_held(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("apply", "--auto-approve", "--target", "INV-1")
    assert shell("plan", "--out", "all.plan") == 0
    made = json.loads((shell.root / "all.plan").read_text())["saved"]
    assert list(made["remote"]) == ["invoice INV-1", "customer of INV-2"]
    with monkeypatch.context() as patched:
        patched.setattr("pennyform.engine.plan_files.binding._hash_schemas", lambda _: "other")
        assert shell("apply", "all.plan") == 1
        assert "schemas" in shell.err
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    with raw(sandbox) as caller:
        id_ = books_of(sandbox)["INV-1"][0]["id"]
        update = {"special_mention": "by hand"}
        caller.put(f"{API}/customer_invoices/{id_}", json=update).raise_for_status()
    sandbox.close()
    assert shell("plan", "--detailed-exitcode", "--target", "INV-1") == 0
    assert shell("apply", "all.plan") == 1
    assert "the account changed" in shell.err
    assert "INV-2" not in shell.books()


def test_the_token_of_a_file_a_pipe_and_the_keyring(
    shell: Shell, served: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PENNYLANE_API_TOKEN", "wrong")
    file = shell.root / "token"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    production = ("auth", "status", "--environment", "production")
    assert shell(*production) == 1
    assert shell(*production, "--token-file", str(file)) == 0, shell.err

    reading, writing = os.pipe()
    os.write(writing, SECRET.encode())
    os.close(writing)
    assert shell(*production, "--token-file", f"/dev/fd/{reading}") == 0, shell.err

    keyring = pytest.importorskip("keyring")
    asked: list[tuple[str, str]] = []
    monkeypatch.delenv("PENNYLANE_API_TOKEN")
    monkeypatch.setattr(keyring, "get_password", lambda *names: asked.append(names) or SECRET)
    assert shell(*production) == 0, shell.err
    assert asked == [("pennyform", served.removeprefix("http://"))]


def test_a_keyring_that_is_locked_is_no_token(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")

    def refuse(*names: str) -> str:
        raise keyring.errors.KeyringLocked("locked")

    monkeypatch.setattr(keyring, "get_password", refuse)
    assert shell("auth", "status", "--environment", "production") == 1
    assert "token-missing" in shell.err
