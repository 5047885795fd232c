"""Finding out what became of requests whose answers were lost."""
