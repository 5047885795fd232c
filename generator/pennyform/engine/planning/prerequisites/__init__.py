"""Customers and products, which must be in order before the invoices that name them."""
