"""A sample of the campaign that ``nox -s crash`` carries out whole; and that its checks bite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.world import API, raw

from . import scene
from .damage import History, middle_of, places_in

ROOT = Path(__file__).parents[2]
NO_LEAVE = 77
_SAMPLE = f"""
import sys
from pathlib import Path
from tests.crash.kills import campaign
from tests.crash.ptrace import available
if not available():
    sys.exit({NO_LEAVE})
with campaign(Path(sys.argv[1])) as one:
    for number in map(int, sys.argv[2:]):
        one.kill_at(number)
    assert one.tally.points > 1
"""


def test_killed_at_a_system_call_each_reference_is_there_once(tmp_path: Path) -> None:
    # There are more than 500 stops.
    run([sys.executable, "-c", _SAMPLE, str(tmp_path), *map(str, (20, 81, 151, 222, 302, 373))])


# A mail whose intent is written down only after it was sent; killed as soon as the server has sent it.
_PLANTED = f"""
import shutil, sys
from pathlib import Path
from pennyform.engine.applying.context import JournalledSender
from tests.crash.kills import FailureAtError, campaign
from tests.crash.ptrace import available
if not available():
    sys.exit({NO_LEAVE})
send = JournalledSender.send

def late(self, subject, step, request, *more, **named):
    if step != "send_by_email":
        return send(self, subject, step, request, *more, **named)
    answer = request()
    send(self, subject, step, lambda: answer, *more, **named)

JournalledSender.send = late
with campaign(Path(sys.argv[1])) as one:
    try:
        one.kill_when(lambda stop: one.service.mailed() > 0)
    except FailureAtError as problem:
        sys.exit("2 mails" not in str(problem))
sys.exit("nobody noticed")
"""


def test_the_campaign_notices_an_intent_that_comes_too_late(tmp_path: Path) -> None:
    run([sys.executable, "-c", _PLANTED, str(tmp_path)])


def run(command: list[str]) -> None:
    """Run a script in a process of its own, so that forking is safe."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == NO_LEAVE:
        pytest.skip("no leave to trace a child here")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return History.of(tmp_path / "repository")


def test_a_journal_cut_short_anywhere_is_enough(history: History) -> None:
    assert history.prefixes(step=13) > 500
    for number in range(0, len(history.moments) - 1, 9):
        history.resume_cut(history.moments[number], middle_of(history, number))
        history.resume_cut(history.moments[number], b"", lost=True)


def test_a_damaged_journal_never_leads_to_a_wrong_step(history: History) -> None:
    assert history.flips(step=61) > 1000
    for number in (0, len(history.moments) // 2, len(history.moments) - 2):
        for place in places_in(history, number):
            history.resume_damaged(place)


def test_the_oracle_sees_a_missing_invoice_and_a_wrong_cent(history: History) -> None:
    sandbox = history.office.sandbox
    assert scene.complaints(sandbox) == []
    drafts = {
        name: f"{API}/customer_invoices/{rows[0]['id']}" for name, rows in history.office.books().items()
    }
    with raw(sandbox) as caller:
        discount = {"discount": {"type": "absolute", "value": "0.01"}}
        caller.put(drafts["INV-5"], json=discount).raise_for_status()
        assert "359.99" in scene.complaints(sandbox)[0]
        sandbox.restore(history.moments[-1].books)
        caller.delete(drafts["INV-2"]).raise_for_status()
        assert "INV-2" not in scene.complaints(sandbox)[0]
