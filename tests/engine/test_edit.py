"""The least PUT: it gets there, against the sandbox, and it is no larger than it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.engine.account.answers import invoice as invoice_of
from pennyform.engine.account.records import RemoteInvoice, RemoteLine
from pennyform.engine.planning.diff import diff_invoice
from pennyform.engine.planning.patch import update_body
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices import Totals
from pennyform.invoices.desired.json_bodies import from_json
from pennyform.invoices.model import Discount, InvoiceBody
from pennylane_company import convert, models

from .world import PRODUCT, Office, actions, line, only, statuses


def wanted(*labels: str) -> list[dict[str, Any]]:
    return [{"label": label, "quantity": Decimal(1), "unit": "u", **PRICE} for label in labels]


PRICE = {"raw_currency_unit_price": "1.00", "vat_rate": "FR_200"}
AMOUNTS = {"currency_amount_before_tax": "1.0", "currency_tax": "0.2", "currency_amount": "1.2"}


def there(*labels: str, **header: Any) -> RemoteInvoice:
    amounts = {name: Decimal(amount) for name, amount in AMOUNTS.items()}
    lines = tuple(
        RemoteLine(
            id=number,
            label=label,
            quantity=Decimal("1.0"),
            unit="u",
            description="",
            discount=Discount("absolute", Decimal("0.0")),
            raw_currency_unit_price=Decimal("1.0"),
            vat_rate="FR_200",
            **amounts,
        )
        for number, label in enumerate(labels, start=1)
    )
    none = Discount("absolute", Decimal("0.0"))
    return RemoteInvoice(
        **{"id": 7, "draft": True, "currency": "EUR", "discount": none, "lines": lines} | header
    )


def resolve(lines: Sequence[dict[str, Any]], **header: Any) -> Resolved:
    body = from_json(InvoiceBody, {**header, "invoice_lines": list(lines)})
    return Resolved(body, body.invoice_lines, Totals("EUR", Decimal(0), Decimal(0), (), ()))


def edit(lines: Sequence[dict[str, Any]], draft: RemoteInvoice, **header: Any) -> Any:
    return update_body(resolve(lines, **header), draft)


def test_equal_needs_nothing() -> None:
    assert edit(wanted("a", "b"), there("a", "b")) == {}


def test_only_what_differs_is_sent() -> None:
    assert edit(wanted("a"), there("a", deadline=date(2025, 10, 31)), deadline="2025-11-30") == {
        "deadline": "2025-11-30"
    }
    assert edit(wanted("a", "c"), there("a", "b")) == {"invoice_lines": {"update": [{"id": 2, "label": "c"}]}}


def test_lines_that_go_and_come() -> None:
    assert edit(wanted("a", "c"), there("a", "b", "c")) == {"invoice_lines": {"delete": [{"id": 2}]}}
    added = edit(wanted("a", "b"), there("a"))
    assert added == {"invoice_lines": {"create": wanted("b")}}


def test_a_line_in_the_middle_keeps_the_order() -> None:
    """The API appends what it creates, so the lines behind an inserted one are rewritten, not moved."""
    body = edit(wanted("a", "x", "b"), there("a", "b"))
    assert body == {"invoice_lines": {"update": [{"id": 2, "label": "x"}], "create": wanted("b")}}


def test_a_product_cannot_be_taken_away_so_the_line_goes() -> None:
    draft = there("a")
    with_product = replace(draft, lines=(replace(draft.lines[0], product_id=5),))
    assert edit(wanted("a"), with_product) == {
        "invoice_lines": {"delete": [{"id": 1}], "create": wanted("a")}
    }


def test_a_discount_is_taken_off() -> None:
    draft = there("a", discount=Discount("relative", Decimal("10.0")))
    assert edit(wanted("a"), draft) == {"discount": {"type": "relative", "value": None}}


@pytest.mark.parametrize("none", [None, "", "0", "0.0"])
def test_all_the_ways_of_having_no_discount_are_one(none: str | None) -> None:
    fields = {"id": 7, "draft": True, "currency": "EUR"}
    stated = {"type": "absolute"} if none is None else {"type": "absolute", "value": none}
    answer = convert({**fields, "discount": stated}, models.CustomerInvoice)
    draft = replace(there("a"), discount=invoice_of(answer).discount)
    assert edit(wanted("a"), draft) == {}


LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=6)


@given(LABELS, LABELS)
def test_a_script_gets_there_and_is_as_short_as_any(after: list[str], before: list[str]) -> None:
    body = edit(wanted(*after), there(*before)) or {}
    steps = body.get("invoice_lines", {})
    lines = dict(enumerate(before, start=1))
    for change in steps.get("update", ()):
        lines[change["id"]] = change["label"]
    for change in steps.get("delete", ()):
        del lines[change["id"]]
    result = [*lines.values(), *(created["label"] for created in steps.get("create", ()))]
    assert result == after
    assert sum(map(len, steps.values())) <= max(len(after), len(before))


QUANTITIES = st.sampled_from(["1", "2.5", "3"])
VATS = st.sampled_from(["FR_200", "FR_55", "exempt"])


@st.composite
def lines(draw: st.DrawFn) -> str:
    kinds = st.one_of(
        st.builds(line, st.sampled_from("ABC"), QUANTITIES, st.sampled_from(["10.00", "0.35"]), VATS),
        st.builds("  - product: DAY\n    quantity: {}\n".format, QUANTITIES),
        st.builds(
            lambda value: line(more=f"    discount:\n      type: relative\n      value: '{value}'\n"),
            st.sampled_from(["5", "12.5"]),
        ),
    )
    return "".join(draw(st.lists(kinds, min_size=1, max_size=5)))


@settings(max_examples=12, deadline=None)
@given(lines(), lines())
def test_an_update_leaves_the_draft_equal_in_the_books(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    office = Office(tmp_path_factory.mktemp("office"))
    try:
        office.write("products/day.yaml", PRODUCT)
        office.define("INV-1", lines=before)
        office.apply()
        office.define("INV-1", lines=after)
        assert actions(office.plan()) == {"INV-1": "no_op" if after == before else "update"}
        assert statuses(office.apply())["INV-1"] in {"done", "unchanged"}
        only(office.books()["INV-1"])
        assert not office.verify().drift
        assert not office.plan().pending
    finally:
        office.close()


def test_compare_sees_order() -> None:
    resolved = resolve(wanted("a", "b"))
    assert [one.pointer for one in diff_invoice(resolved, there("b", "a")).content] == [
        "/invoice_lines/0/label",
        "/invoice_lines/1/label",
    ]
