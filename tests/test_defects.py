"""A defect of pennyform itself: no traceback reaches a user, and what was sent is not quoted."""

from __future__ import annotations

import argparse

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
        (["send"], "there is no verb 'send'; did you mean 'apply'?"),
        (["apply", "--auto"], "unrecognized arguments: --auto; did you mean '--auto-approve'?"),
        (["apply", "-y"], "unrecognized arguments: -y\n"),
        (["plan", "--formt", "json"], "unrecognized arguments: --formt; did you mean '--format'?"),
        (["list"], "the following arguments are required: KIND"),
    ],
)
def test_a_wrong_word_is_a_usage_error(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", [name for name, verb in cli.VERBS.items() if verb.examples])
def test_examples_in_help_are_command_lines_of_the_verb(verb: str) -> None:
    for words in cli.VERBS[verb].examples:
        parser = argparse.ArgumentParser()
        cli._configure(verb, parser)
        parser.parse_args(words.split())


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
