"""Real disks, full or read-only: a clear error before anything is sent, and nothing lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pennyform.sandbox.background_server import Served

from .live import applying, expected

_LIMITED = """
import os, resource, sys
size = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
os.execv(sys.argv[2], sys.argv[2:])
"""


def largest_file(size: int) -> Sequence[str]:
    """Runs a command that cannot let a file grow beyond ``size`` bytes."""
    return [sys.executable, "-c", _LIMITED, str(size)]


def mounted(options: str) -> Sequence[str]:
    """Runs a command in a folder whose ``.pennyform`` is a small disk of its own."""
    script = f'mount -t tmpfs -o mode=700,{options} tmpfs .pennyform && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]


def writes(served: Served) -> list[str]:
    """What changed the account."""
    return [entry.target for entry in served.sandbox.log.since() if entry.method != "GET"]


@pytest.mark.parametrize(("size", "sent"), [(0, 0), (100, 0), (500, 1)])
def test_a_disk_that_is_full_stops_before_anything_is_sent(
    template: Path, served: Served, size: int, sent: int
) -> None:
    with applying(served, template, under=largest_file(size)) as process:
        said = process.communicate()[0]
    assert process.returncode == 1
    assert "cannot be written: [Errno 27] File too large" in said
    # There is room for the record of the run and the first intent in 500 bytes, and not for what came of it.
    assert len(writes(served)) == sent
    with applying(served, template) as process:
        said = process.communicate()[0]
    assert process.returncode == 0, said
    assert expected(served)


@pytest.mark.parametrize(
    ("options", "why"),
    [("ro", "Read-only file system"), ("size=4k", "No space left on device")],
    ids=["read-only", "full"],
)
def test_a_disk_of_its_own(template: Path, served: Served, options: str, why: str) -> None:
    allowed = (
        shutil.which("unshare")
        and not subprocess.run(
            [*mounted("size=4k"), "true"], cwd=template, capture_output=True, check=False
        ).returncode
    )
    if not allowed:
        pytest.skip("no leave to mount a disk here")
    with applying(served, template, under=mounted(options)) as process:
        said = process.communicate()[0]
    assert process.returncode == 1
    assert why in said
    assert "Traceback" not in said
    assert not writes(served)
