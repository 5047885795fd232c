"""What is reviewed is what is issued: render, plan, its page and the books show the same, value by value."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main
from pennyform.cli.commands.definitions import render
from pennyform.locales import Formats, formats
from pennyform.report.plan import invoice_content
from pennyform.report.plan import text as plan_text
from pennyform.report.shared.layout import Layout
from pennyform.sandbox import Rules, Sandbox

from .shown_invoices import (
    ShownInvoice,
    ShownSum,
    add_up,
    read_books,
    read_page,
    read_planned_json,
    read_planned_text,
    read_rendered_json,
    read_rendered_text,
    read_sums_of_json,
    read_sums_of_page,
    read_sums_of_text,
    with_numbers,
)
from .world import API, raw, read_all

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases" / "agreement"
# The second is a repository of its own inside the first.
REPOSITORIES = [
    ROOT / "examples",
    ROOT / "examples" / "deposits",
    *map(CASES.__truediv__, ("templates", "money", "e-invoices")),
]
FIELDS = ("customer_reference", "customer_name", "date", "deadline", "currency", "discount", "amounts", "vat")


@dataclass(frozen=True)
class Outputs:
    """The invoices, by reference, and the sums that each output shows."""

    invoices: Mapping[str, Mapping[str, ShownInvoice]]
    sums: Mapping[str, Mapping[str, ShownSum]]

    def of(self, *references: str) -> Outputs:
        """The same for a few invoices only."""
        invoices = {
            name: {reference: shown[reference] for reference in references if reference in shown}
            for name, shown in self.invoices.items()
        }
        return Outputs(invoices, self.sums)

    def differences(self) -> list[str]:
        """Where two outputs do not say the same."""
        texts: list[str] = []
        for reference in sorted({reference for shown in self.invoices.values() for reference in shown}):
            invoices = {name: shown.get(reference) for name, shown in self.invoices.items()}
            missing = [name for name, invoice in invoices.items() if invoice is None]
            texts += [f"{reference}: not in {name}" for name in missing]
            shown = {name: invoice for name, invoice in invoices.items() if invoice}
            for field in FIELDS:
                texts += _unequal(f"{reference} {field}", {n: getattr(i, field) for n, i in shown.items()})
            sums_of_codes = {
                name: (
                    sum(base for base, _ in invoice.vat.values()),
                    sum(tax for _, tax in invoice.vat.values()),
                )
                for name, invoice in shown.items()
                if invoice.vat is not None
            }
            totals = {f"{name} in all": invoice.amounts[:2] for name, invoice in shown.items()}
            texts += _unequal(f"{reference} codes together", sums_of_codes | totals)
            # The page has the lines by section.
            in_order = {name: invoice.lines for name, invoice in shown.items() if name != "page"}
            texts += _unequal(f"{reference} lines", in_order)
            texts += _unequal(f"{reference} lines", {n: tuple(sorted(i.lines)) for n, i in shown.items()})
        amounts = {
            f"{name} in all": {c: row.amounts for c, row in sums.items()} for name, sums in self.sums.items()
        }
        amounts |= {f"{name} added up": add_up(shown.values()) for name, shown in self.invoices.items()}
        texts += _unequal("sums", amounts)
        return texts + _unequal("sums by VAT code", self.sums)


def _unequal(what: str, values: Mapping[str, Any]) -> list[str]:
    """A sentence when the values that are shown are not one."""
    shown = {name: value for name, value in values.items() if value is not None}
    first = next(iter(shown.values()), None)
    return [f"{what}: {shown}"] if any(value != first for value in shown.values()) else []


class Repository:
    """A repository of definitions in a folder of its own, with the embedded sandbox."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[str], copied: Path | None) -> None:
        self.root = root
        self.expected_codes = {0}
        self._capture = capture
        if copied:
            shutil.copytree(copied, root)
        else:
            root.mkdir()
            self.run("init")

    def run(self, *words: str) -> str:
        self._capture.readouterr()
        code = main([*words, str(self.root)])
        out, problems = self._capture.readouterr()
        assert code in self.expected_codes, problems
        return out

    def outputs(self) -> Outputs:
        """All outputs, then what apply makes of them."""
        invoices = {
            "render": read_rendered_text(self.run("render")),
            "render JSON": read_rendered_json(json.loads(self.run("render", "--format", "json"))),
        }
        plan = json.loads(self.run("plan", "--format", "json"))
        file = self.root.parent / "plan.html"
        text = self.run("plan", "--html", str(file))
        page = file.read_text(encoding="utf-8")
        invoices |= {
            "plan": read_planned_text(text),
            "plan JSON": read_planned_json(plan),
            "page": read_page(page),
        }
        sums = {
            "plan": read_sums_of_text(text),
            "plan JSON": read_sums_of_json(plan),
            "page": read_sums_of_page(page),
        }
        sums["apply"] = read_sums_of_text(self.run("apply", "--auto-approve"))
        books, numbers = self.books()
        named = {
            name: {invoice.reference: with_numbers(invoice, numbers) for invoice in shown}
            for name, shown in invoices.items()
        }
        return Outputs(named | {"books": {invoice.reference: invoice for invoice in books}}, sums)

    def books(self) -> tuple[list[ShownInvoice], dict[str, str]]:
        """The invoices of the account, and their numbers by reference."""
        sandbox = Sandbox(self.root / ".pennyform" / "sandbox.db", rate_limit=False)
        try:
            rows = list(read_all(sandbox, "/customer_invoices"))
            with raw(sandbox) as caller:

                def lines_of(id_: int) -> Any:
                    path = f"{API}/customer_invoices/{id_}/invoice_lines"
                    return caller.get(path, params={"limit": 100}).raise_for_status().json()["items"]

                lines = {row["id"]: lines_of(row["id"]) for row in rows}
            customers = {row["id"]: row for row in read_all(sandbox, "/customers")}
        finally:
            sandbox.close()
        numbers = {row["external_reference"]: row["invoice_number"] for row in rows}
        return list(read_books(rows, lines, customers)), numbers


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path | None], Repository]:
    monkeypatch.setenv("PENNYFORM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    return lambda copied: Repository(tmp_path / "repository", capsys, copied)


Make = Callable[[Path | None], Repository]


@pytest.mark.parametrize("copied", REPOSITORIES, ids=lambda path: path.name)
def test_every_output_shows_the_same(repository: Make, copied: Path) -> None:
    outputs = repository(copied).outputs()
    assert not outputs.differences(), "\n".join(outputs.differences())
    assert all(outputs.invoices.values())
    assert all(invoice.lines for shown in outputs.invoices.values() for invoice in shown.values())


def test_what_init_lays_out(repository: Make) -> None:
    outputs = repository(None).outputs()
    assert not outputs.differences(), "\n".join(outputs.differences())
    assert len(outputs.invoices["page"]) == 2


def rounding_by_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account rounds the tax of a document, not of its lines."""
    rounding = partial(Sandbox, rules=Rules(rounding="document"))
    monkeypatch.setattr("pennyform.sandbox.Sandbox", rounding)


def test_tax_rounded_by_document(repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rounding_by_document(monkeypatch)
    repository_ = repository(CASES / "money")
    settings = repository_.root / "pennyform.yaml"
    settings.write_text(settings.read_text() + "rounding: document\n")
    outputs = repository_.outputs()
    assert not outputs.differences(), "\n".join(outputs.differences())
    assert str(outputs.invoices["books"]["ROUNDING"].amounts[1]) == "0.04"


def test_after_a_product_and_a_customer_change(repository: Make) -> None:
    repository_ = repository(CASES / "money")
    repository_.run("apply", "--auto-approve")
    for name, before, after in (
        ("products/day.yaml", "650.00", "701.07"),
        ("products/screw.yaml", "FR_55", "FR_200"),
        ("customers/shop.yaml", "Trading", "Trade"),
    ):
        file = repository_.root / name
        file.write_text(file.read_text().replace(before, after))
    definition = (repository_.root / "invoices" / "products.yaml").read_text()
    new = definition.replace("reference: PRODUCTS", "reference: LATER").replace(", vat_rate: FR_100", "")
    (repository_.root / "invoices" / "later.yaml").write_text(new)
    outputs = repository_.outputs().of("LATER")
    texts = [text for text in outputs.differences() if not text.startswith("sums")]
    assert not texts, "\n".join(texts)
    invoice = outputs.invoices["books"]["LATER"]
    assert (invoice.customer_name, invoice.lines[0].price) == ("Example & Sons <Trade>", Decimal("701.07"))


def test_a_customer_that_only_the_account_has(repository: Make) -> None:
    repository_ = repository(CASES / "money")
    repository_.run("apply", "--auto-approve")
    (repository_.root / "customers" / "abroad.yaml").unlink()
    definition = (repository_.root / "invoices" / "dollars.yaml").read_text()
    new = definition.replace("reference: DOLLARS", "reference: LATER")
    (repository_.root / "invoices" / "later.yaml").write_text(new)
    outputs = repository_.outputs().of("LATER")
    texts = [text for text in outputs.differences() if not text.startswith("sums")]
    assert not texts, "\n".join(texts)
    assert outputs.invoices["plan"]["LATER"].customer_name == "Sample Imports Inc."


# --- planted faults ----------------------------------------------------------------------------------------


def page_rounds_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    def rounding(language: str, currency: str) -> Formats:
        made = copy.copy(formats(language, currency))
        money = made.money
        made.money = lambda amount: money(amount.quantize(Decimal(1)))  # type: ignore[method-assign]
        return made

    monkeypatch.setattr(invoice_content, "formats", rounding)


def page_names_another_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_content, "addressee", lambda change: "Somebody else")


def text_drops_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Layout.table

    def all_but_one(self: Layout, rows: Any, align: str, leads: Any = "") -> list[list[str]]:
        return table(self, rows[1:] if align == "^...<." else rows, align, leads)

    monkeypatch.setattr(Layout, "table", all_but_one)


def text_shows_another_discount(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = plan_text.line_cells

    def cells_without(content: Any, totals: Any) -> list[str]:
        label, quantity, price, _, code, amount = cells(content, totals)
        return [label, quantity, price, "", code, amount]

    monkeypatch.setattr(plan_text, "line_cells", cells_without)


def render_takes_another_product_price(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = render.totals

    def totals_with(body: Any, *, product: Any, **options: Any) -> Any:
        def dearer(key: Any) -> Any:
            return product(key)._replace(price_before_tax=Decimal("650.01"))

        return totals(body, product=dearer, **options)

    monkeypatch.setattr(render, "totals", totals_with)


@pytest.mark.parametrize(
    ("plant", "text"),
    [
        (page_rounds_amounts, "DISCOUNTS lines: "),
        (page_names_another_customer, "DISCOUNTS customer_name: "),
        (text_drops_a_line, "DISCOUNTS lines: "),
        (text_shows_another_discount, "DISCOUNTS lines: "),
        (render_takes_another_product_price, "PRODUCTS amounts: "),
    ],
)
def test_a_fault_of_one_output_is_seen(
    repository: Make, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], text: str
) -> None:
    plant(monkeypatch)
    differences = repository(CASES / "money").outputs().differences()
    assert any(difference.startswith(text) for difference in differences)


def test_an_account_that_computes_otherwise_is_seen(
    repository: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounding_by_document(monkeypatch)
    repository_ = repository(CASES / "money")
    repository_.expected_codes = {0, 3}
    differences = repository_.outputs().differences()
    assert any(difference.startswith("ROUNDING amounts: ") for difference in differences)
