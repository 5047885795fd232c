"""A stateful Pennylane on this computer, behind the same contract, with arithmetic of its own.

``Sandbox`` is the whole of it: a function from request to response over one SQLite file, reached through an
httpx transport in-process or through a socket. It shares no code with ``engine`` and ``invoices``: a
referee that borrows from a player proves nothing.
"""

from pennyform.sandbox.application import Sandbox
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.seed import TOKEN

__all__ = ["TOKEN", "Rules", "Sandbox"]
