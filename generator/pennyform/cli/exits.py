"""The exit codes of every verb: the only place where they are defined."""

from enum import IntEnum


class Exit(IntEnum):
    """What a finished command says to the shell. docs/command-line.md carries the same table."""

    OK = 0
    ERROR = 1
    PENDING = 2
    DRIFT = 3
    FINDINGS = 4
    UNKNOWN = 5
    USAGE = 64
    TRY_LATER = 75
    INTERRUPTED = 130
