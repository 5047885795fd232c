"""Secrets are found however they are spelled, at a cost that grows with the text, and nothing else is."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform import redaction
from pennyform.redaction import PLACEHOLDER, SHORTEST, Redactor

from tests.spellings import SECRET, SPELLINGS, leaks

REDACT = Redactor([SECRET])
CONTEXTS = ("{}", "Bearer {}", '{{"company": "{}", "id": 1}}', "https://a.example/{}/b?c={}", "{} {}", "ü{}é")


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=list(SPELLINGS))
def test_the_oracle_sees_every_spelling(spell: Callable[[str], str]) -> None:
    # What is base64 in lower case cannot be read back: it is a loss of case, and still most of the secret.
    assert leaks(spell(SECRET)) or spell is SPELLINGS["base64 in lower case"]


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=list(SPELLINGS))
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_spelling_is_replaced(spell: Callable[[str], str], context: str) -> None:
    spelled = spell(SECRET)
    text = context.replace("{}", spelled)
    redacted = REDACT(text)
    assert PLACEHOLDER in redacted
    assert not leaks(redacted)
    assert REDACT(redacted) == redacted
    assert REDACT.in_bytes(text.encode()) == redacted.encode()


def test_what_stands_around_it_stays() -> None:
    assert REDACT(f'{{"a": "x {SECRET} y", "b": "{SECRET}"}}') == '{"a": "x [secret] y", "b": "[secret]"}'
    assert REDACT("\\u0061 %41 &amp; C:\\new") == "\\u0061 %41 &amp; C:\\new"
    assert REDACT.in_bytes(b"\xff\xfe" + SECRET.encode() + b"\xff") == b"\xff\xfe[secret]\xff"


@given(st.text(), st.sampled_from(sorted(SPELLINGS)), st.text())
def test_whatever_stands_beside_it(before: str, spelling: str, after: str) -> None:
    spelled = SPELLINGS[spelling](SECRET)
    assert spelled not in REDACT(f"{before} {spelled} {after}")


@given(st.text(), st.binary())
def test_other_text_is_left_alone(text: str, content: bytes) -> None:
    assert REDACT(text) is text
    assert REDACT.in_bytes(content) is content


@pytest.mark.parametrize(
    "secret", ["", "a", "token", "sandbox", "\u5bc6\u94a5\u5bc6\u94a5\u5bc6\u94a5\u5bc6\u94a5"]
)
def test_what_is_too_short_to_be_a_secret_blanks_nothing(secret: str) -> None:
    assert Redactor([secret])(f"a token for the sandbox: {secret}") == f"a token for the sandbox: {secret}"


def test_the_shortest_secret_is_found() -> None:
    secret = "q7-Zr0~x"
    assert len(secret) == SHORTEST
    redact = Redactor()
    redact.add(secret)
    for spell in SPELLINGS.values():
        assert PLACEHOLDER in redact(f"<{spell(secret)}>")


class _Counting:
    """The module's pattern, counting the characters that it is given."""

    def __init__(self) -> None:
        self.pattern, self.characters = redaction._ESCAPE, 0

    def sub(self, replace: Callable[..., str], text: str) -> str:
        self.characters += len(text)
        return self.pattern.sub(replace, text)


HARD = [SECRET[:-1], "\\", "%25", "&amp;", "\\u005c", "\\u0025", "&#38;", " ", SECRET, f"%25{SECRET}\\"]


@pytest.mark.parametrize("piece", HARD)
def test_the_work_is_proportional_to_the_text(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for length in (1_000, 10_000):
        counting = _Counting()
        monkeypatch.setattr(redaction, "_ESCAPE", counting)
        monkeypatch.setattr(redaction._Traced, "unescaped", lambda traced, **_: traced)
        Redactor([SECRET])(piece * length)
        counts.append(counting.characters)
        monkeypatch.undo()
    assert counts[1] <= 11 * counts[0]


def test_of_a_long_text_with_a_secret_in_it_nothing_is_shown() -> None:
    assert REDACT("x" * 2**22 + SECRET) == PLACEHOLDER


def test_secrets_are_in_no_repr_and_no_pickle() -> None:
    assert SECRET not in repr(REDACT)
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(REDACT)


def test_a_secret_that_another_thread_adds_meanwhile_disturbs_nobody() -> None:
    redact = Redactor([SECRET])
    looking = iter(redact._spellings)
    next(looking)
    redact.add("another-secret-of-another-company")
    list(looking)
    assert redact(f"{SECRET} another-secret-of-another-company") == f"{PLACEHOLDER} {PLACEHOLDER}"
