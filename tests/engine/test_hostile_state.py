"""Journals and plans as data of strangers: every field of every record in every shape, signed or not.

Whatever is read gives a named finding with a repair, nothing is sent before that is carried out, and the run
after it ends as every run does. A signature proves who wrote something, not that this version understands it.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.engine.journal.reading import START, read
from pennyform.engine.journal.records import (
    TEXT_LENGTH,
    Absent,
    Acknowledged,
    Deleted,
    Differs,
    Doubt,
    Found,
    Intent,
    PlanUsed,
    Record,
    Refused,
    SetAside,
    Settled,
    Summary,
    Unknown,
    Verified,
    Waited,
    encode,
)
from pennyform.engine.journal.replayed_state import Replay
from pennyform.engine.journal.store import import_journal, open_journal
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.plan_files.binding import PlanOrigin
from pennyform.engine.runtime import Disk
from pennyform.findings import Failure
from pennyform.results.values import JsonObject

from .test_journal import NOW
from .world import KEY, Office, key_of, only, statuses

AT = "2025-10-01T09:00:00.000+00:00"
EARLIER = "2025-09-01T09:00:00.000+00:00"
MAIL = "  send_by_email:\n    recipients: [billing@acme.example]\n"
SUBJECT = {"kind": "invoice", "reference": "INV-1", "at": AT}
# One of each type, with every field that it can have.
SAMPLES: list[Record] = [
    Intent(**SUBJECT, step="finalize", id=7, card="c"),
    Acknowledged(**SUBJECT, step="finalize", id=7),
    Refused(**SUBJECT, step="finalize", why="no"),
    Unknown(**SUBJECT, step="finalize", why="lost", id=7),
    Found(**SUBJECT, id=7, confirmed_by_user=True),
    Absent(**SUBJECT, id=7, confirmed_by_user=False),
    Waited(**SUBJECT),
    Verified(**SUBJECT, id=7),
    Differs(**SUBJECT, id=7),
    SetAside(**SUBJECT, old=7),
    Deleted(**SUBJECT, old=7),
    PlanUsed(at=AT, plan="p"),
    Doubt(at=AT, why="why"),
    Settled(at=AT),
    Summary(
        at=AT,
        unsettled={"invoice": {"INV-1": "finalize"}},
        ids={"invoice": {"INV-1": 7}},
        used=["p"],
        aside={"invoice": {"INV-1": 6}},
        done={"invoice": ["INV-1"]},
        finalized=["INV-1"],
        doubtful=False,
        doubted_at=AT,
        cards={"INV-1": "c"},
    ),
]
# JSON that stands in the place of a value; MISSING removes it.
MISSING = "missing"
SHAPES = [
    MISSING,
    "null",
    "true",
    "0",
    "-1",
    "9223372036854775808",
    "1" + "0" * 400,
    "9" * 5000,
    "1.5",
    "1e400",
    "NaN",
    "-Infinity",
    '""',
    '"text"',
    '"INV-1\\u0000"',
    '"\\ud800"',
    f'"{"x" * (TEXT_LENGTH + 1)}"',
    "[]",
    "[null]",
    "[[1]]",
    "{}",
    '{"invoice": null}',
    '{"invoice": {"INV-1": []}}',
    '{"invoice": {"INV-1": {"a": 1}}}',
    "[" * 500 + "]" * 500,
    "[" * 200_000,
    f'"{AT[:10]}"',
]


def signed(texts: list[bytes], key: bytes | None = KEY) -> bytes:
    """A journal of these texts, correctly signed whatever they are."""
    lines, last = [], START
    for text in texts:
        covered = last.encode() + b"\n" + text
        last = hmac.digest(key or b"", covered, "sha256").hex()[:32]
        lines.append(last.encode() + b" " + text + b"\n")
    return b"".join(lines)


def variations(sample: Record) -> Iterator[bytes]:
    """The record with each of its fields, inner ones too, in every shape."""
    fields = json.loads(encode(sample))
    for name in [*fields, "extra"]:
        for shape in SHAPES:
            others = [
                f"{json.dumps(key)}:{json.dumps(value)}" for key, value in fields.items() if key != name
            ]
            changed = [] if shape == MISSING else [f'"{name}":{shape}']
            yield ("{" + ",".join([*others, *changed]) + "}").encode()


def reshaped(text: bytes) -> Iterator[bytes]:
    """The text of a record as other programs, editors and disks leave it."""
    yield b"\xef\xbb\xbf" + text
    yield text + b"\r"
    yield text + b"\0"
    yield b"\0" * 20
    yield b""
    yield b" " + text
    yield b"[" + text + b"]"
    yield text + text
    yield text.replace(b'"at"', b'"\xff"')
    yield text.replace(b"{", b'{"at":"' + EARLIER.encode() + b'",', 1)
    yield text.replace(b"{", b'{"event":"settled",', 1)
    yield text.replace(b'"event":"', b'"event":"x')
    yield b"x" * 10_000_000
    yield text[: len(text) // 2]


def outcome(data: bytes, key: bytes = KEY) -> str:
    """The rule under which a journal is refused, "" when it is read and adds up; nothing else may happen."""
    replay = Replay()
    try:
        read(data, replay.add, key, name="journal")
    except Failure as problem:
        finding = only_finding(problem)
        assert "--repair-journal" in finding.fix
        assert len(finding.summary) < 400
        return finding.rule
    # What was understood can be written and read again.
    again = Replay()
    again.add(replay.summary())
    assert again.state() == replay.state()
    return ""


def only_finding(problem: Failure) -> Any:
    (finding,) = problem.findings
    return finding


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_every_field_in_every_shape_is_understood_or_refused(sample: Record) -> None:
    refused = 0
    for text in (*variations(sample), *reshaped(encode(sample))):
        first, last = encode(SAMPLES[0]), encode(SAMPLES[-2])
        assert outcome(signed([first, text, last])) in {"", "journal-damaged"}, text[:200]
        refused += bool(outcome(signed([text])))
        # Without the key nobody gets as far as that.
        assert outcome(signed([first, text, last], b"guess")) == "journal-damaged"
    assert refused > 20


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("id", "-1"),
        ("id", "0"),
        ("id", "9223372036854775808"),
        ("id", "true"),
        ("id", "1.0"),
        ("reference", "null"),
        ("reference", f'"{"x" * (TEXT_LENGTH + 1)}"'),
        ("at", '"tomorrow"'),
        ("at", '"2025-10-01T09:00:00.000+02:00"'),
        ("step", MISSING),
        ("card", "null"),
        ("event", '"intent2"'),
        ("extra", '{"a":1,"a":2}'),
        ("extra", "[" * 200 + "]" * 200),
        ("extra", '"\xff"'),
    ],
)
def test_what_is_refused_for_certain(field: str, shape: str) -> None:
    fields = json.loads(encode(SAMPLES[0]))
    fields.pop(field, None)
    parts = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in fields.items()]
    parts += [] if shape == MISSING else [f'"{field}":{shape}']
    text = ("{" + ",".join(parts) + "}").encode("latin-1")
    assert outcome(signed([text])) == "journal-damaged"


def test_what_a_later_version_adds_is_passed_over() -> None:
    fields = {**json.loads(encode(SAMPLES[0])), "added": {"by": ["a later version"]}}
    assert outcome(signed([json.dumps(fields).encode()])) == ""


TEXTS = st.sampled_from([encode(sample) for sample in SAMPLES])
OTHER = signed([encode(sample) for sample in SAMPLES], b"the journal of another company, same user")


@given(st.data())
def test_lines_in_any_order_are_refused_or_add_up(data: st.DataObject) -> None:
    """Repeated, moved, left out, cut, of another company's journal, with clocks that went backwards."""
    texts = data.draw(st.lists(TEXTS, min_size=1, max_size=8))
    if data.draw(st.booleans()):
        texts = [text.replace(AT.encode(), EARLIER.encode()) for text in texts]
    whole = signed(texts)
    assert outcome(whole) == ""
    lines = whole.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["repeat", "leave out", "swap", "other", "cut", "crlf"])):
        case "repeat":
            lines.insert(place, lines[place])
        case "leave out":
            del lines[place]
        case "swap":
            lines[place], lines[-1] = lines[-1], lines[place]
        case "other":
            lines.insert(place, data.draw(st.sampled_from(OTHER.splitlines(keepends=True))))
        case "cut":
            lines[place] = lines[place][: data.draw(st.integers(0, len(lines[place]) - 1))]
        case "crlf":
            lines = [line.replace(b"\n", b"\r\n") for line in lines]
    changed = b"".join(lines)
    assert outcome(changed) in {"", "journal-damaged"}
    if not whole.startswith(changed):
        replay = Replay()
        try:
            reading = read(changed, replay.add, KEY, name="journal")
        except Failure:
            return
        # Read in spite of it: then only the last record is in doubt, or was never finished.
        assert reading.doubtful or changed[: reading.size] == whole[: reading.size]


