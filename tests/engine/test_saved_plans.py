"""Saved plans under attack: changed, forged, replayed, carried elsewhere, made by something older."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli.commands.account import apply
from pennyform.cli.companies import without_progress
from pennyform.cli.definitions import load_repository
from pennyform.cli.options.account import ApplyOptions, TargetOptions
from pennyform.cli.terminal import Terminal
from pennyform.engine.journal.records import PlanUsed
from pennyform.engine.journal.store import FolderJournals
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.findings import Failure
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.rules import Rules

from .test_cli import Shell
from .world import API, KEY, PRODUCT, Office, raw, state_variables

Plan = dict[str, Any]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A repository with two invoices, and ``it.plan`` to create them."""
    office = Office(tmp_path / "repository")
    office.define("INV-1")
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-2", finalize=True, lines="  - product: DAY\n    quantity: 3\n")
    office.close()
    monkeypatch.chdir(office.root)
    for name, value in {"NO_COLOR": "1", **state_variables(office.root)}.items():
        monkeypatch.setenv(name, value)
    shell = Shell(office.root, capsys)
    assert shell("plan", "--out", "it.plan") == 0
    return shell


@pytest.fixture
def plan(shell: Shell) -> Path:
    return shell.root / "it.plan"


def refused(shell: Shell, rule: str, *options: str) -> str:
    """What is said when the plan is applied; nothing is done."""
    assert shell("apply", "it.plan", *options) == 1
    assert rule in shell.err
    assert shell.books() == {}
    return shell.err


def test_any_byte_changed_is_refused_or_says_the_same(plan: Path) -> None:
    whole = plan.read_bytes()
    content = plan_file.read(plan, KEY).data
    # Every byte takes a minute; steps that share no factor with the indentation meet all kinds of places.
    for place in range(0, len(whole), 13):
        other = 0x20 if place % 2 else whole[place] ^ 1
        plan.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        try:
            assert plan_file.read(plan, KEY).data == content
        except Failure as problem:
            assert problem.findings[0].rule in {"plan-unreadable", "plan-changed"}  # noqa: PT017


