"""Lists: filter, sort, limit and cursor."""
