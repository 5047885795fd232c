"""Desired invoices against what the account holds: observe, plan, apply, verify, and a journal of it all."""
