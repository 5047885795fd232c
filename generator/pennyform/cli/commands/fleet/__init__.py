"""``pennyform fleet``: the same verbs, done by workers on any number of machines."""
