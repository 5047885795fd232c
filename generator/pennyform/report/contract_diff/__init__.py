"""Comparisons of two contracts."""
