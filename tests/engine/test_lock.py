from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pennyform.engine.journal.lock import LockHeldError, hold

_HOLD = """
import sys, time
from pathlib import Path
from pennyform.engine.journal.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with hold(tmp_path / "lock"), pytest.raises(LockHeldError, match=r"process \d+"), hold(tmp_path / "lock"):
        pass
    with hold(tmp_path / "lock"):
        pass


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError, match=str(holder.pid)), hold(path):
            pass
        holder.kill()
        holder.wait()
        with hold(path):
            pass


def test_whoever_waits_is_asked_each_time_and_gets_it_in_the_end(tmp_path: Path) -> None:
    path, asked = tmp_path / "lock", []
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        def patient(problem: LockHeldError) -> bool:
            asked.append(str(problem))
            if len(asked) == 3:
                holder.kill()
                holder.wait()
            return True

        with hold(path, patient):
            assert set(asked) == {f"process {holder.pid}"}
            assert len(asked) >= 3
