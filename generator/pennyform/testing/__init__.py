"""The sandbox in other people's tests: pytest fixtures, in-process and on a port.

In ``conftest.py``::

    pytest_plugins = ["pennyform.testing"]

It is named there and not registered as an entry point, so that tests without it start as fast as before.
Without pytest, ``Served`` of ``pennyform.sandbox.background_server`` puts a sandbox on a port for as long as
a ``with`` block lasts.
"""

from pennyform.sandbox.background_server import Served
from pennyform.testing.fixtures import (
    pennylane_client,
    pennylane_sandbox,
    pennylane_sandbox_options,
    pennylane_server,
)

__all__ = [
    "Served",
    "pennylane_client",
    "pennylane_sandbox",
    "pennylane_sandbox_options",
    "pennylane_server",
]
