"""The SQLite database: records, their changes, contents of files, snapshots."""
