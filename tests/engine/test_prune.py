"""Drafts that left the repository: deleted when asked to, ours only, and only while they are drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.cli import main
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime
from pennyform.findings import Finding
from pennyform.invoices import Repository, load

from .world import API, Fault, Handler, Office, Trick, lost_after, lost_before, only, raw, statuses


def prefixed(repository: Repository) -> Repository:
    """The folder whose references begin with ``A-``."""
    return repository._replace(settings=repository.settings._replace(reference_prefix="A-"))


@pytest.fixture
def ours(office: Office) -> Office:
    """Two drafts of ours and a final invoice left the folder; a draft of others is there too."""
    references = ("A-INV-1", "A-INV-2", "A-INV-3", "B-OTHERS")
    for reference in (*references, "A-STAYS"):
        office.define(reference, finalize=reference == "A-INV-3")
    office.apply()
    for reference in references:
        (office.root / "invoices" / f"{reference}.yaml").unlink()
    office.adjust = prefixed
    office.wire.sent.clear()
    return office


def test_only_with_prune_and_only_our_drafts(ours: Office) -> None:
    assert not ours.plan().pending
    ours.apply()
    assert len(ours.books()) == 5
    found = statuses(ours.apply(prune=True))
    assert found == {"ACME": "unchanged", "A-INV-1": "done", "A-INV-2": "done", "A-STAYS": "unchanged"}
    assert set(ours.books()) == {"A-INV-3", "A-STAYS", "B-OTHERS"}
    assert ours.wire.done("finalize") == 1


def test_a_draft_that_was_finalized_or_changed_meanwhile_stays(ours: Office) -> None:
    ids = {reference: only(rows)["id"] for reference, rows in ours.books().items()}

    def meddling(request: httpx.Request, handle: Handler) -> httpx.Response:
        answer = handle(request)
        with raw(ours.sandbox) as caller:
            caller.put(f"{API}/customer_invoices/{ids['A-INV-1']}/finalize").raise_for_status()
            label = {"label": "By hand"}
            caller.put(f"{API}/customer_invoices/{ids['A-INV-2']}", json=label).raise_for_status()
        return answer

    # One look-up by reference, then the drafts are listed.
    ours.wire.faults = [Fault("GET", "customer_invoices", meddling, skip=1)]
    found = statuses(ours.apply(prune=True))
    assert (found["A-INV-1"], found["A-INV-2"]) == ("failed", "failed")
    assert len(ours.books()) == 5


@pytest.mark.parametrize("trick", [lost_before, lost_after])
def test_an_ambiguous_deletion_is_settled_by_the_next_apply(ours: Office, trick: Trick) -> None:
    ours.wire.faults = [Fault("DELETE", r"\d+", trick)]
    assert statuses(ours.apply(prune=True))["A-INV-1"] == "unknown"
    ours.apply(prune=True)
    assert set(ours.books()) == {"A-INV-3", "A-STAYS", "B-OTHERS"}


def test_without_a_prefix_nobody_can_say_whose_a_draft_is(office: Office) -> None:
    office.define("INV-1")
    with pytest.raises(PlanRejectedError, match="reference_prefix"):
        office.apply(prune=True)
    assert office.books() == {}


def test_a_part_of_the_repository_prunes_nothing(
    ours: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours.close()
    monkeypatch.chdir(ours.root)

    def load_prefixed(paths: Sequence[str | Path], **settings: Any) -> tuple[Repository, list[Finding]]:
        repository, findings = load(paths, **settings)
        return prefixed(repository), findings

    runtime = replace(Runtime.system(), load_definitions=load_prefixed)

    def run(*words: str) -> int:
        return main(words, runtime=runtime)

    stays = str(Path("invoices") / "A-STAYS.yaml")
    for words in (["plan", stays, "--prune"], ["apply", ".", "--prune", "--target", "A-STAYS"]):
        assert run(*words, "--sandbox") == 1
        assert "prune-partial" in capsys.readouterr().err
    assert run("plan", "--prune", "--out", "a.plan") == 0
    assert "invoice A-INV-1 (draft" in capsys.readouterr().out
    assert run("apply", "a.plan") == 0
    assert "deleted (id" in capsys.readouterr().out
    ours.reopen(ours.rules)
    assert set(ours.books()) == {"A-INV-3", "A-STAYS", "B-OTHERS"}