def test_the_journal_of_another_company_is_not_this_ones(office: Office) -> None:
    office.define("INV-1", finalize=True, options=MAIL)
    office.apply()
    other = office.journal.with_name("app.pennylane.com-1.jsonl")
    other.write_bytes(office.journal.read_bytes())
    with pytest.raises(Failure, match="record 1 of the journal fails its checksum") as refused:
        open_journal(other, Disk(), lambda: NOW, key_of(other))
    assert "PENNYFORM_STATE_KEY" in only_finding(refused.value).fix


@pytest.mark.parametrize(
    "content", [b"x", b"\xff" * 99, b"hello, world\n", b"\n", b"{}\n", b"0" * 10_000_000, b"\0" * 99]
)
def test_what_is_no_journal_is_not_cut_off(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    if not content.strip(b"\0"):
        assert open_journal(path, Disk(), lambda: NOW, KEY).size == 0, "left by a power cut"
        return
    with pytest.raises(Failure, match="journal"):
        open_journal(path, Disk(), lambda: NOW, KEY)
    assert path.read_bytes() == content


def test_a_compacted_journal_of_another_key_or_cut_short_is_kept(tmp_path: Path) -> None:
    """It is a single record: cut off as the last one of the file, it would take along all that is known."""
    path, summary = tmp_path / "journal", encode(SAMPLES[-1])
    for content in (signed([summary], b"another key"), signed([summary])[:-1], signed([summary])[:60]):
        path.write_bytes(content)
        with pytest.raises(Failure, match="journal"):
            open_journal(path, Disk(), lambda: NOW, KEY)
        assert path.read_bytes() == content


# --- the named repair ---------------------------------------------------------------------------------------

LINK = {"public_file_url": ""}
# What is appended to, or stands in the place of, the journal of an apply that mailed an invoice.
DAMAGES: dict[str, Callable[[Path], object]] = {
    "an event of tomorrow": lambda path: append(path, b'{"event":"tomorrow"}'),
    "an id below zero": lambda path: append(path, encode(SAMPLES[0]).replace(b":7", b":-7")),
    "a key twice": lambda path: append(path, b'{"event":"settled","at":"","at":""}'),
    "nested without end": lambda path: append(path, b'{"event":"settled","x":' + b"[" * 300_000),
    "ten megabytes": lambda path: append(path, b'{"event":"doubt","why":"' + b"x" * 10_000_000 + b'"}'),
    "nothing": lambda path: append(path, b""),
    "the end of another company's": lambda path: path.write_bytes(path.read_bytes() + OTHER),
    "another company's": lambda path: path.write_bytes(OTHER),
    "another key's": lambda path: path.write_bytes(signed([encode(SAMPLES[-1])], b"another")),
    "a line twice": lambda path: path.write_bytes(path.read_bytes() * 2),
    "a text": lambda path: path.write_text("see elsewhere"),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
    "a second name": lambda path: os.link(path, path.with_suffix(".same")),
    "for everybody to write": lambda path: path.chmod(0o666),
}


def append(path: Path, text: bytes) -> None:
    """Add a record that is correctly signed."""
    data = path.read_bytes()
    last = data.splitlines()[-1][:32]
    checksum = hmac.digest(key_of(path), last + b"\n" + text, "sha256").hex()[:32]
    path.write_bytes(data + checksum.encode() + b" " + text + b"\n")


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_sent_until_the_named_repair_and_then_all_is_as_before(
    office: Office, damage: str
) -> None:
    office.define("INV-1", finalize=True, options=MAIL)
    assert set(statuses(office.apply()).values()) == {"done"}
    journal, books = office.journal, office.books()
    DAMAGES[damage](journal)
    office.define("INV-2")
    office.wire.sent.clear()
    for command in (office.apply, office.plan, office.verify):
        with pytest.raises(Failure) as refused:
            command()
        finding = only_finding(refused.value)
        assert finding.rule in {"journal-damaged", "journal-unreadable"}
        assert "--repair-journal" in finding.fix
    assert all(request.method == "GET" for request in office.wire.sent)
    assert os.path.lexists(journal), "and nothing is lost"
    report = statuses(office.apply(repair=True))
    assert report["INV-2"] == "done"
    # Only a person knows of the mail now.
    assert report["INV-1"] == "unknown"
    assert list(journal.parent.glob("*.damaged-*"))
    assert statuses(office.apply({"mailed": ["INV-1"]}))["INV-1"] == "unchanged"
    assert office.wire.done("send_by_email") == 1
    # The link to its file is another one each time.
    assert {**only(office.books()["INV-1"]), **LINK} == {**only(books["INV-1"]), **LINK}
    assert not office.plan().pending
    assert not office.verify().drift


# --- journals of version 0.1 --------------------------------------------------------------------------------


def test_an_old_journal_in_any_shape_is_taken_over_or_left_alone(tmp_path: Path) -> None:
    """Its checksums have no key: anybody can make one that fits."""
    import hashlib

    old = tmp_path / "old.jsonl"
    for number, sample in enumerate(SAMPLES):
        for text in list(variations(sample))[:: len(SAMPLES)]:
            checksum = hashlib.sha256(START.encode() + b"\n" + text).hexdigest()[:32]
            old.write_bytes(checksum.encode() + b" " + text + b"\n")
            path = tmp_path / f"journal-{number}"
            path.unlink(missing_ok=True)
            journal = open_journal(path, Disk(), lambda: NOW, KEY)
            refusal = ""
            try:
                import_journal(old, journal, Disk())
            except Failure as problem:
                refusal = only_finding(problem).fix
            assert "--repair-journal" not in refusal
            assert path.exists() != bool(refusal)
            assert open_journal(path, Disk(), lambda: NOW, KEY).state == journal.state


@pytest.mark.parametrize("what", ["pipe", "folder", "link out", "nothing"])
def test_an_old_journal_that_is_no_file_is_left_alone(tmp_path: Path, what: str) -> None:
    old = tmp_path / "folder" / "old.jsonl"
    old.parent.mkdir()
    match what:
        case "pipe":
            os.mkfifo(old)
        case "folder":
            old.mkdir()
        case "link out":
            old.symlink_to("/etc/hostname")
    journal = open_journal(tmp_path / "journal", Disk(), lambda: NOW, KEY)
    with pytest.raises(Failure, match="journal"):
        import_journal(old, journal, Disk())


# --- saved plans --------------------------------------------------------------------------------------------

# What says when and where a plan was made and what it takes: nothing that is carried out depends on it.
FREE = {"place", "nonce", "created_at", "requests", "seconds", "root", "orphans", "warnings"}
FREE |= {"paths", "targets", "prune"}
VALUES: list[Any] = [
    None,
    True,
    -1,
    10**39,
    10**300,
    1.5,
    float("nan"),
    "",
    "\0",
    "\ud800",
    "../../etc/passwd",
    [],
    [None],
    {},
    {"a": 1},
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside of ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*at, key)
        yield from places(item, (*at, key))


def changed(content: JsonObject, place: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(content))
    parent = copy
    for key in place[:-1]:
        parent = parent[key]
    if value is MISSING:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return copy


def test_every_value_of_a_plan_in_every_shape_is_refused_or_without_effect(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = binding._hash_schemas(office.repository().settings.schemas)
    monkeypatch.setattr(binding, "_hash_schemas", lambda _: hashed)
    office.define("INV-1")
    office.define("INV-2", finalize=True)
    repository, made, file = office.repository(), office.plan(), office.root / "it.plan"
    origin = PlanOrigin("service", office.clock.now(), "0" * 32)
    content = binding.build_content(made, repository, [office.root], file, origin)
    plan_file.write(file, content, KEY)
    saved = plan_file.read(file, KEY)
    assert not binding.explain_staleness(saved, repository, made, "service")
    for number, place in enumerate(places(content)):
        # Not each at each place: that would take half a minute.
        for value in (MISSING, *VALUES[number % 3 :: 3]):
            forged = changed(content, place, value)
            # What is half of a character cannot even be signed.
            id_ = "0" * 64 if value == "\ud800" else plan_file.sign(forged, KEY)
            file.write_text(json.dumps({**forged, "id": id_}))
            try:
                saved = plan_file.read(file, KEY)
            except Failure as problem:
                finding = only_finding(problem)
                assert finding.rule == "plan-unreadable", (place, value)
                assert "pennyform plan --out" in finding.fix
                assert len(finding.summary) < 400
                continue
            assert all(path.is_relative_to(office.root) or ".." in saved.binding.root for path in saved.paths)
            reason = binding.explain_staleness(saved, repository, made, "service")
            assert reason or forged == content or FREE & {*place}, (place, value)
            # And without the key, never as far as that.
            file.write_text(json.dumps({**forged, "id": plan_file.sign(forged, b"guess")}))
            with pytest.raises(Failure, match="saved by somebody else"):
                plan_file.read(file, KEY)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\0" * 100,
        b"[" * 1_000_000,
        b"[]",
        b"null",
        b'"plan"',
        b"1e999999999",
        b"9" * 1_000_000,
        b'{"format_version": 1, "pennyform": "' + b"x" * 1_000_000 + b'"}',
        b'{"format_version": "' + b"x" * 1_000_000 + b'"}',
        b'{"format_version": 1e999999}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
    ],
)
def test_what_is_no_plan_is_said_in_a_line(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "it.plan"
    file.write_bytes(text)
    with pytest.raises(Failure) as refused:
        plan_file.read(file, KEY)
    assert only_finding(refused.value).rule == "plan-unreadable"
    assert len(only_finding(refused.value).summary) < 400


@pytest.mark.parametrize("what", ["pipe", "folder", "loop", "device"])
def test_a_plan_is_a_file(tmp_path: Path, what: str) -> None:
    file = tmp_path / "it.plan"
    match what:
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "loop":
            file.symlink_to(file)
        case _:
            file.symlink_to("/dev/zero")
    with pytest.raises(Failure, match="not a saved plan"):
        plan_file.read(file, KEY)
