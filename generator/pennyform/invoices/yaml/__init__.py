"""Strict YAML with the place of every value, and its writer."""
