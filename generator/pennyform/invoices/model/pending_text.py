"""Text that holds the legal number of another invoice before that number is known.

A legal number exists once its invoice is final. Until then the text is a value of its own type: it can be
shown, with a placeholder, and compared, and is never sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

# No keyboard has them: nobody takes a placeholder for a number.
_OPEN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_CLOSE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


class NumberOf(NamedTuple):
    """The legal number of the invoice whose ``external_reference`` is ``reference``."""

    reference: str

    @property
    def placeholder(self) -> str:
        """What stands for the number where it is shown before it is known."""
        return f"{_OPEN}number of {self.reference}{_CLOSE}"


TextPart: TypeAlias = "str | NumberOf"
# Gives the legal number of the invoice of a reference; None while it is not known.
LegalNumber: TypeAlias = "Callable[[str], str | None]"


class PendingText(str):
    """Text of several parts, of which some are numbers that are not known yet.

    As a text it shows a placeholder for each of them; only :meth:`settle` gives text that may be sent.
    """

    __slots__ = ("parts",)
    parts: tuple[TextPart, ...]

    def __new__(cls, parts: Sequence[TextPart]) -> PendingText:
        """The text of ``parts``, one after the other."""
        texts = (part.placeholder if isinstance(part, NumberOf) else part for part in parts)
        text = super().__new__(cls, "".join(texts))
        text.parts = tuple(parts)
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return PendingText, (self.parts,)

    @property
    def references(self) -> tuple[str, ...]:
        """The invoices whose numbers are not known yet, by reference, each once."""
        return tuple(dict.fromkeys(part.reference for part in self.parts if isinstance(part, NumberOf)))

    def settle(self, number: LegalNumber) -> str:
        """The text with the numbers that ``number`` gives; pending still when it does not give all."""
        parts = [part if isinstance(part, str) else number(part.reference) or part for part in self.parts]
        return text_of(parts)

    def renamed(self, rename: Callable[[str], str]) -> PendingText:
        """The same text about the references that ``rename`` makes of those in it."""
        return PendingText(
            [part if isinstance(part, str) else NumberOf(rename(part.reference)) for part in self.parts]
        )


_PLAIN = frozenset({str, type(None), bool, int, Decimal})


def text_of(parts: Sequence[TextPart]) -> str:
    """The text of ``parts``: plain when all of them are, else pending."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else PendingText(parts)


def pending_texts(value: object) -> Iterator[PendingText]:
    """Every text in ``value`` (a body, a part of one, or JSON) that waits for a number, in order."""
    # Asked ten times for each invoice, of all its fields: nearly all are plain and left alone at once.
    waiting = [value]
    while waiting:
        member = waiting.pop()
        if type(member) in _PLAIN:
            continue
        if isinstance(member, PendingText):
            yield member
        elif isinstance(member, dict):
            waiting.extend(reversed(member.values()))
        elif isinstance(member, tuple | list):
            waiting.extend(reversed(member))


def settled(value: Any, number: LegalNumber) -> Any:
    """``value`` (a body, a part of one, or JSON) with the numbers that are known by now."""
    if isinstance(value, PendingText):
        return value.settle(number)
    if isinstance(value, dict):
        return {name: settled(member, number) for name, member in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._make(settled(member, number) for member in value)  # type: ignore[attr-defined]
    if isinstance(value, tuple | list):
        return type(value)(settled(member, number) for member in value)
    return value


def with_placeholders(value: Any) -> Any:
    """``value`` (JSON) with a placeholder, as plain text, wherever a number is not known yet."""
    if isinstance(value, PendingText):
        return str(value)
    if isinstance(value, dict):
        return {name: with_placeholders(member) for name, member in value.items()}
    return [with_placeholders(member) for member in value] if isinstance(value, list | tuple) else value
