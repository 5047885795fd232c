"""Comparing two contracts, schema by schema and operation by operation."""
