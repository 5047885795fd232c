"""Amounts, currencies, VAT codes, dates, and the totals of an invoice."""
