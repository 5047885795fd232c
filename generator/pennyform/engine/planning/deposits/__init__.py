"""Deposits that balance invoices take off, and numbers that texts print, as the account has them."""
