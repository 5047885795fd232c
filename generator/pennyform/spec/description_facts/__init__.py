"""Facts that a vendor states only in sentences, recognised by their fixed forms.

Nothing is guessed: a sentence either matches a form completely and becomes structure, or says nothing that a
program could use, or is listed as not understood. ``description_facts.patterns`` has the forms.
"""

from pennyform.spec.description_facts.extract import (
    DescriptionFacts,
    UnreadSentence,
    operation_facts,
    parameter_facts,
    schema_facts,
    text_facts,
)

__all__ = [
    "DescriptionFacts",
    "UnreadSentence",
    "operation_facts",
    "parameter_facts",
    "schema_facts",
    "text_facts",
]
