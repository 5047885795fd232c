"""The buyers of invoices: their cards as the account has them, and customers that are there already."""
