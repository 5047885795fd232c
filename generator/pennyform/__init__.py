"""pennyform: Pennylane invoices as code.

The entry point is the command line (:mod:`pennyform.cli`). ARCHITECTURE.md describes the packages below it,
and the imports that are allowed between them.
"""

__version__ = "0.2.0"
