"""How much a contract may say, and how much work on it is done.

Contracts come from elsewhere, and a few references to references can stand for more than any memory holds.
Every stage from reading to emitting and comparing draws on one :class:`Budget`, which grows with the size of
the document. What is used up ends the command with a finding that says so, at the place where it was. Work is
counted, not timed: a contract that is refused on one machine is refused on all.
"""

from __future__ import annotations

from dataclasses import dataclass

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import Json, all_values

BYTES = 32 * 1024 * 1024
"""The largest document; the largest contract known is a sixth of that."""
VALUES = 1_000_000
"""Values in one document, as its commas and opening brackets count them."""
LONGEST_NAME = 500
"""Characters of one name in an object."""
SCHEMAS = 100_000
"""Schemas that a contract may unfold to: about ten times what the largest known one does."""
LEVELS = 100
"""Levels of schemas within schemas, also where references lead inwards."""
STEPS, STEPS_PER_VALUE = 200_000, 50
"""Steps of work on a contract: so many, and so many more for each of its values."""
_CHARACTERS_OF_A_VALUE = 64
OVER_BUDGET = "over-budget"
"""The rule of its findings, which concern the contract as a whole."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one read: bytes, seconds for everything together, and redirects followed."""

    size: int = BYTES
    seconds: float = 60.0
    redirects: int = 5
    # Of one answer, with the informational answers before it.
    headers: int = 128 * 1024


class Budget:
    """What is left for one contract, or for two that are compared: one object for all stages of a command.

    Attributes:
        allowed: the steps that the contracts deserve by their size.
        used: the steps taken.
        schemas: the schemas that they unfolded to.
    """

    def __init__(self, *documents: Json) -> None:
        self.allowed = STEPS
        self.used = 0
        self.schemas = 0
        for document in documents:
            self.add(document)

    def add(self, document: Json) -> None:
        """Allow for one more document."""
        self.allowed += STEPS_PER_VALUE * size(document)

    def draw(self, steps: int, stage: str, pointer: object = "") -> None:
        """Take some steps.

        Args:
            steps: how many: a step is a look at one value, or at 64 characters of a text.
            stage: what they are for, as the beginning of a sentence.
            pointer: the place that they are for, mostly a JSON Pointer; written out only when it is needed.

        Raises:
            Failure: the contracts do not deserve so many.
        """
        self.used += steps
        if self.used > self.allowed:
            raise _over(f"{stage} takes more than {self.allowed:,} steps", pointer)

    def draw_schema(self, depth: int, pointer: object) -> None:
        """Unfold one more schema, ``depth`` levels inside its body.

        Raises:
            Failure: it is one too many, or too deep.
        """
        self.schemas += 1
        if self.schemas > SCHEMAS:
            raise _over(f"the contract unfolds to more than {SCHEMAS:,} schemas", pointer)
        self.check_depth(depth, pointer)
        self.draw(1 + depth // 8, "unfolding schemas", pointer)

    def check_depth(self, depth: int, pointer: object) -> None:
        """Make sure that schemas within schemas have an end.

        Raises:
            Failure: there are more levels than any contract needs.
        """
        if depth > LEVELS:
            raise _over(f"schemas stand in one another more than {LEVELS} levels deep", pointer)


def size(document: Json) -> int:
    """The number of values in a document; a long text counts as several."""
    return sum(text_steps(value) if isinstance(value, str) else 1 for value in all_values(document))


def text_steps(text: str) -> int:
    """The steps that a text takes."""
    return 1 + len(text) // _CHARACTERS_OF_A_VALUE


def _over(summary: str, pointer: object) -> Failure:
    return Failure(
        [
            Finding(
                OVER_BUDGET,
                Severity.ERROR,
                summary,
                pointer=str(pointer),
                detail="A few references to references can stand for more than any memory holds.",
                fix="Check where this contract comes from, and what stands at this place.",
            )
        ]
    )
