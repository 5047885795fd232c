"""Commands that work on definitions alone, without the network."""
