"""The deterministic simulation: the real command line against the real sandbox, with time, network and disk
played by a seed.

A seed is a schedule: which definitions, which faults, when. The oracles read the server's books and the wire,
never what the client believes.
"""
