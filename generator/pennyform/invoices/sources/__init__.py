"""The files of a repository: found, confined to it, and read."""
