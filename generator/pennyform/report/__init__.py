"""Findings and plans → text, JSON, GitHub annotations: data in, text out."""
