"""A mutation campaign over the generator: real contracts, changed at random, and what arrives at both ends.

A seed is one contract: a few operations of a pinned one, with random legal changes. It is pinned, generated,
imported and called against a server that does what the contract says. What is expected comes from the
contract and from an encoder of its own (``wire``), never from the generator.
"""
