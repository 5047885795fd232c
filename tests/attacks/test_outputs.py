"""Hostile text from each source in each output: nothing hides, commands, closes or links anything there.

A source is a text that somebody else writes: a definition, a customer, a data file, the account, a contract,
a journal, a saved plan. All of the hostile strings come from a source at once; what is written is read by
a reader of its own format, which knows nothing of pennyform. Names of files and arguments: ``test_text.py``.
"""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from markdown_it import MarkdownIt
from pennyform.cli import main
from pennyform.cli.terminal import Terminal
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennylane_company import Client

from tests.engine.world import CUSTOMER, Office, invoice, line, raw, state_variables
from tests.spec.hostile_contracts import closed, contract, sending

# What can be seen, and is a command, the end of a place, a link or a formula somewhere.
VISIBLE = (
    "::error file=x::injected",
    "##vso[task.setvariable variable=x]injected",
    "##[command]injected",
    "section_start:1:injected",
    "travis_fold:start:injected",
    "<script>alert('injected')</script>",
    "<img src=//injected.example onerror=alert(1)>",
    "&lt;b&gt; &#x3c;script&#x3e;",
    "]]><injected/><![CDATA[",
    "](https://injected.example) ![](//injected.example)",
    "https://injected.example www.injected.example a@injected.example",
    "@everyone #1 GH-1 `injected` | injected | *injected* _injected_",
    "=HYPERLINK(1)",
    '\'" onmouseover=alert(1) x="',
)
# What cannot be seen, or turns what is around it.
HIDDEN = (
    "a\n::error::injected",
    "a\r\n##[command]injected",
    "a\x1b]0;injected\x07",
    "a\x1b[2Jinjected",
    "a\u202einjected",
    "a\u2028::error::injected",
    "a\u200b\U000e0041injected",
    "a\ufffe\x0b\x00injected",
    "a\u3164\u034finjected",
)


# --- what reads an output ---------------------------------------------------------------------------------

# Of each CI system whose log may be read: what begins a command there, in a line or anywhere.
COMMAND = re.compile(
    r"^\s*::(?! )|##\[|##vso\[|##teamcity\[|(?:section_(?:start|end)|travis_fold|travis_time):\w"
)
OURS = re.compile(r"^::(?:error|warning|notice) (?:file=[^:]*,)?(?:line=\d+,)?(?:col=\d+,)?title=[\w-]+::")
# Written down here again: format, bidirectional, fillers, separators, control, private and unassigned.
SEEN_AS_NOTHING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffe\uffff\U000e0000-\U000e0fff]"
)
TAGS_OF_MARKDOWN = {
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "strong",
    "em",
    "code",
    "ul",
    "ol",
    "li",
    "pre",
    "br",
    "hr",
}
TAGS_OF_MARKDOWN |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "sub"}


def of_text(said: str) -> None:
    for each in said.split("\n"):
        assert not COMMAND.search(each), each


def of_json(said: str) -> None:
    json.loads(said)


def of_lines_of_commands(said: str) -> None:
    for each in said.split("\n"):
        assert not COMMAND.search(OURS.sub("", each)), each


def of_xml(said: str) -> None:
    root = ET.fromstring(said)
    assert "injected" not in {element.tag for element in root.iter()}


def of_markdown(said: str) -> None:
    page = MarkdownIt("gfm-like").render(said)
    assert {tag.lower() for tag in re.findall(r"</?([A-Za-z]\w*)", page)} <= TAGS_OF_MARKDOWN, page
    # Nor what GitHub makes of words that no renderer of Markdown knows.
    words = re.sub(r"<(code|pre)>.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?<!\w)@\w|(?<!\w)#\d|GH-\d|https?://|www\.", words), words


