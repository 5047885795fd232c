"""The terminal: output, progress, interruption, bug reports."""
