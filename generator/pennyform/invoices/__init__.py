"""YAML definitions → desired invoices: read, resolve templates and references, check, total."""
