"""Coverage-guided fuzzing of every reader of what others wrote; see ``docs/reliability.md``."""
