"""Validation by the emitted JSON Schemas, and the messages for what they reject."""
