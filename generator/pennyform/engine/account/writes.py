"""Writes: what is sent fits the contract, and the answer is about what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from pennylane_company import convert, errors

from pennyform.engine.account.answers import field_of
from pennyform.engine.account.errors import (
    ForeignAnswerError,
    RefusedError,
    UnknownOutcomeError,
    outcome_of,
)
from pennyform.invoices.model import pending_texts


def checked_body(body: object, model: Any) -> Any:
    """``body`` as the client's own type, checked against the contract before anything is sent.

    Raises:
        RefusedError: it does not fit, or has text that is not known yet.
    """
    refuse_pending(body)
    try:
        return convert(body, model)
    except msgspec.ValidationError as problem:
        raise RefusedError(f"the request does not fit the contract: {problem}", status=400) from problem


def refuse_pending(body: object) -> None:
    """Refuse text that waits for the legal number of another invoice: it is never sent.

    Raises:
        RefusedError: there is such text in ``body``.
    """
    waiting = next(pending_texts(body), None)
    if waiting is not None:
        raise RefusedError(f"the number of {waiting.references[0]} is not known yet", status=0)


def send(request: Callable[[], object]) -> None:
    """Send a write whose answer says nothing more."""
    with _writing():
        request()


def send_and_check(request: Callable[[], Any], expected: Mapping[str, object]) -> int:
    """Send a write that answers with what it made or changed, and return the id of that."""
    with _writing():
        answer = request()
    return check_written(answer, expected)


@contextmanager
def _writing() -> Iterator[None]:
    """The client's errors of a write, in the engine's words."""
    try:
        yield
    except (errors.OutcomeUnknownError, errors.ServerError) as problem:
        raise UnknownOutcomeError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise outcome_of(problem) from problem


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
