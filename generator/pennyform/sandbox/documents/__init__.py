"""Files: PDFs of invoices, exports, attachments, electronic invoices, download links."""
