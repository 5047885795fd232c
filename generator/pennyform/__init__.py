"""pennyform: Pennylane invoices as code.

The command line is the public face (:mod:`pennyform.cli`). The rooms below it are described, with the
arrows allowed between them, in ARCHITECTURE.md.
"""

__version__ = "0.2.0"
