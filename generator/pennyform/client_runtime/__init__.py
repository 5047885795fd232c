"""The runtime of emitted clients: Python that ``codegen.client`` copies word for word into each package.

What depends on a contract is in ``_contract``, of which this folder has a stand-in. Imports within are
relative, because a copy stands alone.
"""
