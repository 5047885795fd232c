from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pennyform.sandbox import Rules, Sandbox
from pennyform.sandbox.background_server import Served

from tests.engine.world import PRODUCT, Office


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Three invoices, a customer and a product, of which nothing exists yet."""
    office = Office(tmp_path / "template")
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True)
    office.define("INV-2", lines="  - product: DAY\n    quantity: 3\n")
    office.define("INV-3", finalize=True)
    office.close()
    return office.root


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    sandbox = Sandbox(tmp_path / "books.db", rate_limit=False, rules=Rules(pdf_seconds=0.0))
    with Served(sandbox) as served:
        yield served
    sandbox.close()
