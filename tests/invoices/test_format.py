"""fmt: keys in the schema's order, amounts quoted, comments kept, meaning never changed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pennyform.cli import main
from pennyform.findings import errors
from pennyform.invoices.formatter.formatter import format_definition
from pennyform.invoices.money.scalars import parse_amount
from pennyform.invoices.yaml.reader import read

from .definitions import definition_schema

CASES = Path(__file__).parents[1] / "cases" / "format"
INVOICE = definition_schema("definitions/invoice")


def canonical(text: str) -> str | None:
    document, findings = read(text.encode(), "invoice.yaml")
    assert document
    assert not errors(findings)
    content = format_definition(text.encode(), document, INVOICE).content
    return None if content is None else content.decode()


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_canonical_form(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given_, expected = (case / name for name in ("before.yaml", "after.yaml"))
    target = tmp_path / "invoice.yaml"
    target.write_bytes(given_.read_bytes())
    assert main(["fmt", "--check"]) == 4
    assert main(["fmt"]) == 0
    assert target.read_text(encoding="utf-8") == expected.read_text(encoding="utf-8")
    assert main(["fmt", "--check"]) == 0


def test_what_is_in_braces_keeps_its_order_but_not_its_floats() -> None:
    assert canonical("discount: {value: 10, type: relative} # off\n") == (
        'discount: {value: "10", type: relative} # off\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "date: 2026-01-01\nexternal_reference: A\nlabel: |+\n  x\n\n",
        "discount:\n  value: 1e1\n  type: relative\n",
        "external_reference: A\r\ndate: 2026-01-01\r\n",
        "label: 'it''s'\n\n\n",
    ],
)
def test_formatting_twice_changes_nothing_more(text: str) -> None:
    once = canonical(text)
    assert once is None or canonical(once) == once


def test_a_file_with_unsound_yaml_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "invoice.yaml"
    path.write_text("a: 1\na: 2\n")
    assert main(["fmt", str(path)]) == 4
    assert "yaml-duplicate-key" in capsys.readouterr().out
    assert path.read_text() == "a: 1\na: 2\n"


def test_a_file_whose_meaning_hangs_on_its_layout_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "invoice.yaml"
    text = "label: |+\n  kept\n\n\nexternal_reference: A\n"
    path.write_text(text)
    assert main(["fmt", str(path)]) == 4
    assert "invoice.yaml:1:1: error format-refused" in capsys.readouterr().out
    assert path.read_text() == text


def test_check_names_every_file_and_writes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("date: 2026-01-01\nexternal_reference: A\n")
    (tmp_path / "c.yaml").write_text("external_reference: C\ndate: 2026-01-01\n")
    assert main(["fmt", "--check", str(tmp_path)]) == 4
    out = capsys.readouterr().out
    assert out.count("format-needed") == 2
    assert out.endswith("2 files would be formatted, 1 file as they should be\n")
    assert (tmp_path / "a.yaml").read_text() == "date: 2026-01-01\nexternal_reference: A\n"


COMMENTS = st.sampled_from(["", " # why", "  #  spaced "])
ABOVE = st.sampled_from(["", "# above\n", "\n", "\n# set off\n", "# one\n\n# two\n"])
VALUES = {
    "external_reference": ["INV-1", '"INV-1"', "'it''s'"],
    "date": ["2026-01-31"],
    "customer": ["ACME", "{id: 12}", "\n  id: 12"],
    "label": ["|\n  # text\n  more\n", ">-\n  folded\n  text", '"a: b # c"', "plain # not text"],
    "discount": ["{type: relative, value: 10}", "\n  value: 10.50\n  type: absolute"],
    "pdf_description": ["|+\n  kept\n\n", "plain over\n  two lines"],
    "unknown": ["[1, 2]", "{b: 1, a: 2}"],
}
LINE_FIELDS = [
    "quantity: 2",
    "label: x",
    "raw_currency_unit_price: 100.00",
    'vat_rate: "FR_200"',
    "unit: day",
]


@st.composite
def laid_out(draw: st.DrawFn) -> str:
    """A definition with its keys in any order, and comments and blank lines wherever they may be."""
    text = draw(st.sampled_from(["", "# head\n", "# yaml-language-server: $schema=x\n\n"]))
    for name in draw(st.permutations(sorted(VALUES)).flatmap(lambda all_: st.sampled_from([all_, all_[:4]]))):
        value = draw(st.sampled_from(VALUES[name]))
        text += f"{draw(ABOVE)}{name}: {value}"
        text += "\n" if "\n" in value else f"{draw(COMMENTS)}\n"
    text += "invoice_lines:\n"
    for _ in range(draw(st.integers(1, 2))):
        fields = draw(st.permutations(LINE_FIELDS))
        indented = [
            draw(ABOVE).replace("# ", "    # ") + f"    {field}{draw(COMMENTS)}\n" for field in fields
        ]
        indented[0] = f"  - {fields[0]}{draw(COMMENTS)}\n"
        text += "".join(indented)
    return text + draw(st.sampled_from(["", "# the end\n", "\n\n"]))


PIECES_OF_A_DEFINITION = st.builds(
    lambda text, at, cut, piece: (text[:at] + piece + text[at + cut :]).encode(),
    laid_out(),
    st.integers(0, 200),
    st.integers(0, 5),
    st.sampled_from(["\n", "- ", ":", "#", "{", "\r\n", "\t", "'", "  ", "&a ", "\u2028", "é"]),
)


def as_amounts(value: Any) -> Any:
    """Numbers and amounts as decimals, so that quoting one changes nothing."""
    if isinstance(value, dict):
        return {name: as_amounts(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_amounts(one) for one in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    amount = parse_amount(value)
    return value if amount is None else amount


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=laid_out())
def test_formatting_keeps_meaning_and_comments_and_is_idempotent(text: str) -> None:
    once = canonical(text)
    if once is None:
        return
    before, after = (read(one.encode(), "x")[0] for one in (text, once))
    assert before
    assert after
    assert as_amounts(before.value) == as_amounts(after.value)
    assert sorted(text.replace('"', "").split()) == sorted(once.replace('"', "").split())
    assert canonical(once) == once
    names = [name for name in after.value if name in INVOICE["properties"]]
    assert names == sorted(names, key=list(INVOICE["properties"]).index)


def test_most_layouts_are_formatted_and_not_refused() -> None:
    refused = []

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(text=laid_out().filter(lambda text: "|+" not in text))
    def ask(text: str) -> None:
        refused.append(canonical(text) is None)

    ask()
    assert not any(refused)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80) | PIECES_OF_A_DEFINITION)
def test_nothing_breaks_it_and_refused_files_stay(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "invoice.yaml"
    path.write_bytes(content)
    code = main(["fmt", str(path)])
    assert code in (0, 4)
    if code == 4:
        assert path.read_bytes() == content
    else:
        assert main(["fmt", "--check", str(path)]) == 0
