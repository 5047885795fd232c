"""What the vendor has changed, as ``spec fetch`` and ``generate`` end with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def print_changes(
    old: dict[str, Any], new: dict[str, Any], *, names: tuple[str, str], against: Sequence[Path] = ()
) -> None:
    """Print how two pinned contracts differ for those who call them.

    Args:
        old: the contract there was.
        new: the contract there is.
        names: what to call the two.
        against: files and folders to look through for uses of what changed.
    """
    from pennyform.cli.commands.spec_diff import look_through
    from pennyform.cli.terminal import output
    from pennyform.report.contract_diff import text as contract_diff_text
    from pennyform.report.shared.ansi import Paint
    from pennyform.spec.diff import compare
    from pennyform.spec.diff.report.data import report_data

    changes = compare(old, new)
    searched = look_through(changes, list(against), (old, new)) if against else None
    data = report_data(changes, old=names[0], new=names[1], accepted={}, searched=searched)
    paint = Paint(output.style(sys.stdout, no_color=False).colour)
    sys.stdout.write(output.printable("\n" + contract_diff_text.render(data, paint), sys.stdout))
