# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Secrets: where they may go, where they are kept, and what must not repeat them."""
