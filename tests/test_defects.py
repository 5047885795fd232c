"""A defect of pennyform itself: no traceback reaches a user, and what was sent is not quoted."""

from __future__ import annotations

import pytest
from pennyform import cli
from pennyform.cli.commands.account import plan


def _break(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> int:
        raise LookupError("Bearer secret")

    monkeypatch.setattr(plan, "run", run)


def test_a_defect_is_said_in_three_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _break(monkeypatch)
    assert cli.main(["plan"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        "error internal: a defect of pennyform stopped this command (LookupError at test_defects.py:"
    )
    assert len(said.splitlines()) == 3
    assert "secret" not in said


def test_a_developer_can_see_it_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _break(monkeypatch)
    monkeypatch.setenv("PENNYFORM_DEBUG", "1")
    assert cli.main(["plan"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.endswith("LookupError: Bearer secret\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["aply"], "there is no verb 'aply'; did you mean 'apply'?"),
        (["apply", "--auto"], "unrecognized arguments: --auto"),
        (["plan", "--formt", "json"], "unrecognized arguments: --formt"),
    ],
)
def test_a_wrong_word_is_a_usage_error(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 64
    assert said in capsys.readouterr().err


def test_what_the_system_refuses_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plan, "run", run)
    assert cli.main(["plan"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error system: the system refused: [Errno 28] No space left on device\n")
    assert "defect" not in said
