"""Facts that a vendor states only in sentences, recognised by their fixed forms.

Nothing is guessed: a sentence either matches a form completely and becomes structure, or says nothing that a
program could use, or is listed as not understood. :mod:`~pennyform.spec.prose.statements` has the forms.
"""

from pennyform.spec.prose.extensions import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILE_SIZE,
    FILTERS,
    INCLUDES,
    SORTS,
    STABILITY,
)
from pennyform.spec.prose.readings import (
    Reading,
    Unread,
    operation_facts,
    parameter_facts,
    schema_facts,
    text_facts,
)

__all__ = [
    "DECIMALS",
    "DEFAULT",
    "DEPRECATED_VALUES",
    "FILE_SIZE",
    "FILTERS",
    "INCLUDES",
    "SORTS",
    "STABILITY",
    "Reading",
    "Unread",
    "operation_facts",
    "parameter_facts",
    "schema_facts",
    "text_facts",
]