def test_a_plan_beside_the_state_is_applied_where_no_repository_is_around(
    shell: Shell, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the user's home, which holds plans and, deeper, the state."""
    state = shell.root.parent / ".local" / "state"
    monkeypatch.setenv("PENNYFORM_STATE", str(state))
    monkeypatch.setenv("PENNYFORM_STATE_KEY", "")
    plan.unlink()
    assert shell("plan", "--out", "../it.plan") == 0
    assert shell("apply", "../it.plan", "--auto-approve") == 0


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_part_of_a_plan_is_no_plan(shell: Shell, plan: Path, part: float) -> None:
    whole = plan.read_bytes()
    plan.write_bytes(whole[: int(len(whole) * part)])
    refused(shell, "plan-unreadable")


def forge(plan: Path, change: Callable[[Plan], object]) -> None:
    """Change a plan and sign it anew, as only the user can."""
    content = json.loads(plan.read_text())
    del content["id"]
    change(content)
    plan.write_text(json.dumps({**content, "id": plan_file.sign(content, KEY)}))


@pytest.mark.parametrize(
    "beside",
    [
        ["--prune"],
        ["--target", "INV-1"],
        ["--mailed", "INV-1"],
        ["--not-mailed", "INV-1"],
        ["invoices/INV-1.yaml"],
        ["it.plan"],
    ],
)
def test_what_a_saved_plan_cannot_honour_is_refused_and_not_ignored(shell: Shell, beside: list[str]) -> None:
    why = refused(shell, "plan-alone", *beside)
    assert (beside[0] if beside[0].startswith("--") else "other files") in why
    assert shell("apply", "it.plan") == 0


def test_a_word_for_an_environment_that_is_none_is_not_the_real_account(shell: Shell, plan: Path) -> None:
    for word in ("Sandbox", "staging", "production ", ""):
        forge(plan, lambda content, word=word: content.update(environment=word))
        refused(shell, "plan-unreadable")


def test_a_plan_is_about_files_of_its_folder_whoever_signed_it(shell: Shell, plan: Path) -> None:
    secret = shell.root.parent / "secret.yaml"
    secret.write_text("password: hunter2\n")
    for path in (str(secret), "../secret.yaml", "invoices/../../secret.yaml", ".."):
        forge(plan, lambda content, path=path: content["saved"].update(paths=[path]))
        assert "hunter2" not in refused(shell, "plan-unreadable")


def test_the_journal_of_the_machine_that_applies_is_not_compared(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine without the journal says of each draft that it may be somebody else's: no other plan."""
    assert shell("apply", "--auto-approve", "--target", "INV-1") == 0
    definition = shell.root / "invoices" / "INV-1.yaml"
    definition.write_text(definition.read_text().replace("quantity: 2", "quantity: 3"))
    assert shell("plan", "--out", "it.plan") == 0
    assert "not in the journal" not in shell.out
    monkeypatch.setenv("PENNYFORM_STATE", str(tmp_path / "another machine"))
    assert shell("plan") == 0
    assert "not in the journal" in shell.out
    assert shell("apply", "it.plan") == 0, shell.err


def test_what_only_a_journal_knows_of_a_mail_is_not_compared(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine without the journal cannot say whether an invoice was mailed: no other plan either."""
    customer = shell.root / "customers" / "acme.yaml"
    customer.write_text(customer.read_text() + "emails: [accounts@acme.example]\n")
    definition = shell.root / "invoices" / "INV-2.yaml"
    definition.write_text(
        definition.read_text().replace("finalize: true", "finalize: true\n  send_by_email: true")
    )
    monkeypatch.setattr("pennyform.sandbox.Sandbox", partial(Sandbox, rules=Rules(pdf_seconds=0.0)))
    assert shell("apply", "--auto-approve", "--target", "INV-2") == 0, shell.err
    journal = os.environ["PENNYFORM_STATE"]
    monkeypatch.setenv("PENNYFORM_STATE", str(tmp_path / "another machine"))
    assert shell("plan", "--out", "it.plan") == 0
    assert "whether it was mailed is not known" in shell.out
    monkeypatch.setenv("PENNYFORM_STATE", journal)
    assert shell("apply", "it.plan") == 0, shell.err


def less(change: Plan) -> None:
    change["totals"]["currency_amount"] = "1.00"


FORGERIES: dict[str, Callable[[Plan], object]] = {
    "another amount": lambda plan: less(plan["changes"][3]),
    "nothing final": lambda plan: plan["changes"][3].update(irreversible=False),
    "an invoice left out": lambda plan: plan["changes"].pop(),
    "an invoice twice": lambda plan: plan["changes"].append(plan["changes"][2]),
    "another sum": lambda plan: plan["money"]["changing"][0].update(currency_amount="1.00"),
    "fewer to create": lambda plan: plan["summary"].update(irreversible=0),
    "another company": lambda plan: plan["company"].update(id=7),
    "another name": lambda plan: plan["company"].update(name="Other SAS"),
    "another rounding": lambda plan: plan.update(rounding="document"),
    "an older program": lambda plan: plan.update(pennyform="0.0.1"),
    "a newer format": lambda plan: plan.update(format_version=2),
    "other schemas": lambda plan: plan["saved"].update(schemas="0" * 64),
    "another definition": lambda plan: plan["saved"]["files"].update({"invoices/INV-1.yaml": "0" * 64}),
    "a definition less": lambda plan: plan["saved"]["files"].popitem(),
    "a part of the files": lambda plan: plan["saved"].update(paths=["invoices/INV-1.yaml"]),
    "a target": lambda plan: plan["saved"].update(targets=["INV-1"]),
    "an account that held something": lambda plan: plan["saved"]["remote"].update({"invoice INV-1": "0"}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_plan_is_refused_though_its_checksum_fits(shell: Shell, plan: Path, forgery: str) -> None:
    forge(plan, FORGERIES[forgery])
    refused(shell, "plan-")


NONSENSE: dict[str, Callable[[Plan], object]] = {
    "no binding": lambda plan: plan.pop("saved"),
    "a binding of nothing": lambda plan: plan.update(saved={}),
    "numbers for paths": lambda plan: plan["saved"].update(paths=[1]),
    "a list for files": lambda plan: plan["saved"].update(files=[]),
    "text for a truth": lambda plan: plan["saved"].update(prune="yes"),
    "an unknown key": lambda plan: plan["saved"].update(extra=1),
    "a name for a company": lambda plan: plan.update(company="ACME"),
    "changes without a name": lambda plan: plan.update(changes=[{}]),
    "a number for an environment": lambda plan: plan.update(environment=3),
    "no version": lambda plan: plan.pop("pennyform"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_no_plan(shell: Shell, plan: Path, what: str) -> None:
    forge(plan, NONSENSE[what])
    refused(shell, "plan-unreadable")


@pytest.mark.parametrize("found", ['"é', '"\\ud800'])
def test_letters_that_no_signature_has(shell: Shell, plan: Path, found: str) -> None:
    plan.write_text(plan.read_text().replace('"id": "', f'"id": {found}'))
    refused(shell, "plan-")
    plan.write_text(plan.read_text().replace('"name": "', f'"name": {found}'))
    refused(shell, "plan-")


def test_what_has_no_end_is_no_plan(shell: Shell, plan: Path) -> None:
    plan.write_text("[" * 200_000)
    refused(shell, "plan-unreadable")


def test_a_key_that_is_there_twice_shows_a_reviewer_something_else(shell: Shell, plan: Path) -> None:
    plan.write_text(plan.read_text().replace("{", '{"environment": "sandbox",', 1))
    assert "the key 'environment' stands twice" in refused(shell, "plan-unreadable")


def test_another_environment_is_another_account(shell: Shell, plan: Path) -> None:
    forge(plan, lambda content: content.update(environment="production"))
    assert "it was made for Sandbox SAS (production)" in refused(shell, "plan-stale", "--sandbox")


def test_another_company_is_another_account(shell: Shell) -> None:
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    sandbox.rename_company(sandbox.companies()[0].id, "Other SAS")
    sandbox.close()
    assert "it was made for Sandbox SAS" in refused(shell, "plan-stale")


def test_another_pennyform_makes_its_own_plans(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "__version__", "99.0")
    assert "it was made by pennyform" in refused(shell, "plan-stale")


def test_settings_are_definitions_too(shell: Shell) -> None:
    settings = shell.root / "pennyform.yaml"
    settings.write_text(settings.read_text() + "policies:\n  max_invoices: 900\n")
    assert "pennyform.yaml" in refused(shell, "plan-stale")


def test_a_journal_that_was_damaged_may_have_forgotten_that_a_plan_was_used(shell: Shell, plan: Path) -> None:
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    before = sandbox.copy()
    assert shell("apply", "it.plan") == 0
    (journal,) = (shell.root / ".pennyform" / "journal").glob("*.jsonl")
    damaged = bytearray(journal.read_bytes())
    damaged[40] ^= 1
    journal.write_bytes(damaged)
    sandbox.restore(before)
    sandbox.close()
    why = refused(shell, "plan-stale", "--repair-journal")
    assert "which may have forgotten" in why
    assert shell("plan", "--out", "again.plan") == 0
    assert shell("apply", "again.plan") == 0
    assert set(shell.books()) == {"INV-1", "INV-2"}


def test_a_plan_that_somebody_else_saved_is_refused(shell: Shell, plan: Path) -> None:
    """Whoever can put a file into a repository can put a plan there, but not the user's key."""
    content = json.loads(plan.read_text())
    del content["id"]
    content["saved"]["nonce"] = "00" * 16
    for made_up in (plan_file.sign(content, b""), plan_file.digest(content)):
        plan.write_text(json.dumps({**content, "id": made_up}))
        assert "saved by somebody else" in refused(shell, "plan-changed")


# --- saving -------------------------------------------------------------------------------------------------


def test_a_plan_holds_no_secret_and_no_link(shell: Shell, plan: Path) -> None:
    shell("apply", "it.plan")
    definition = shell.root / "invoices" / "INV-1.yaml"
    definition.write_text(definition.read_text().replace("quantity: 2", "quantity: 3"))
    assert shell("plan", "--out", "it.plan") == 0
    text = plan.read_text()
    assert '"update"' in text
    assert "http" not in text
    assert f'"{TOKEN}-' not in text
    assert plan.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("name", "why"), [("it.yaml", "definition"), (".", "no regular file")])
def test_a_plan_has_a_file_of_its_own(shell: Shell, name: str, why: str) -> None:
    assert shell("plan", "--out", name) == 1
    assert "plan-not-saved" in shell.err
    assert why in shell.err


def test_a_plan_that_could_not_be_read_again_is_not_saved(
    shell: Shell, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_file, "PLAN_BYTES", plan.stat().st_size - 1)
    refused(shell, "plan-unreadable")
    plan.unlink()
    assert shell("plan", "--out", "it.plan") == 1
    assert "is the limit" in shell.err
    assert not list(shell.root.glob("it.plan*"))


def test_a_full_disk_leaves_the_old_plan(shell: Shell, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        assert shell("plan", "--out", "it.plan") == 1
    assert "No space left" in shell.err
    assert plan.read_bytes() == before
    assert [path.name for path in shell.root.glob("it.plan*")] == ["it.plan"]


def test_it_is_bound_to_the_card_of_a_customer_that_is_only_in_the_account(shell: Shell) -> None:
    assert shell("apply", "--auto-approve", "--target", "INV-1") == 0
    (shell.root / "customers" / "acme.yaml").unlink()
    assert shell("plan", "--out", "it.plan") == 0
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    with raw(sandbox) as caller:
        (customer,) = caller.get(f"{API}/customers").json()["items"]
        path = f"{API}/company_customers/{customer['id']}"
        caller.put(path, json={"recipient": "Purchasing"}).raise_for_status()
    sandbox.close()
    assert shell("apply", "it.plan") == 1
    assert "the account changed since it was made: invoice INV-2" in shell.err


def resume(plan: Path) -> None:
    """What a worker does for an approved plan whose job was tried before."""
    terminal, runtime = Terminal.system(), Runtime.system()
    saved = apply.read_plan(plan, terminal, runtime)
    targets = TargetOptions((plan,), None, None)
    asked = ApplyOptions(targets, "json", True, None, None, 0, (), (), False, None)
    options = apply.options_of(saved, asked)
    repository = load_repository(options.targets, terminal, runtime)
    run = apply.ApplyRun(options, saved, terminal, runtime, lambda: False, without_progress, resumed=True)
    apply.apply_repository(repository, run, lambda *_: None)


def _begin(saved: plan_file.SavedPlan) -> None:
    """Note in the journal that ``saved`` was begun."""
    name = f"{saved.binding.service}-{saved.document.company.id}"
    store = FolderJournals(state_folder(os.environ, os.urandom), Runtime.system()).of(name)
    with store.hold(lambda _: False):
        store.open().write(PlanUsed(plan=saved.id))


@pytest.mark.parametrize("is_begun", [False, True])
def test_the_rest_of_a_plan_is_what_was_approved(shell: Shell, plan: Path, *, is_begun: bool) -> None:
    """Somebody raises a price in the account after the job was taken and before it did anything."""
    (shell.root / "products" / "day.yaml").unlink()
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    with raw(sandbox) as caller:
        body = {
            "external_reference": "DAY",
            "label": "Day",
            "price_before_tax": "100.00",
            "vat_rate": "FR_200",
        }
        product = caller.post(f"{API}/products", json={**body, "unit": "day"}).raise_for_status().json()
        assert shell("plan", "--out", "it.plan") == 0, shell.err
        caller.put(f"{API}/products/{product['id']}", json={"price_before_tax": "900.00"}).raise_for_status()
    sandbox.close()
    saved = plan_file.read(plan, KEY)
    if is_begun:
        _begin(saved)
    with pytest.raises(Failure, match="account changed"):
        resume(plan)
    assert not shell.books()


def test_the_rest_of_a_plan_is_done_after_its_customer_was_created(shell: Shell, plan: Path) -> None:
    """What the account adds to a customer, such as a language, is nothing that was approved otherwise."""
    saved = plan_file.read(plan, KEY)
    assert shell("apply", "--auto-approve", "--target", "INV-1") == 0, shell.err
    _begin(saved)
    resume(plan)
    assert sorted(shell.books()) == ["INV-1", "INV-2"]