class Page(HTMLParser):
    """What of a page does something: scripts, links, attributes of events."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base", "form", "img", "link", "injected"}:
            self.active.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in {"href", "src"} and not (value or "").startswith("#")):
                self.active.append(f"{tag} {name}={value}")


def of_html(said: str) -> None:
    page = Page()
    page.feed(said)
    assert page.active == []


READERS: dict[str, Callable[[str], None]] = {
    "text": of_text,
    "json": of_json,
    "github": of_lines_of_commands,
    "sarif": of_json,
    "junit": of_xml,
    "markdown": of_markdown,
    "html": of_html,
}


def check(said: str, format_: str) -> None:
    """That nothing in ``said`` does what a hostile string wanted."""
    assert "internal defect" not in said
    assert "Traceback" not in said
    for each in said.split("\n"):
        assert not SEEN_AS_NOTHING.search(each), ascii(each)
    if format_ != "github":
        of_text(said)
    READERS[format_](said)


# --- the sources --------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """``text`` as YAML has it: JSON is."""
    return json.dumps(text)


def in_definitions(office: Office, texts: tuple[str, ...]) -> None:
    lines = "".join(line(label=quoted(text)) for text in texts)
    subject = quoted(" ".join(texts)[:200])
    office.define("INV-1", lines=lines, more=f"pdf_invoice_subject: {subject}\n")


def in_names_of_fields(office: Office, texts: tuple[str, ...]) -> None:
    for number, text in enumerate(texts):
        office.write(f"invoices/wrong-{number}.yaml", invoice(f"W-{number}") + f"{quoted(text)}: 1\n")


def in_customers(office: Office, texts: tuple[str, ...]) -> None:
    for number, text in enumerate(texts):
        customer = CUSTOMER.replace("ACME SAS", quoted(text)).replace("Paris", quoted(text))
        office.write(f"customers/c{number}.yaml", customer.replace("ACME", f"C{number}"))
        office.write(f"invoices/c{number}.yaml", invoice(f"INV-C{number}").replace("ACME", f"C{number}"))


def in_data(office: Office, texts: tuple[str, ...]) -> None:
    rows = [{"number": number, "label": text} for number, text in enumerate(texts)]
    office.write("rows.json", json.dumps(rows))
    lines = line(label='"{{ row.label | verbatim }}"')
    office.write("series.yaml", "for_each: rows.json\n" + invoice('"R-{{ row.number }}"', lines=lines))


def in_settings(office: Office, texts: tuple[str, ...]) -> None:
    settings = f"version: 1\nenvironment: sandbox\nrounding: {quoted(texts[0])}\n"
    office.write("pennyform.yaml", settings + "".join(f"{quoted(text)}: {quoted(text)}\n" for text in texts))


def in_account(office: Office, texts: tuple[str, ...]) -> None:
    """The company's name, and customers and invoices that somebody made there by hand."""
    office.define("INV-1", lines=line(label="Consulting"))
    office.apply()
    office.sandbox.rename_company(office.sandbox.companies()[0].id, " ".join(texts)[:200])
    with raw(office.sandbox) as caller:
        base = "https://app.pennylane.com/api/external/v2"
        (customer,) = caller.get(f"{base}/customers").json()["items"]
        (row,) = caller.get(f"{base}/customer_invoices").json()["items"]
        caller.put(f"{base}/company_customers/{customer['id']}", json={"name": " ".join(texts)[:100]})
        changed = {"pdf_invoice_subject": " ".join(texts)[:200], "label": " ".join(texts)[:200]}
        caller.put(f"{base}/customer_invoices/{row['id']}", json=changed)


SOURCES = {
    "definitions": in_definitions,
    "names of fields": in_names_of_fields,
    "customers": in_customers,
    "data files": in_data,
    "settings": in_settings,
    "the account": in_account,
}
# Where any text is a fault.
REFUSED = {"names of fields", "settings"}
OUTPUTS = [
    *(("validate", format_) for format_ in ("text", "json", "github", "sarif", "junit", "markdown")),
    *(("render", format_) for format_ in ("text", "json")),
    *(("plan", format_) for format_ in ("text", "json", "markdown", "html")),
    *(("verify", format_) for format_ in ("text", "json", "html")),
    ("adopt", "text"),
]


