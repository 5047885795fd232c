"""A definition that is neither a template nor for many rows → the same with its expressions evaluated.

What an expression gives is then validated as if it had been written.
"""

from __future__ import annotations

from pennyform.findings import Finding
from pennyform.invoices.checks.references import ResolvedDefinition
from pennyform.invoices.expressions.evaluate import Evaluation
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.schema import Schema
from pennyform.invoices.templates.apply import header_scope
from pennyform.invoices.yaml.document import Document

# What says how the definition is to be read is never computed.
_LITERAL = frozenset({("kind",), ("template",)})


def evaluate_definition(
    document: Document, schema: Schema, budget: Budget
) -> tuple[ResolvedDefinition, list[Finding]]:
    """The definition ``document`` with the results of its expressions, and what cannot be evaluated.

    Args:
        document: a mapping, not yet validated: fields may be of any type.
        schema: what the result must fit.
        budget: what evaluating draws on.

    Returns:
        The definition. A value that cannot be evaluated stays as it is written, and counts as spoiled.
    """
    evaluation = Evaluation(document, budget, literal=_LITERAL)
    value = evaluation.evaluate(schema, header_scope(document, schema), ())
    marks = {**document.marks, **evaluation.marks}
    resolved = Document(document.file, value, marks, document.spoiled | evaluation.spoiled)
    return ResolvedDefinition(resolved, evaluation.origins), evaluation.findings
