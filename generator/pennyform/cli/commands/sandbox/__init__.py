"""The command that serves the sandbox and keeps its books in a file."""
