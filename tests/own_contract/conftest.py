"""Repositories that own their contract, with a cache and a state of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main

from .newer import newer, publish

CUSTOMER = """\
external_reference: ACME
name: Acme SARL
emails: [accounts@client.example]
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""
INVOICE = """\
external_reference: INV-1
customer: ACME
date: 2026-11-20
deadline: 2026-12-20
{more}invoice_lines:
  - label: Work
    quantity: 2
    unit: hour
    raw_currency_unit_price: "100.00"
    vat_rate: {vat_rate}
"""
# What the contract of `newer` has more.
NEWER = (
    INVOICE.format(more="purchase_order_reference: PO-7\n", vat_rate="FR_225") + "    carbon_grams: 12.5\n"
)
PLAIN = INVOICE.format(more="", vat_rate="FR_200")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: the same contract is worked out once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that owns the contract of this pennyform, being the working directory."""
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("PENNYFORM_STATE", str(tmp_path / "state"))
    assert main(["spec", "init", "--package", "acme_pennylane"]) == 0
    define(root, PLAIN)
    return root


@pytest.fixture
def pin(folder: Path, tmp_path: Path) -> Callable[..., None]:
    """Pins another contract, that of ``newer`` when none is named."""

    def pin(document: dict[str, Any] | None = None, day: str = "2026-11-23") -> None:
        file = publish(document or newer(), tmp_path, day)
        assert main(["spec", "fetch", "--api", "company", "--from", str(file)]) == 0

    return pin


def define(root: Path, invoice: str) -> None:
    for name, text in {"customers/acme.yaml": CUSTOMER, "invoices/one.yaml": invoice}.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
