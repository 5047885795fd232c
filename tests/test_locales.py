"""Amounts and days as a language writes them, and as definitions do where Babel is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from pennyform import locales
from pennyform.extras import missing_packages
from pennyform.locales import formats
from pennyform.report.plan import html as plan_html
from pennyform.results.plan import PlanDocument

PLAN = Path(__file__).parent / "engine" / "cases" / "first" / "plan.json"
AMOUNT, DAY = Decimal("-1234567.80"), date(2026, 1, 31)


@pytest.fixture
def _no_babel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(locales, "missing_packages", lambda *_: ["babel"])
    formats.cache_clear()
    yield
    formats.cache_clear()


def _shown(language: str, currency: str = "EUR") -> list[str]:
    forms = formats(language, currency)
    shown = [forms.money(AMOUNT), forms.price(Decimal("0.12345")), forms.number(Decimal("1234.5"))]
    shown += [forms.percent(Decimal("5.5")), forms.day(DAY), forms.country("DE")]
    return [" ".join(text.split()) for text in shown]


@pytest.mark.skipif(bool(missing_packages("einvoice", ("babel",))), reason="needs pennyform[einvoice]")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", ["-1 234 567,80 €", "0,12345 €", "1 234,5", "5,5 %", "31 janvier 2026", "Allemagne"]),
        ("de", ["-1.234.567,80 €", "0,12345 €", "1.234,5", "5,5 %", "31. Januar 2026", "Deutschland"]),
        ("en", ["-€1,234,567.80", "€0.12345", "1,234.5", "5.5%", "31 January 2026", "Germany"]),
    ],
)
def test_values_as_a_language_writes_them(language: str, expected: list[str]) -> None:
    assert _shown(language) == expected


@pytest.mark.usefixtures("_no_babel")
def test_values_without_babel() -> None:
    plain = ["-1234567.80 EUR", "0.12345 EUR", "1234.5", "5.5 %", "2026-01-31", "DE"]
    assert _shown("de") == plain


@pytest.mark.usefixtures("_no_babel")
def test_the_page_of_a_plan_needs_no_extra() -> None:
    page = plan_html.render(msgspec.json.decode(PLAN.read_bytes(), type=PlanDocument))
    assert "Net à payer" in page
    assert "2721.48 EUR" in page
