"""The ``options`` of a definition → what is to be done besides creating the draft."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.model import CategoryWeight, EmailOption, Key, Options
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.sources.attachments import AttachmentResult
from pennyform.invoices.yaml.document import Document, Path


def options(document: Document, attached: AttachmentResult) -> Options:
    """The wishes of a valid definition; ``attached`` are the files that it names."""
    stated = document.value.get("options") or {}
    categories = stated.get("categories")
    return Options(
        finalize=stated.get("finalize", False),
        send_by_email=_email(stated.get("send_by_email", False)),
        send_to_pa=stated.get("send_to_pa", False),
        categories=_categories(document, categories) if categories is not None else None,
        mark_as_paid=stated.get("mark_as_paid", False),
        appendices=tuple(one for path, one in attached.items() if path[0] == "options"),
        matched_transactions=tuple(_transactions(document, stated.get("matched_transactions", ()))),
    )


def category(document: Document, path: Path, stated: Mapping[str, Any]) -> Key:
    """The category that an entry of ``options.categories`` names."""
    field = next(name for name in ("id", "analytical_code", "label") if name in stated)
    group = (("group", stated["group"]),) if "group" in stated else ()
    return Key("category", field, _value(stated[field]), document.place((*path, field)), group)


def _email(stated: Any) -> EmailOption | None:
    if stated is False:
        return None
    return EmailOption(() if stated is True else tuple(stated.get("recipients", ())))


def _categories(document: Document, stated: list[dict[str, Any]]) -> tuple[CategoryWeight, ...]:
    entries = ((("options", "categories", index), entry) for index, entry in enumerate(stated))
    return tuple(
        CategoryWeight(category(document, path, entry), canonical(Decimal(entry["weight"])))
        for path, entry in entries
    )


def _transactions(document: Document, stated: list[dict[str, Any]]) -> list[Key]:
    return [
        _transaction(document, ("options", "matched_transactions", index), entry)
        for index, entry in enumerate(stated)
    ]


def _transaction(document: Document, path: Path, stated: Mapping[str, Any]) -> Key:
    if "id" in stated:
        return Key("transaction", "id", _value(stated["id"]), document.place((*path, "id")))
    narrowed = {name: stated[name] for name in ("label", "currency_amount") if name in stated}
    if "currency_amount" in narrowed:
        narrowed["currency_amount"] = canonical(Decimal(narrowed["currency_amount"]))
    return Key(
        "transaction", "date", stated["date"], document.place((*path, "date")), tuple(narrowed.items())
    )


def _value(stated: Any) -> str | int:
    return int(stated) if isinstance(stated, Decimal) else stated
