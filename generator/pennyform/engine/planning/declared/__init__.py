"""Declared customers and products: compared with those of the account, and what that means for invoices."""
