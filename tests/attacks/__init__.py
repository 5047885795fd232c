"""Every attack that is known: what is tried on which gate, and that each gate is missed when it is gone."""
