"""Verbs that get the documents that were issued."""
