"""What a new sandbox contains: a company with its records from before the first invoice, and a token."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from pennyform.sandbox import oauth
from pennyform.sandbox.auth import add_token
from pennyform.sandbox.storage.records import Records, Selection

TOKEN = "sandbox"  # noqa: S105 - the point of it is that everybody knows it
FIRST_COMPANY = 21_000_001

# number, label, VAT code, enabled. One number may stand for several accounts, one per VAT set-up.
_CHART = (
    ("401", "Suppliers", "any", True),
    ("411", "Customers", "any", True),
    ("445710", "VAT collected", "any", True),
    ("471000", "Suspense account", "any", True),
    ("512000", "Bank", "any", True),
    ("706000", "Services", "any", True),
    ("707000", "Goods", "any", True),
    ("707100", "Goods at the reduced rate", "FR_55", True),
    ("708500", "Shipping and handling", "FR_200", True),
    ("708500", "Shipping and handling, reduced rate", "FR_55", True),
    ("709000", "Rebates granted", "any", True),
    ("758000", "Other income (closed)", "any", False),
)
_TEMPLATES = ("Standard", "Detailed")
# Commercial documents come from the app only: there is one to read and to attach files to.
_PROFORMA = {
    "document_number": "PF-0001",
    "document_type": "proforma",
    "label": "Proforma",
    "currency": "EUR",
}
_PROFORMA_LINE = {
    "label": "Consulting",
    "unit": "hour",
    "quantity": "1.0",
    "raw_currency_unit_price": "100.0",
    "vat_rate": "FR_200",
}
_PROFORMA_AMOUNTS = {
    "currency_amount": "120.0",
    "currency_amount_before_tax": "100.0",
    "currency_tax": "20.0",
}
_JOURNALS = (
    ("VE", "Sales", "sales"),
    ("AC", "Purchases", "purchases"),
    ("BQ", "Bank", "cash"),
    ("OD", "Miscellaneous", "miscellaneous"),
)
_BANK_ACCOUNT = "512000"
_SIREN = "552100554"
_BANKS = ("Sandbox Bank", "Other")
_GROUPS = {"Cost centre": ("Consulting", "Training"), "Region": ("North", "South")}


def fill_database(connection: sqlite3.Connection, scopes: Iterable[str], now: datetime) -> None:
    """Fill an empty database, in the transaction that created its tables.

    ``scopes`` are all scopes of the contract; the token holds them all.
    """
    company = add_company(connection, "Sandbox SAS", now)
    add_token(connection, TOKEN, company, sorted(scopes), name=TOKEN)
    oauth.add_application(connection, oauth.APPLICATION, oauth.APPLICATION, ())


def add_company(connection: sqlite3.Connection, name: str, now: datetime) -> int:
    """Add a company with a chart of accounts, invoice templates and categories; returns its id."""
    companies = int(connection.execute("SELECT count(*) FROM company").fetchone()[0])
    company = FIRST_COMPANY + companies
    connection.execute(
        "INSERT INTO company (id, name, reg_no, accounting_logic) VALUES (?, ?, ?, 'FR_PCG')",
        (company, name, f"sandbox-{int(_SIREN) + companies}"),
    )
    records = Records(connection, company, now)
    # Ids count up in the order of insertion: a change of this order changes the ids of every new sandbox.
    for number, label, vat_rate, enabled in _CHART:
        account = {"number": number, "label": label, "vat_rate": vat_rate, "country_alpha2": "any"}
        letterable = number in ("401", "411")
        records.insert("ledger_account", {**account, "enabled": enabled, "letterable": letterable})
    for template in _TEMPLATES:
        records.insert("customer_invoice_template", {"name": template})
    for label, categories in _GROUPS.items():
        group = records.insert("category_group", {"label": label})
        for category_label in categories:
            category = {"label": category_label, "direction": None, "analytical_code": None}
            records.insert("category", category, parent=group.id)
    # Journals, banks, and one empty bank account.
    journals = {
        code: records.insert("journal", {"code": code, "label": label, "type": type_}).id
        for code, label, type_ in _JOURNALS
    }
    banks = [records.insert("bank_establishment", {"name": bank}).id for bank in _BANKS]
    of_number = Selection(["json_extract(body, '$.number') = ?"], [_BANK_ACCOUNT])
    ledger_account = records.select("ledger_account", of_number)[0].id
    bank_account = {"name": "Main account", "currency": "EUR", "balance": "0.0", "iban": None}
    links = {
        "bank_establishment_id": banks[0],
        "journal_id": journals["BQ"],
        "ledger_account_id": ledger_account,
    }
    records.insert("bank_account", {**bank_account, **links})
    # An open fiscal year, the registration with the e-invoicing platform, and a proforma invoice.
    dates = {"start": f"{now.year}-01-01", "finish": f"{now.year}-12-31"}
    records.insert("fiscal_year", {**dates, "status": "open"})
    registration = {"siret": None, "siren": _SIREN, "status": "activated"}
    records.insert("pa_registration", {**registration, "exchange_direction": "emission_and_reception"})
    proforma = records.insert("commercial_document", {**_PROFORMA, **_PROFORMA_AMOUNTS})
    records.insert("invoice_line", {**_PROFORMA_LINE, **_PROFORMA_AMOUNTS}, parent=proforma.id)
    return company
