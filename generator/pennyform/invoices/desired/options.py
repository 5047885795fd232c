"""The ``options`` of a definition → what is to be done besides creating the draft."""

from __future__ import annotations

from decimal import Decimal

from pennyform.invoices.model import CategoryWeight, EmailOption, Json, JsonObject, Key, Options
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.sources.attachments import AttachmentResult
from pennyform.invoices.yaml.document import Document, Path


def options(document: Document, attached: AttachmentResult) -> Options:
    """The options of a valid definition; ``attached`` are the files that it names."""
    value = document.value.get("options") or {}
    # `true` means the customer's own addresses, `{recipients: […]}` others.
    mail = value.get("send_by_email", False)
    recipients = () if mail in (True, False) else tuple(mail.get("recipients", ()))
    categories = value.get("categories")
    transactions = value.get("matched_transactions", ())
    return Options(
        finalize=value.get("finalize", False),
        send_by_email=None if mail is False else EmailOption(recipients),
        send_to_pa=value.get("send_to_pa", False),
        categories=None
        if categories is None
        else tuple(
            CategoryWeight(
                category(document, ("options", "categories", index), entry),
                canonical(Decimal(entry["weight"])),
            )
            for index, entry in enumerate(categories)
        ),
        mark_as_paid=value.get("mark_as_paid", False),
        appendices=tuple(file for path, file in attached.items() if path[0] == "options"),
        matched_transactions=tuple(
            _transaction(document, ("options", "matched_transactions", index), entry)
            for index, entry in enumerate(transactions)
        ),
    )


def category(document: Document, path: Path, entry: JsonObject) -> Key:
    """The category that an entry of ``options.categories`` names."""
    field = next(name for name in ("id", "analytical_code", "label") if name in entry)
    group = (("group", str(entry["group"])),) if "group" in entry else ()
    return Key("category", field, _key_value(entry[field]), document.place((*path, field)), group)


def _transaction(document: Document, path: Path, entry: JsonObject) -> Key:
    if "id" in entry:
        return Key("transaction", "id", _key_value(entry["id"]), document.place((*path, "id")))
    qualifiers = {name: str(entry[name]) for name in ("label", "currency_amount") if name in entry}
    if "currency_amount" in qualifiers:
        qualifiers["currency_amount"] = canonical(Decimal(qualifiers["currency_amount"]))
    place = document.place((*path, "date"))
    return Key("transaction", "date", str(entry["date"]), place, tuple(qualifiers.items()))


def _key_value(value: Json) -> str | int:
    return int(value) if isinstance(value, Decimal | int) else str(value)
