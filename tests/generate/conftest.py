"""A small checkout of its own: one contract, one template, an emitter that is quick."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pennyform import data
from pennyform.codegen import generation
from pennyform.findings import Finding, Severity
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.spec.document.load import Source
from pennyform.spec.pin.fetch import pin_source, write_pinned
from pennyform.spec.pin.store import Store

OPERATION = {"operationId": "getMe", "responses": {"204": {"description": ""}}}
CONTRACT = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "paths": {"/v1/me": {"get": OPERATION}},
}


class Checkout:
    """The folders of a checkout, and what its emitter gives for each API."""

    def __init__(self, root):
        self.root = root
        self.generated = root / "generated"
        self.store = Store(root / "specs")
        self.templates = root / "templates"
        self.runs = 0
        self.emitted = {"client/a.py": b"a = 1\n", "client/sub/b.py": b"b = 1\n", "schemas/c.json": b"{}\n"}

    def emit(self, contract, templates, **_):
        """Stands in for the emitters: what they give is tested elsewhere."""
        self.runs += 1
        return dict(self.emitted)

    def pin(self, api, document=CONTRACT):
        source = Source(f"{api}.json", json.dumps(document).encode(), document)
        write_pinned(pin_source(source, api=api, day=date(2026, 7, 20)), api=api, store=self.store)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    made = Checkout(tmp_path)
    made.templates.mkdir()
    (made.templates / "one.jinja").write_text("text")
    made.pin("example")
    # The table of rules is read from the templates too, once: before the templates are others.
    list(with_rule_texts([Finding("any-rule", Severity.ERROR, "read the table")]))
    monkeypatch.setattr(data, "checkout", lambda: tmp_path)
    monkeypatch.setattr(data, "specs", lambda: made.store.folder)
    monkeypatch.setattr(data, "templates", lambda: made.templates)
    monkeypatch.setattr(generation, "emit_all", made.emit)
    return made
