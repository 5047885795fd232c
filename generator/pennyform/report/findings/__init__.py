"""Findings as text, JSON, Markdown, GitHub annotations, SARIF and JUnit."""
