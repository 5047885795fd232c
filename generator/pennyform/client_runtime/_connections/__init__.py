# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Connections: the HTTP client that opens them, their deadlines, and what their failures mean."""
