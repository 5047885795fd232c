"""A document as its customer reads it: one content in the customer's language, as a page and as a PDF."""
