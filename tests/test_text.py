"""Text from outside, in each kind of place: nothing hidden, nothing that the place would take for its own."""

from __future__ import annotations

import csv
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform import text
from pennyform.report.status import audit_csv
from pennyform.results.status import AuditedInvoice

HIDDEN = "\x00\x1b\x85\xad\u200b\u202e\u2028\ufeff\ue000"


@pytest.mark.parametrize("character", HIDDEN)
def test_nothing_hidden_is_shown(character: str) -> None:
    assert text.is_hidden(character)
    for policy in (text.one_line, text.visible_line, text.source_line, text.html_text):
        assert character not in policy(f"a{character}b")


def test_a_value_and_a_line() -> None:
    assert text.one_line(" a\n\n b\t\u202f1 ") == "a b 1"
    assert text.visible_line("a\r\n  b\t\u202f1") == "a   b \u202f1"
    assert text.source_line("\ta\x1b b") == "\ta\N{REPLACEMENT CHARACTER} b"
    assert text.html_text("1\u202f000\u00a0€\n") == "1\u202f000 € "


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("a|b \\| c", "`a\\|b \\ \\|` c"),
        ("[x](y) <b> @all, *d* \\", "`[x](y) <b> @all`, `*d* \\`"),
        (
            "mail it to a@b.fr, see http://x.fr or www.x.fr",
            "mail it to `a@b.fr`, see `http://x.fr` or `www.x.fr`",
        ),
        ("#12 is GH-1, 1. of 0a1b2c3", "`#12` is `GH-1`, `1.` of `0a1b2c3`"),
        ("e-mail (net): 1,234.50 EUR", "e-mail (net): 1,234.50 EUR"),
        ("`a_b|c` is _no_ <b>", "`a_b\\|c` is `_no_ <b>`"),
        ("`a`, `b`: one", "`a`, `b`: one"),
        ("vat_rate, due_date: a/b.yaml; x_y?", "`vat_rate`, `due_date`: `a/b.yaml`; `x_y`?"),
        ("1. 0a1b2c3, 1.5. (a_b), c", "`1. 0a1b2c3`, 1.5. `(a_b)`, c"),
        ("one ` alone", "one `` ` `` alone"),
    ],
)
def test_a_value_in_markdown(given_text: str, shown: str) -> None:
    assert text.markdown_text(given_text) == shown


@given(st.text())
def test_any_text_is_one_line_and_xml(any_text: str) -> None:
    assert text.one_line(any_text).isprintable()
    assert len(text.visible_line(any_text).splitlines()) <= 1
    ElementTree.fromstring(f"<a><![CDATA[{text.xml_text(any_text).replace(']]>', '')}]]></a>")
    name = text.file_name(any_text)
    assert not name.startswith(".")
    assert "/" not in name


def test_what_a_stream_cannot_say_is_an_escape() -> None:
    assert text.encodable("é\udcff", "ascii") == "\\xe9\\udcff"


def test_an_exported_audit_has_no_formula() -> None:
    row = AuditedInvoice(
        company="alder",
        at="2026-11-30T10:00:00+00:00",
        external_reference=" =1+1",
        id=1,
        invoice_number="\N{FULLWIDTH EQUALS SIGN}2",
        date="",
        currency="EUR",
        currency_amount="-10.00",
        person="@cell",
        approved_by="=A1",
        host="'+3",
        commit="",
        plan="",
        pennyform="",
        checksum="c",
    )
    written = dict(zip(*csv.reader(audit_csv([row]).splitlines()), strict=True))
    for name in ("external_reference", "invoice_number", "person", "approved_by", "host"):
        assert written[name].startswith("'"), name
    assert written["currency_amount"] == "-10.00"
