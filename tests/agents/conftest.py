from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import firm
from tests.engine.world import CUSTOMER, invoice

from .conversation import SETTINGS, write

__all__ = ["firm"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a draft, INV-1."""
    monkeypatch.setattr("os.fsync", lambda handle: None)
    root = tmp_path / "repository"
    write(root, "pennyform.yaml", SETTINGS)
    write(root, "customers/acme.yaml", CUSTOMER)
    write(root, "invoices/INV-1.yaml", invoice("INV-1"))
    return root
