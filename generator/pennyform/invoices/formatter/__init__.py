"""``pennyform fmt``: definitions in canonical form."""
