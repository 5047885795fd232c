"""Deposits and the balance invoices that take them off: amounts, lines, and what does not fit."""
