"""Secrets are found however they are spelled, at a cost that grows with the text, and nothing else is."""

from __future__ import annotations

import itertools
import pickle
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
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


def _reduced_letter_by_letter(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isprintable() and letter != " ").lower()


@given(st.text() | st.text(st.characters(max_codepoint=0xFF)))
def test_text_is_reduced_as_its_decomposition_is(text: str) -> None:
    assert redaction._reduced(text) == _reduced_letter_by_letter(text)


def test_every_letter_is_reduced_as_its_decomposition_is() -> None:
    letters = map(chr, range(0x30000))
    assert not [
        letter for letter in letters if redaction._reduced(letter) != _reduced_letter_by_letter(letter)
    ]


# A secret cut into pieces, and what may stand between them and around them.
_BEFORE_LETTERS = [place for place, letter in enumerate(SECRET) if letter in "bfnrt"]
CUTS = st.lists(st.sampled_from(_BEFORE_LETTERS) | st.integers(0, len(SECRET)), max_size=3).map(sorted)
BETWEEN = st.lists(
    st.sampled_from(
        (*("\\", '\\"', "\\/", "\\n", "\\t", "\\b", "\\a", "\\u0026", "\\u003c", "\\u0041", '"', "n", "/"),
         *("%", "%25", "%41", "4", "1", "&", "&amp;", "amp;", "#65;", "u0041"),
         *(" ", "é", "\u2019", "\u20ac", "½"))
    ),
    max_size=4,
).map("".join) | st.sampled_from(["", "\\", "é"])  # fmt: skip


WAYS = st.sampled_from([str, *(SPELLINGS[name] for name in SPELLINGS if "base64" not in name)])
WRITTEN = st.lists(st.tuples(WAYS, BETWEEN), min_size=4, max_size=4)


@settings(max_examples=1000)
@given(CUTS, BETWEEN, WRITTEN)
@example([SECRET.index("R")], "", [(str.lower, "\\\\n"), *[(str.lower, "")] * 3])
def test_the_fast_way_redacts_what_the_slow_way_does(
    cuts: list[int], before: str, written: list[tuple[Callable[[str], str], str]]
) -> None:
    """Each piece of a secret is spelled in a way of its own."""
    pieces = [SECRET[first:last] for first, last in itertools.pairwise([0, *cuts, len(SECRET)])]
    spelled = [f"{spell(piece)}{after}" for piece, (spell, after) in zip(pieces, written, strict=False)]
    text = "".join([before, *spelled])
    slow, _ = REDACT._redacted(text, letters=False)
    slow, _ = REDACT._redacted(slow, letters=True)
    assert REDACT(text) == slow
    assert REDACT.in_bytes(text.encode()) == slow.encode()


@pytest.mark.parametrize(
    "text", ["Dupont \\u0026 Fils", "TVA 20\u202f%", 'tube 5\\"\\nété', "l\u2019été à 100\xa0€", "a/b"]
)
def test_usual_text_of_french_invoices_goes_the_fast_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redactor, "_redacted", None)
    REDACT.in_bytes(f'{{"label": "{text}"}}'.encode())


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
