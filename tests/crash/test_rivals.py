"""Two applies to one company at once, on one machine and on two."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from pennyform.sandbox.background_server import Served
from pennyform.sandbox.request_log import Entry

from .live import applying, expected
from .rivals import Rivalry

TRY_LATER = 75


def stop_at_first_write(served: Served, process: subprocess.Popen[str]) -> None:
    """Stop the process, as Ctrl-Z would, while its first write is being answered."""

    def stop(entry: Entry) -> None:
        if entry.method == "POST":
            served.sandbox.log.listeners.remove(stop)
            process.send_signal(signal.SIGSTOP)

    served.sandbox.log.listeners.append(stop)


def until_stopped(process: subprocess.Popen[str]) -> None:
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def test_the_second_apply_on_one_machine_says_so_and_leaves(template: Path, served: Served) -> None:
    with applying(served, template) as one:
        stop_at_first_write(served, one)
        until_stopped(one)
        with applying(served, template) as other:
            said = other.communicate()[0]
        assert other.returncode == TRY_LATER
        assert f"another apply to this company is under way (process {one.pid})" in said
        one.send_signal(signal.SIGCONT)
        said = one.communicate()[0]
        assert one.returncode == 0, said
    assert expected(served)


def test_the_second_apply_on_one_machine_may_wait(template: Path, served: Served) -> None:
    with applying(served, template) as one:
        stop_at_first_write(served, one)
        until_stopped(one)
        with applying(served, template, "--lock-timeout", "600") as other:
            assert other.stdout is not None
            line = other.stdout.readline()
            assert f"waiting for another apply to this company (process {one.pid})" in line
            one.send_signal(signal.SIGCONT)
            assert "No changes." in other.communicate()[0]
        assert (one.wait(), other.returncode) == (0, 0)
    assert expected(served)


def test_two_machines_at_once_leave_each_reference_once(
    template: Path, tmp_path: Path, served: Served
) -> None:
    """Whatever their requests meet: the books are right, and both can go on."""
    rival = tmp_path / "rival"
    shutil.copytree(template, rival)
    with applying(served, template) as one, applying(served, rival) as other:
        outputs = [one.communicate()[0], other.communicate()[0]]
        # The slower one may have been refused something (1), have read an invoice back while the other one
        # wrote it (3), or not know what came of it (5), and says so.
        assert {one.returncode, other.returncode} <= {0, 1, 3, 5}, outputs
    for root in (template, rival):
        with applying(served, root) as again:
            said = again.communicate()[0]
        assert again.returncode == 0, said
    assert expected(served)


@pytest.mark.parametrize("before", [True, False])
def test_another_machine_applies_in_the_middle_of_an_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    rivalry = Rivalry(tmp_path)
    for number in range(3, 36, 7):
        assert rivalry.meet(number, before=before)
