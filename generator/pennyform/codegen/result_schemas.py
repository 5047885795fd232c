"""JSON Schemas of what commands report: from the types that they report, and from no contract."""

from __future__ import annotations

import json

from pennyform.results.documents import DOCUMENTS, json_schema


def emit() -> dict[str, bytes]:
    """Each document's schema by its path below ``generated/``: ``schemas/results/<name>.schema.json``."""
    return {
        f"schemas/results/{name}.schema.json": (
            json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"
        ).encode()
        for name in DOCUMENTS
    }
