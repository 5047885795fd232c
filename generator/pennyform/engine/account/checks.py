"""Every answer is compared with its question: rows that were asked for, each once, and not without end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from pennyform.engine.account.errors import (
    AmbiguousError,
    ForeignAnswerError,
    UnknownOutcomeError,
    UnreadableError,
)
from pennyform.engine.account.records import RemoteCustomer, RemoteProduct
from pennyform.engine.limits import ROWS

T = TypeVar("T")
R = TypeVar("R", RemoteCustomer, RemoteProduct)


def each_once(rows: Iterable[T]) -> Iterator[T]:
    """The rows of one look-up, each of them once.

    Raises:
        UnreadableError: a row has no id, two have the same and different contents, or there are more rows
            than a look-up may keep in memory; the lines of an invoice count as rows.
    """
    first_of: dict[int, T] = {}
    count = 0
    for row in rows:
        id_ = field_of(row, "id")
        if id_ is msgspec.UNSET:
            raise UnreadableError("the answer has a record without its id, which the contract promises")
        earlier = first_of.setdefault(id_, row)
        if earlier is not row:
            if earlier != row:
                raise UnreadableError(f"an answer has the record {id_} twice, with different contents")
            continue
        count += 1 + len(getattr(row, "lines", ()))
        if count > ROWS:
            raise UnreadableError(f"a look-up was answered with more than {ROWS:,} rows")
        yield row


def by_reference(rows: Iterable[R], what: str) -> dict[str, R]:
    """Rows by their ``external_reference``.

    Raises:
        UnreadableError: two of them have the same, which the API rules out.
    """
    matches: dict[str, R] = {}
    for row in rows:
        reference = row.body.external_reference or ""
        other = matches.setdefault(reference, row)
        if other is not row:
            ids = f"{other.id} and {row.id}"
            raise AmbiguousError(f"two {what} have the external_reference {reference}: {ids}")
    return matches


def check_asked(actual: set[Any], expected: set[Any], field: str) -> None:
    """That a filter was heeded.

    Raises:
        UnreadableError: it was not: other people's rows are among the answer.
    """
    if actual - expected:
        raise UnreadableError(
            f"a look-up by {field} was answered with rows that were not asked for; the filter was ignored"
        )


def check_written(answer: Any, expected: Mapping[str, object]) -> int:
    """That the answer to a write is about what was written.

    Of what is created, the reference is not among the fields: were it stored in another form, its record
    would count as absent and be created again. Reading it back by its id compares the reference.

    Args:
        answer: the record that was created or changed.
        expected: the fields that tell it apart, and their values.

    Returns:
        Its id.

    Raises:
        UnknownOutcomeError: it names no id. Only a look-up can tell.
        ForeignAnswerError: it is about something else; likewise.
    """
    id_ = field_of(answer, "id")
    if not isinstance(id_, int):
        raise UnknownOutcomeError("the answer names no id")
    for name, value in expected.items():
        actual = field_of(answer, name)
        if actual != value:
            text = "missing" if actual is msgspec.UNSET else actual
            raise ForeignAnswerError(f"the answer is about something else: its {name} is {text}, not {value}")
    return id_


def field_of(answer: Any, name: str) -> Any:
    """A field of a record, also of one that the client has no type for; ``UNSET`` where it lacks it."""
    return (
        answer.get(name, msgspec.UNSET)
        if isinstance(answer, Mapping)
        else getattr(answer, name, msgspec.UNSET)
    )
