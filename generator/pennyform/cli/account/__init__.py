"""Which account a command talks to, and the token for it."""
