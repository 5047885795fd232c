"""Invoices, ledger, payments and categories: the rules of the service."""
