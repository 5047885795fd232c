"""Workflows and actions, run by a small runner in place of GitHub's."""
