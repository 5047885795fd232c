"""Checks of meaning: what a JSON Schema cannot say about a definition."""
