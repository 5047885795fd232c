"""Desired against remote: a diff, and the actions that a plan is made of."""
