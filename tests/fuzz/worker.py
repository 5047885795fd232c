"""One fuzzing process: ``python -m tests.fuzz.worker TARGET [libFuzzer's arguments]``.

The modules under test are instrumented while they are imported, so that atheris sees which branches an input
takes.
"""

from __future__ import annotations

import sys

import atheris

from .targets import TARGETS

_INSTRUMENTED = ["pennyform", "pennylane_company", "pypdf", "h11", "tests.fuzz.readers"]


def main() -> None:
    """Fuzz, or minimise a corpus; libFuzzer ends the process."""
    name, *arguments = sys.argv[1:]
    target = TARGETS[name]
    with atheris.instrument_imports(include=_INSTRUMENTED):
        run = target.run
    atheris.Setup([sys.argv[0], f"-max_len={target.longest}", *arguments], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
