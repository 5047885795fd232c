from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pennyform.sandbox import Rules, Sandbox

from .conftest import Caller, Clock, Connect


@pytest.fixture
def limited(clock: Clock, connect: Connect) -> Iterator[Caller]:
    sandbox = Sandbox(clock=clock)
    sandbox.add_token("second")
    yield connect(of=sandbox)
    sandbox.close()


def test_25_requests_in_5_seconds(limited: Caller, clock: Clock) -> None:
    answers = [limited.get("/me") for _ in range(26)]
    assert [answer.status_code for answer in answers] == [200] * 25 + [429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers[::24]] == ["24", "0"]
    assert answers[0].headers["ratelimit-limit"] == "25"
    assert int(answers[0].headers["ratelimit-reset"]) == int(clock().timestamp()) + 5


def test_the_refusal_is_plain_text_and_says_when(limited: Caller, clock: Clock) -> None:
    for _ in range(25):
        limited.get("/me")
    refused = limited.get("/me")
    assert refused.headers["content-type"].startswith("text/plain")
    assert refused.headers["retry-after"] == "5"
    clock.advance(seconds=5)
    assert limited.get("/me").status_code == 200


def test_the_window_slides(limited: Caller, clock: Clock) -> None:
    for _ in range(25):
        limited.get("/me")
        clock.advance(seconds=0.1)
    assert limited.get("/me").status_code == 429
    clock.advance(seconds=2.5)
    assert limited.get("/me").status_code == 200


@pytest.mark.parametrize(("rules", "status"), [(Rules(), 429), (Rules(rate_window="fixed"), 200)])
def test_a_fixed_window_forgets_all_at_once(
    clock: Clock, connect: Connect, rules: Rules, status: int
) -> None:
    sandbox = Sandbox(clock=clock, rules=rules)
    api = connect(of=sandbox)
    api.get("/me")
    clock.advance(seconds=4.9)
    assert {api.get("/me").status_code for _ in range(24)} == {200}
    clock.advance(seconds=0.1)
    assert [api.get("/me").status_code for _ in range(2)][1] == status
    sandbox.close()


def test_refusals_are_not_counted_and_write_nothing(limited: Caller, clock: Clock) -> None:
    for _ in range(100):
        limited.get("/me")
    body = {"number": "706999", "label": "x"}
    assert limited.post("/ledger_accounts", json=body).status_code == 429
    clock.advance(seconds=5)
    found = limited.filtered("/ledger_accounts", ("number", "eq", "706999"))
    assert found.json()["items"] == []


def test_each_token_has_its_own(limited: Caller) -> None:
    for _ in range(25):
        limited.get("/me")
    headers = {"authorization": "Bearer second"}
    assert limited.get("/me", headers=headers).status_code == 200


def test_a_clock_that_is_set_back_does_not_lock_anyone_out(limited: Caller, clock: Clock) -> None:
    for _ in range(25):
        limited.get("/me")
    clock.advance(days=-1)
    assert limited.get("/me").status_code == 200


def test_it_can_be_left_out(api: Caller) -> None:
    answers: list[httpx.Response] = [api.get("/me") for _ in range(60)]
    assert {answer.status_code for answer in answers} == {200}
