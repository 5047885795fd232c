"""What conforms to the pinned contracts is read and written back as it came; whatever else comes is read."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.calls import CALLS, Call
from tests.client.chance import Chance
from tests.client.samples import answer_schema, body_schema, conforms

ANSWERED = [call for call in CALLS if call.operation.answer is not None]
SENT = [each for each in CALLS if each.operation.request and "json" in each.operation.request.media_type]
many_times = settings(max_examples=10, deadline=None, database=None)
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("call", ANSWERED, ids=str)
def test_answers(call: Call) -> None:
    _, schema = answer_schema(call.api, call.key)

    @many_times
    @given(seed=seeds)
    def holds(seed: int) -> None:
        conforming = Chance(call.api, Random(seed))(schema)
        assert conforms(call.api, schema, conforming) == []
        assert call.to_builtins(call.read(conforming)) == conforming
        call.to_builtins(call.read(Chance(call.api, Random(seed), later=True)(schema)))

    holds()


@pytest.mark.parametrize("call", SENT, ids=str)
def test_requests(call: Call) -> None:
    _, schema = body_schema(call.api, call.key) or ("", {})

    @many_times
    @given(seed=seeds)
    def holds(seed: int) -> None:
        body = Chance(call.api, Random(seed))(schema)
        assert conforms(call.api, schema, body) == []
        sent = call.to_builtins(call.convert(body))
        assert sent == ({"draft": False} | body if "draft" in sent else body)

    holds()
