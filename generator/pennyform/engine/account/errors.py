"""What can become of a request, in the engine's own words: done is an answer, all else is one of these.

Outside of this package, nothing sees the errors of the emitted client.
"""

from __future__ import annotations

from pennylane_company import errors


class OutcomeError(Exception):
    """A request did not end in an answer that can be used. ``str()`` is one sentence for people."""


class RefusedError(OutcomeError):
    """The API understood and said no: nothing was done, and asking again changes nothing.

    ``status`` is the HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ReferenceTakenError(RefusedError):
    """A create was refused because its ``external_reference`` exists. What exists must be looked at."""


class NotAllowedError(RefusedError):
    """The token is unknown, expired, or lacks a scope (401, 403): no further request can succeed."""


class NotSentError(OutcomeError):
    """The request never left, however often it was tried: the API cannot be reached."""


class RateExhaustedError(OutcomeError):
    """Refused for its rate (429) more often than is bearable; not executed. ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcomeError(OutcomeError):
    """It left, and no usable answer came back: it may or may not have been executed."""


class ForeignAnswerError(UnknownOutcomeError):
    """The answer to a write is about something else than what was written."""


class UnreadableError(OutcomeError):
    """A look-up gave no usable answer, however often it was tried, or rows that were not asked for."""


class AmbiguousError(UnreadableError):
    """Two records have one reference: asking again changes nothing, and a person decides."""


def outcome_of(problem: errors.PennylaneError) -> OutcomeError:
    """What an error of the client says of a request, where that is the same of reads and writes."""
    match problem:
        case errors.NotSentError():
            return NotSentError(str(problem))
        case errors.RateLimitedError():
            return RateExhaustedError(str(problem), retry_after=problem.retry_after)
        case errors.AuthenticationError() | errors.PermissionDeniedError():
            return NotAllowedError(str(problem), status=problem.status)
        case errors.ConflictError() | errors.UnprocessableError() if _taken(problem.message):
            return ReferenceTakenError(str(problem), status=problem.status)
        case errors.APIError():
            return RefusedError(str(problem), status=problem.status)
    return UnknownOutcomeError(str(problem))


def _taken(message: str) -> bool:
    """Whether a refusal says that the reference exists."""
    # Reports from real accounts disagree on its wording and status: most have 422, two have 409.
    words = message.lower()
    return "reference" in words and any(word in words for word in ("taken", "exist", "unique"))
