"""Records whose fields rules read: documents, ledger, parties and files. Amounts are text: ``"120.0"``."""
