from __future__ import annotations

from tests.engine.conftest import firm

__all__ = ["firm"]
