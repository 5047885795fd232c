"""Invoice templates: inheritance, parameters, series, and the resolved definition."""
