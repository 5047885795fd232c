"""Carrying a plan out: a scheduler and a worker pool take each invoice through its steps."""