@pytest.fixture(
    scope="module",
    params=[(source, kind) for source in SOURCES for kind in ("visible", "hidden")],
    ids=" ".join,
)
def source(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which source, and which strings."""
    name, kind = request.param
    return name, kind


@pytest.fixture(scope="module")
def repository(source: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository and an account with hostile strings behind the source."""
    name, kind = source
    with pytest.MonkeyPatch.context() as environment:
        office = Office(tmp_path_factory.mktemp("office") / "repository")
        for variable, value in state_variables(office.root).items():
            environment.setenv(variable, value)
        SOURCES[name](office, VISIBLE if kind == "visible" else HIDDEN)
        office.close()
        yield office.root


@pytest.fixture
def here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {**state_variables(repository), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repository)
    return repository


@pytest.mark.parametrize(("verb", "format_"), OUTPUTS, ids=lambda value: value)
def test_what_comes_through_a_door_is_text_in_every_output(
    here: Path, source: tuple[str, str], capfd: pytest.CaptureFixture[str], verb: str, format_: str
) -> None:
    words = [verb] if verb == "adopt" else [verb, "--format", format_]
    code = main(words)
    out, err = capfd.readouterr()
    assert out + err
    if "visible" in source and verb == "plan" and format_ != "markdown" and not REFUSED & {*source}:
        # What is no fault is shown, as what it is. In Markdown there is little text.
        assert code == 0, err
        assert "injected" in out
    check(err, "text")
    if out:
        check(out, format_)


# --- sources with commands of their own ---------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office(tmp_path / "repository")
    office.define("INV-1")
    for name, value in {**state_variables(office.root), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(office.root)
    yield office
    office.close()


STRINGS = pytest.mark.parametrize("texts", [VISIBLE, HIDDEN], ids=["visible", "hidden"])


@STRINGS
@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_a_contract_is_compared_as_text(
    office: Office, capfd: pytest.CaptureFixture[str], texts: tuple[str, ...], format_: str
) -> None:
    of_enum = {"type": "object", "properties": {"a": {"type": "string", "enum": list(texts)}}}
    hostile = json.dumps(sending(closed(*texts), Other=of_enum, Third={"description": "\n".join(texts)}))
    office.write("old.json", json.dumps(contract()))
    office.write("new.json", hostile)
    for old, new in (("old.json", "new.json"), ("new.json", "old.json")):
        main(["spec", "diff", old, new, "--format", format_])
        out, err = capfd.readouterr()
        assert "injected" in out + err
        check(err, "text")
        if out:
            check(out, format_)
    if texts is HIDDEN:
        main(["spec", "fetch", "--api", "example", "--specs", "specs", "--from", "new.json"])
        out, err = capfd.readouterr()
        check(out + err, "text")


@STRINGS
@pytest.mark.parametrize("verb", ["plan", "apply", "verify"])
def test_a_journal_of_a_stranger_is_named_as_text(
    office: Office, capfd: pytest.CaptureFixture[str], texts: tuple[str, ...], verb: str
) -> None:
    office.apply()
    records = [json.dumps({"kind": text, "reference": text, text: text}) for text in texts]
    office.journal.write_text("\n".join([*texts, *records]) + "\n", encoding="utf-8", errors="replace")
    assert main([verb, *(["--auto-approve"] if verb == "apply" else [])])
    out, err = capfd.readouterr()
    assert "journal-damaged" in err
    check(out + err, "text")


@STRINGS
def test_a_saved_plan_of_a_stranger_is_named_as_text(
    office: Office, capfd: pytest.CaptureFixture[str], texts: tuple[str, ...]
) -> None:
    assert main(["plan", "--out", "saved.plan"]) == 0
    saved = json.loads((office.root / "saved.plan").read_text())
    for name in (*saved, *texts):
        (office.root / "saved.plan").write_text(json.dumps({**saved, name: list(texts)}))
        capfd.readouterr()
        assert main(["apply", "saved.plan"])
        out, err = capfd.readouterr()
        assert "plan" in err
        check(out + err, "text")


@STRINGS
@pytest.mark.parametrize(
    "words", [(), ("plan",), ("plan", "--format"), ("spec",), ("sandbox", "serve", "--port"), ("rules",)]
)
def test_a_word_of_the_command_line_is_repeated_as_text(
    office: Office, capfd: pytest.CaptureFixture[str], texts: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for text in texts:
        with suppress(SystemExit):
            assert main([*words, text])
        out, err = capfd.readouterr()
        check(out + err, "text")


@STRINGS
def test_an_error_of_the_account_is_told_as_text(
    office: Office, capfd: pytest.CaptureFixture[str], texts: tuple[str, ...]
) -> None:
    refusal = {"error": "\n".join(texts), "status": 422, "details": [{"issue": text} for text in texts]}
    transport = httpx.MockTransport(
        lambda _: httpx.Response(422, json=refusal, headers={"x-request-id": "a"})
    )
    client = AccountClient(Client("sandbox", transport=transport, rate_limit=None))
    with pytest.raises(OutcomeError) as caught:
        client.company()
    Terminal.system().guarded().print_error(str(caught.value))
    out, err = capfd.readouterr()
    assert "injected" in err
    check(out + err, "text")


# --- secrets ------------------------------------------------------------------------------------------------

TOKEN = "pk-0123456789abcdefghijklmnop"
SPELLINGS = {
    "as it is": TOKEN,
    "in capitals": TOKEN.upper(),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "in hexadecimal": TOKEN.encode().hex(),
    "with spaces": " ".join(TOKEN),
    "encoded for a URL": "".join(f"%{ord(each):02x}" for each in TOKEN),
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_secret_in_a_definition_is_refused_and_not_shown(
    office: Office,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spelled: str,
    verb: str,
) -> None:
    monkeypatch.setenv("PENNYLANE_API_TOKEN", TOKEN)
    office.define("INV-1", lines=line(label=quoted(f"for {spelled}")))
    words = ["plan", "--out", "saved.plan"] if verb == "plan" else ["apply", "--auto-approve"]
    assert main(words) == 1
    out, err = capfd.readouterr()
    assert "secret-in-definition" in err
    assert spelled not in out + err
    assert office.books() == {}
    assert not (office.root / "saved.plan").exists()


def test_a_secret_in_a_file_name_is_in_no_annotation(
    office: Office, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENNYLANE_API_TOKEN", TOKEN)
    office.write(f"invoices/{TOKEN}.yaml", "none: 1\n")
    assert main(["validate", "--format", "github"]) == 4
    out, err = capfd.readouterr()
    assert "::error" in out
    assert TOKEN not in out + err
