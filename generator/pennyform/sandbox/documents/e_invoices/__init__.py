"""Electronic invoices as files: inside a PDF or alone, in either of the two syntaxes of EN 16931.

The tool reads the same syntaxes with code of its own: a referee that shared it would prove nothing.
"""

from pennyform.sandbox.documents.e_invoices.document import Document, Line, Party
from pennyform.sandbox.documents.e_invoices.elements import UnreadableError
from pennyform.sandbox.documents.e_invoices.reader import is_pdf, read_e_invoice

__all__ = ["Document", "Line", "Party", "UnreadableError", "is_pdf", "read_e_invoice"]
