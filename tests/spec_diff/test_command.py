"""``pennyform spec diff`` as people and pipelines use it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main
from pennyform.cli.terminal import Exit

from .contracts import ITEM, Schema, document, operation, sending, taking, thing

TEXT = {"type": "string"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)


def keep(**contracts: Schema) -> list[str]:
    """Write contracts to files; the command that compares them."""
    for name, contract in contracts.items():
        Path(f"{name}.json").write_text(json.dumps(contract), encoding="utf-8")
    return ["spec", "diff", *(f"{name}.json" for name in contracts)]


SELF = {"$ref": "#/components/responses/A"}
BREAKING = {"old": sending(thing(a=TEXT)), "new": sending(thing())}
# What pennyform does not understand may be anything.
UNKNOWN = {"old": sending(thing(a=TEXT)), "new": sending(thing(a={**TEXT, "unheardOf": True}))}
ATTENTION = {"old": document(), "new": document({"put": operation(deprecated=True)})}
ADDITIVE = {"old": sending(thing()), "new": sending(thing(a=TEXT))}


@pytest.mark.parametrize(
    ("contracts", "limit", "code"),
    [
        (BREAKING, None, Exit.OK),
        (BREAKING, "breaking", Exit.FINDINGS),
        (BREAKING, "attention", Exit.FINDINGS),
        (UNKNOWN, "breaking", Exit.FINDINGS),
        (ATTENTION, "breaking", Exit.OK),
        (ATTENTION, "attention", Exit.FINDINGS),
        (ADDITIVE, "attention", Exit.OK),
    ],
)
def test_the_exit_code(contracts: dict[str, Schema], limit: str | None, code: Exit) -> None:
    assert main([*keep(**contracts), *(["--fail-on", limit] if limit else [])]) == code


def test_no_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*keep(old=document(), new=document()), "--fail-on", "attention"]) == Exit.OK
    assert capsys.readouterr().out == "old.json → new.json: no changes\n"


def test_a_published_contract_is_pinned_first(capsys: pytest.CaptureFixture[str]) -> None:
    def published(words: str, fields: str) -> Schema:
        parameter = {"name": "filter", "in": "query", "schema": TEXT, "description": f"- {fields}: `eq`"}
        made = taking(parameter)
        made["paths"][ITEM]["put"]["description"] = words
        del made["info"]["x-pennyform-api"]
        return made

    code = main(keep(old=published("Once.", "`id`, `date`"), new=published("Twice.", "`id`")))
    out = capsys.readouterr().out.splitlines()
    assert code == Exit.OK
    assert len(out) == 2
    assert "<query>.filter.date: filter removed (with eq)" in out[0]


def test_a_sentence_that_is_not_understood_is_listed_when_only_one_side_says_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def unclear(*lines: str) -> Schema:
        description = "\n".join(f"- {line}" for line in lines)
        made = taking({"name": "filter", "in": "query", "schema": TEXT, "description": description})
        del made["info"]["x-pennyform-api"]
        return made

    main(keep(old=unclear("ids, maybe"), new=unclear("ids, maybe", "dates, perhaps")))
    err = capsys.readouterr().err
    main(keep(old=unclear(), new=unclear("dates, perhaps")))
    assert err.count("warning unread-sentence") == capsys.readouterr().err.count("unread-sentence") == 1
    assert "new.json: warning unread-sentence" in err
    assert "dates, perhaps" in err


# -- Acceptance -------------------------------------------------------------------------------------------


def fingerprint(capsys: pytest.CaptureFixture[str]) -> str:
    main([*keep(**BREAKING), "--format", "json"])
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    return str(change["fingerprint"])


def test_an_accepted_change_is_shown_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    Path("accepted.txt").write_text(f"# ours\n\n{fingerprint(capsys)}  we never send it\n", encoding="utf-8")
    command = [*keep(**BREAKING), "--accepted", "accepted.txt", "--fail-on", "breaking"]
    assert main(command) == Exit.OK
    out = capsys.readouterr().out
    assert "accepted: we never send it" in out
    assert out.endswith("1 breaking change; 1 accepted\n")
    main([*command, "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    assert (data["changes"][0]["accepted"], data["summary"]["accepted"]) == ("we never send it", 1)
    main([*command, "--format", "markdown"])
    assert "accepted: we never send it" in capsys.readouterr().out


def test_accepting_one_change_accepts_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    Path("accepted.txt").write_text(f"{fingerprint(capsys)} we never send it\n", encoding="utf-8")
    other = {"old": sending(thing(a=TEXT, b=TEXT)), "new": sending(thing())}
    command = [*keep(**other), "--accepted", "accepted.txt", "--fail-on", "breaking"]
    assert main(command) == Exit.FINDINGS


def test_an_acceptance_that_is_not_used_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    Path("accepted.txt").write_text("0123456789ab  long gone\n", encoding="utf-8")
    command = [*keep(**BREAKING), "--accepted", "accepted.txt"]
    assert main([*command, "--format", "json"]) == Exit.OK
    printed = capsys.readouterr()
    assert json.loads(printed.out)["unused_accepted"] == ["0123456789ab"]
    assert "accepted.txt:1:1: warning unused-acceptance: 0123456789ab" in printed.err
    main([*command, "--format", "markdown"])
    assert "`0123456789ab` is accepted, but no change has this fingerprint" in capsys.readouterr().out


def test_every_line_that_accepts_nothing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["0123456789ab", "0123 because", "ba9876543210 fine", "ba9876543210 again"]
    Path("accepted.txt").write_text("\n".join(lines), encoding="utf-8")
    assert main([*keep(**BREAKING), "--accepted", "accepted.txt"]) == Exit.ERROR
    err = capsys.readouterr().err
    assert "accepted.txt:1:1: error accepted-changes: 0123456789ab has no reason beside it" in err
    assert "accepted.txt:2:1: error accepted-changes: '0123' is not a fingerprint" in err
    assert "accepted.txt:4:1: error accepted-changes: ba9876543210 stands in line 3 already" in err


# -- What goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "unreadable-file"),
        ("<html>", "json-syntax"),
        ("[]", "not-a-contract"),
        (json.dumps(sending({"$ref": "https://example.com/schema.json"})), "reference"),
        (json.dumps(sending({"$ref": "#/components/schemas/Nothing"})), "reference"),
        (
            json.dumps(document({"put": operation(responses={"200": SELF})}, responses={"A": SELF})),
            "reference",
        ),
    ],
)
def test_what_is_no_contract(content: str | None, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = keep(old=document(), new=document())
    Path("new.json").unlink()
    if content is not None:
        Path("new.json").write_text(content, encoding="utf-8")
    assert main(command) == Exit.ERROR
    assert f"error {problem}" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--fail-on", "additive"], ["--format", "html"]])
def test_usage(option: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["spec", "diff", "old.json", "new.json", *option])
    assert stopped.value.code == Exit.USAGE


def test_one_contract_alone_is_compared_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "diff", "old.json"]) == Exit.ERROR
    assert "error one-contract" in capsys.readouterr().err


def test_the_accepted_file_must_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*keep(**BREAKING), "--accepted", "nowhere.txt"]) == Exit.ERROR
    assert "error unreadable-file" in capsys.readouterr().err


# -- Renderings -------------------------------------------------------------------------------------------

HOSTILE = "\x1b[31m|<img src=x>`@everyone`\u202e"


def hostile() -> dict[str, Schema]:
    body = {"content": {"application/json": {"schema": thing(**{HOSTILE: TEXT})}}}
    return {
        "old": document({"put": operation(operationId=HOSTILE, requestBody=body)}),
        "new": document({"put": operation(operationId=HOSTILE, requestBody={"content": {}})}),
    }


def test_names_of_a_contract_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(keep(**hostile()))
    main([*keep(old=sending(thing(**{HOSTILE: TEXT})), new=sending(thing()))])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_names_of_a_contract_cannot_leave_their_cell(capsys: pytest.CaptureFixture[str]) -> None:
    main([*keep(old=sending(thing(**{HOSTILE: TEXT})), new=sending(thing())), "--format", "markdown"])
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if "breaking" in line and line.startswith("| **"))
    assert row.replace("\\|", "").count("|") == 5
    main([*keep(**hostile()), "--format", "markdown"])
    out += capsys.readouterr().out
    # In code, nobody is mentioned.
    assert "@everyone" in out
    assert "@everyone" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", out)


def test_markdown_fits_into_a_comment(capsys: pytest.CaptureFixture[str]) -> None:
    many = {f"field_{number}_{'x' * 60}": TEXT for number in range(2000)}
    assert main([*keep(old=sending(thing()), new=sending(thing(**many))), "--format", "markdown"]) == Exit.OK
    out = capsys.readouterr().out
    assert len(out) < 60_000
    assert "more; `pennyform spec diff` shows all" in out


def test_many_operations_are_counted_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    def many(**keywords: Any) -> Schema:
        made = document()
        made["paths"] = {
            f"/api/external/v2/things/{number}": {"get": operation(operationId=f"get{number}", **keywords)}
            for number in range(9)
        }
        return made

    command = keep(old=many(), new=many(security=[{"oauth2": ["a"]}]))
    main(command)
    assert "9 operations: get0, get1, get2, get3, get4, get5 and 3 more" in capsys.readouterr().out
    main([*command, "--all"])
    assert "get5, get6, get7, get8" in capsys.readouterr().out
