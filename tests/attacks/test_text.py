"""Names of files and arguments that hide, reverse, or begin a line of their own: in every format."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from pennyform.cli import main
from pennyform.text import has_hidden

PAYLOADS = {
    "a command of a CI job": "a\n::error file=x::injected",
    "the end of commands": "a\r\n::stop-commands::injected",
    "a terminal's title": "a\x1b]0;injected\x07",
    "backwards": "a\u202einjected",
    "a line separator": "a\u2028::error::injected",
    "nothing to see": "a\u200b\U000e0041injected",
    "a cell's end": "a|injected|<script>alert(1)</script>",
    "a link": "a](https://injected.example)",
}
# What a report is made of; a link, an image or a script is not.
OURS = {"h1", "h2", "h3", "h4", "p", "strong", "em", "code", "ul", "ol", "li", "pre", "br", "hr"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "sub"}
FORMATS = ("text", "json", "markdown", "github", "sarif", "junit")


def _check(said: str, format_: str) -> None:
    assert "internal defect" not in said
    assert not any(has_hidden(line.replace("\t", "")) for line in said.split("\n")), said
    assert not [
        line for line in said.split("\n") if line.startswith(("::stop", "::error::inj")) or "\r" in line
    ]
    if format_ == "junit":
        ET.fromstring(
            said.partition("</testsuites>")[0] + "</testsuites>" if "<testsuites" in said else "<a/>"
        )
    if format_ == "markdown":
        # As GitHub shows it: whatever is not text in it, we made.
        page = MarkdownIt("gfm-like").render(said)
        assert {tag.lower() for tag in re.findall(r"</?([A-Za-z]\w*)", page)} <= OURS, page


def _check_both(capfd: pytest.CaptureFixture[str], format_: str) -> None:
    out, err = capfd.readouterr()
    _check(out, format_)
    _check(err, "text")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which commands run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_path_that_is_not_there_is_said_in_one_line(
    here: Path, capfd: pytest.CaptureFixture[str], payload: str, format_: str
) -> None:
    assert main(["validate", "--format", format_, f"{payload}.yaml"]) == 1
    _check_both(capfd, format_)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_file_of_that_name_is_refused_or_shown_safely(
    here: Path, capfd: pytest.CaptureFixture[str], payload: str, format_: str
) -> None:
    (here / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    (here / f"{payload.replace('/', '_')}.yaml").write_text(f"external_reference: '{payload[:1]}'\nnone: 1\n")
    assert main(["validate", "--format", format_]) == 4
    _check_both(capfd, format_)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("option", ["--target", "--token-file", "--environment", "--out"])
def test_what_an_option_says_is_repeated_safely(
    here: Path, capfd: pytest.CaptureFixture[str], payload: str, option: str
) -> None:
    try:
        code = main(["plan", option, f"{here}/none/{payload}"])
    except SystemExit as usage:
        code = int(usage.code or 0)
    assert code
    _check_both(capfd, "text")
