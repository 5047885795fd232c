"""Desired invoices → the documents that customers get, in EN 16931, as page and as PDF; and their checks."""
