"""The dated contracts in ``history/``: read, and written from what the vendor published."""

from __future__ import annotations

import gzip
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pennyform.spec.document.load import load
from pennyform.spec.pin import pin

FOLDER = Path(__file__).parent / "history"


@cache
def contract(name: str) -> dict[str, Any]:
    """A dated contract, ``company-2026-07-20`` for example. Shared: not to be changed in place."""
    document: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return document


def write(api: str, source: Path) -> Path:
    """Pin a published contract and keep it here."""
    pinned, _ = pin(load(source).document, api=api)
    path = FOLDER / f"{api}-{source.stem}.json.gz"
    path.write_bytes(gzip.compress(json.dumps(pinned, separators=(",", ":")).encode("ascii"), 9, mtime=0))
    return path


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        sys.stdout.write(f"{write(sys.argv[1], Path(argument))}\n")
