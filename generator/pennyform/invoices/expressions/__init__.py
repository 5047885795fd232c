"""``{{ }}`` expressions: compiled and evaluated in a sandbox, with their filters."""
