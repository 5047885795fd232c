"""Plans as text, Markdown and a page."""
