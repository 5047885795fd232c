"""Verifications as text and as a page."""
