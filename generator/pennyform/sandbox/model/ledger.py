"""The ledger, bank transactions, and the weights of analytical categories."""

from __future__ import annotations

from typing import ClassVar

from pennyform.sandbox.storage.records import RecordBody


class LedgerAccount(RecordBody, kw_only=True):
    """An account of the chart; one number may stand for several, one per VAT code and country."""

    KIND: ClassVar[str] = "ledger_account"

    number: str
    label: str
    vat_rate: str
    country_alpha2: str
    enabled: bool


class Journal(RecordBody, kw_only=True):
    """A journal of the ledger."""

    KIND: ClassVar[str] = "journal"

    code: str
    label: str


class LedgerEntry(RecordBody, kw_only=True):
    """A heading over lines that balance. ``status`` is draft until the invoice it belongs to is issued."""

    KIND: ClassVar[str] = "ledger_entry"

    journal_id: int
    label: str
    date: str
    status: str
    piece_number: str | None
    currency: str = "EUR"
    due_date: str | None = None
    invoice_number: str | None = None


class LedgerEntryLine(RecordBody, kw_only=True):
    """A debit or a credit. ``lettering`` is the lowest id among the lines that are lettered together."""

    KIND: ClassVar[str] = "ledger_entry_line"

    ledger_entry_id: int
    journal_id: int
    date: str
    ledger_account_id: int
    label: str
    debit: str
    credit: str
    lettering: int | None = None


class BankAccount(RecordBody, kw_only=True):
    """A bank account; ``balance`` is in its currency."""

    KIND: ClassVar[str] = "bank_account"

    name: str
    currency: str
    balance: str
    bank_establishment_id: int
    journal_id: int
    ledger_account_id: int
    iban: str | None = None


class Transaction(RecordBody, kw_only=True):
    """Money that came (positive) or went (negative). ``amount`` and ``fee`` are in euros."""

    KIND: ClassVar[str] = "transaction"

    bank_account_id: int
    journal_id: int
    label: str
    date: str
    currency: str
    currency_amount: str
    amount: str
    currency_fee: str
    fee: str
    outstanding_balance: str
    customer_id: int | None = None
    supplier_id: int | None = None


class TransactionMatch(RecordBody, kw_only=True):
    """A transaction pays the invoice that is the record's parent.

    ``covered`` is in the invoice's currency, ``used`` in the transaction's.
    """

    KIND: ClassVar[str] = "matched_transaction"

    transaction_id: int
    covered: str
    used: str


class Category(RecordBody, kw_only=True):
    """An analytical category; its group is the record's parent."""

    KIND: ClassVar[str] = "category"

    label: str
    analytical_code: str | None = None


class CategoryWeight(RecordBody, kw_only=True):
    """A category of the owner that is the record's parent; ``weight`` is a share of 1."""

    KIND: ClassVar[str] = "categorisation"

    category_id: int
    weight: str
