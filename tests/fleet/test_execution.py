"""What ends an attempt and may be otherwise the next time is tried again, and nothing else is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pennyform.cli.commands.fleet import execution
from pennyform.cli.definitions import explain
from pennyform.cli.terminal import Exit
from pennyform.engine.account.errors import AmbiguousError, NotSentError, OutcomeError
from pennyform.engine.applying.finalization import UNREADABLE


@pytest.mark.parametrize(
    ("detail", "is_retried"),
    [(UNREADABLE.format("getCustomers: no usable answer"), True), ("422 the label is too long", False)],
)
def test_an_answer_that_was_lost_is_asked_for_again(
    detail: str, is_retried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution.apply, "exit_of", lambda _: Exit.ERROR)
    monkeypatch.setattr(execution, "json_data", lambda _: None)
    document = SimpleNamespace(results=[SimpleNamespace(status="failed", detail=detail)], final=[])
    report: Any = SimpleNamespace(document=lambda: document, stopped="", interrupted=False)
    assert execution._result_of(report).retry is is_retried


@pytest.mark.parametrize(
    ("problem", "is_retried"), [(AmbiguousError("two"), False), (NotSentError("no"), True)]
)
def test_two_records_of_one_reference_are_for_a_person(problem: OutcomeError, is_retried: bool) -> None:
    _, (finding,) = explain(problem)
    assert (finding.rule in execution._MAY_PASS) is is_retried
