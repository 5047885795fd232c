"""A stateful local implementation of the Pennylane API, with its own arithmetic.

``Sandbox`` is a function from request to response over one SQLite file, called through an httpx transport
in-process or through a socket. It shares no code with ``engine`` and ``invoices``, so that an error there is
not hidden by the same error here.
"""

from pennyform.sandbox.application import Sandbox
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.seed import TOKEN

__all__ = ["TOKEN", "Rules", "Sandbox"]
