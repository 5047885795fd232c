"""Writing the output folder, and the lock that says what it was made from."""
