"""What ends an attempt and may be otherwise the next time is tried again, and nothing else is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pennyform.cli.commands.fleet import execution
from pennyform.cli.definitions import explain
from pennyform.cli.terminal import Exit
from pennyform.engine.account.errors import AmbiguousError, NotSentError, OutcomeError


@pytest.mark.parametrize("reading_failed", [True, False])
def test_a_reading_that_failed_is_tried_again(reading_failed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution.apply, "exit_of", lambda _: Exit.ERROR)
    monkeypatch.setattr(execution, "json_data", lambda _: None)
    document = SimpleNamespace(results=[SimpleNamespace(status="failed", detail="")], final=[])
    results = [SimpleNamespace(reading_failed=False), SimpleNamespace(reading_failed=reading_failed)]
    report: Any = SimpleNamespace(document=lambda: document, results=results, stopped="", interrupted=False)
    assert execution._result_of(report).retry is reading_failed


@pytest.mark.parametrize(
    ("problem", "is_retried"), [(AmbiguousError("two"), False), (NotSentError("no"), True)]
)
def test_two_records_of_one_reference_are_for_a_person(problem: OutcomeError, is_retried: bool) -> None:
    _, (finding,) = explain(problem)
    assert (finding.rule in execution._MAY_PASS) is is_retried
