"""The JSON Schemas of invoice definitions: the contract's requests plus a declared mapping."""
