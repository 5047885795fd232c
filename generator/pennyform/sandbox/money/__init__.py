"""The sandbox's own arithmetic: amounts, currencies, VAT, dates."""
