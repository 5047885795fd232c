"""The keywords of ours in OpenAPI documents: facts for which OpenAPI has none, and what overlays declare."""

from __future__ import annotations

# Facts that pinning finds in descriptions.
FILTERS = "x-pennyform-filters"
"""On a ``filter`` parameter's schema: field -> operators."""
SORTS = "x-pennyform-sorts"
"""On a ``sort`` parameter's schema: fields, without the ``-`` that reverses them."""
INCLUDES = "x-pennyform-includes"
"""On an ``include`` parameter's schema: what can be included."""
DEFAULT = "x-pennyform-default"
"""On the schema of a ``limit`` or ``per_page`` parameter: the page size when it is left out."""
DECIMALS = "x-pennyform-decimals"
"""On a decimal in text: how many digits may follow the point."""
DEPRECATED_VALUES = "x-pennyform-deprecated-values"
"""On an enum: the values that should not be sent any more."""
STABILITY = "x-pennyform-stability"
"""On an operation or a parameter's schema: ``beta`` or ``experimental``."""
FILE_SIZE = "x-pennyform-file-megabytes"
"""On an operation that takes a file: how large it may be, in units of 1,000,000 bytes."""

# What overlays declare.
DECLARED = "x-pennyform-component"
"""On a schema: ``{name | request | answer: NAME, description: TEXT}``."""
RESOURCE = "x-pennyform-resource"
"""On an operation: the resource of the client that it belongs to."""
METHOD = "x-pennyform-method"
"""On an operation: the name of its method in the client."""

NAME = "x-pennyform-name"
"""On a parameter or a property's schema: its name in Python; what is sent keeps the contract's name."""
SKIP = "x-pennyform-skip"
"""On an operation: why it is left out of the client."""

# What pinning and normalising write.
API = "x-pennyform-api"
"""In ``info``: which contract this is, ``company`` for example."""
UNKNOWN = "x-pennyform-unknown-keywords"
"""On a schema or an operation: keywords that were left out -> a digest of what they said."""
DIRECTION = "x-pennyform-direction"
"""On a component: ``request`` or ``answer``, the direction that it serves."""


def is_extension(keyword: str) -> bool:
    """Whether a keyword is one of ours, which a pinned document keeps when it is pinned again."""
    return keyword.startswith("x-pennyform-")
