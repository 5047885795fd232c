"""What a sandbox holds at the start: seed, fixtures, tokens."""
