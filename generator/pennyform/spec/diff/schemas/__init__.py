"""The schemas and operations of one contract, in a form that can be compared."""
