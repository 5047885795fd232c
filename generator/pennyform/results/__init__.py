"""What commands report, as typed records. The JSON of a command is exactly its record, serialised.

Engine, ``render`` and ``spec diff`` build these records; ``report`` turns them into text, Markdown and pages.
:data:`pennyform.results.documents.DOCUMENTS` lists the top-level ones, each with its JSON Schema.
"""
