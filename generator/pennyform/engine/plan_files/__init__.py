"""Saved plans: the file, and what binds it to definitions and account."""
