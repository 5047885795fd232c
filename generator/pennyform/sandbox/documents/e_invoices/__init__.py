"""Electronic invoices as files: found in a PDF or alone, in either of the two syntaxes of EN 16931."""

from pennyform.sandbox.documents.e_invoices.document import Document, Line, Party
from pennyform.sandbox.documents.e_invoices.elements import UnreadableError
from pennyform.sandbox.documents.e_invoices.reader import is_pdf, read

__all__ = ["Document", "Line", "Party", "UnreadableError", "is_pdf", "read"]
