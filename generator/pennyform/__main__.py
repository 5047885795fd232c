"""``python -m pennyform``: the same as the ``pennyform`` command."""

import sys

from pennyform.cli import main

if __name__ == "__main__":
    sys.exit(main())
