"""Characters that have no place in a definition."""

import re

# What no invoice needs and what can make a text show something else than it says: control characters,
# bidirectional overrides, byte order marks in the middle, line separators that are not line feeds.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
