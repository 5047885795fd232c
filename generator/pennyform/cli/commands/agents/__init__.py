"""Commands for people who let agents write invoices."""
