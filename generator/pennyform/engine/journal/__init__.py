"""The write-ahead journal, the state replayed from it, and the lock of one company."""
