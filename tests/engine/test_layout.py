"""Text for terminals: columns that stay aligned, and lines that are broken at no amount and no reference."""

from __future__ import annotations

import os
import re
import termios
from collections.abc import Iterator
from itertools import product

import pytest
from pennyform.cli import main
from pennyform.cli.terminal import Terminal
from pennyform.report import apply as apply_text
from pennyform.report.plan import text as plan_text
from pennyform.report.shared.layout import Ansi, Layout, columns, unbroken
from pennyform.report.verification import render_text

from .test_renderings import CASES, steadied
from .world import Office, line

LABEL = "Maintenance of the machines of the second hall, with travel, spare parts and a report of state"
REFERENCE = "INV-2025-000000123456-PROJECT-ALPHA-0042"
WIDTHS = range(40, 201)
# What must not be broken: amounts with their currency, numbers, references, dates, paths.
TOKEN = re.compile(
    r"-?\d+\.\d+ [A-Z]{3}\b|-?\d+\.\d+(?: %)?|[A-Z]+-[\w-]+|\d{4}-\d\d-\d\d|[\w/.-]+\.yaml:\d+"
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    office = Office(tmp_path_factory.mktemp("currencies") / "repository")
    yield Reports(office)
    office.close()


class Reports:
    """Plans, an apply and a verification, with several currencies, long references and texts."""

    def __init__(self, office: Office) -> None:
        wide = line("機械保守、第二工場", "3", "12.5", "extracom")
        office.define("INV-1", lines=line() + line("Book", "1000", "0.333333", "FR_55"), finalize=True)
        office.define("INV-2", more="currency: GBP\n", lines=wide)
        office.define(REFERENCE, more="currency: USD\n", lines=self.lines(LABEL))
        office.at = office.root
        self.office = office
        self.plan = office.plan().document()
        office.apply()
        office.define("INV-1", lines=line(quantity="4") + line("Book", "1000", "0.333333", "FR_55"))
        office.define("INV-2", more="currency: GBP\n", lines=wide + line("Cafe\u0301", "1", "5", "extracom"))
        office.define(REFERENCE, more="currency: USD\n", lines=self.lines(f"Further {LABEL.lower()}"))
        office.define("INV-3")
        self.verification = office.verify().document()
        self.changes = office.plan().document()
        self.applied = office.apply().document()

    @staticmethod
    def lines(label: str) -> str:
        return line(label, "1234567.5", "160.123456", "extracom") + line("Travel", "1", "5", "extracom")

    def text(self, layout: Layout) -> dict[str, str]:
        """Every report, by the name of its file; paths are short."""
        texts = {
            "plan.txt": plan_text.render(self.plan, layout),
            "changes.txt": plan_text.render(self.changes, layout),
            "apply.txt": apply_text.render(self.applied, layout),
            "verify.txt": render_text(self.verification, layout),
        }
        return steadied({name: text.replace(f"{self.office.root}/", "") for name, text in texts.items()})


def test_reports_at_80_columns(reports: Reports) -> None:
    for file, text in reports.text(Layout(80)).items():
        path = CASES / "currencies" / file
        if os.environ.get("UPDATE_CASES"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), file


def test_nothing_is_broken_that_is_one_thing(reports: Reports) -> None:
    tokens = {file: TOKEN.findall(text) for file, text in reports.text(Layout()).items()}
    assert min(map(len, tokens.values())) > 5
    for width in WIDTHS:
        for file, text in reports.text(Layout(width)).items():
            assert sorted(TOKEN.findall(text)) == sorted(tokens[file]), (file, width)
            too_long = [row for row in text.splitlines() if columns(row) > width]
            # Only what is longer by itself, with a mark and the kind before it.
            assert all(len(row.split()) <= 3 for row in too_long), (file, width, too_long)


@pytest.mark.parametrize("width", [40, 57, 80, 120])
def test_amounts_and_references_stay_whole(width: int) -> None:
    text = f"{LABEL}: {REFERENCE} is 98765432.10 EUR, `F 2`, asked for 1185185185.20 USD and 20.00 % " * 5
    for indent in range(width - len(REFERENCE) - 1):
        lines = Layout(width).wrap(text.strip(), " " * indent)
        assert max(map(len, lines)) <= width
        assert " ".join(row.strip() for row in lines) == text.strip()
        for token in (REFERENCE, "98765432.10 EUR", "1185185185.20 USD", "20.00 %", "`F 2`"):
            assert "\n".join(lines).count(token) == 5, indent


def test_a_name_with_spaces_is_whole_and_a_long_quotation_is_not() -> None:
    assert Layout(32).wrap(f"the invoice {unbroken('INV 2025 000000123456 ALPHA')} differs") == [
        "the invoice",
        "  INV 2025 000000123456 ALPHA",
        "  differs",
    ]
    quoted = "'pennyform apply --mailed REFERENCE --target OTHER'"
    assert Layout(40).wrap(f"run {quoted}") == [
        "run 'pennyform apply --mailed REFERENCE",
        "  --target OTHER'",
    ]


def test_colours_take_no_columns_and_wide_characters_take_two() -> None:
    ansi = Ansi(enabled=True)
    plain = Layout(40).wrap("word " * 30)
    painted = Layout(40).wrap(f"{ansi('word', 'red')} " * 30)
    assert [len(row.split()) for row in painted] == [len(row.split()) for row in plain]
    assert [columns(text) for text in (ansi("a", "red"), "東京", "Cafe\u0301", "é", "😀")] == [1, 4, 4, 1, 2]


def test_columns_are_aligned_by_the_decimal_point() -> None:
    rows = [["東京", "12.5 hour", "7.00 EUR"], ["Book", "1000 piece", "24500 JPY"], ["", "-1", ""]]
    assert [text for (text,) in Layout().table(rows, "<..")] == [
        "東京    12.5 hour       7.00 EUR",
        "Book  1000   piece  24500    JPY",
        "        -1",
    ]


def test_a_value_too_long_for_its_column_stands_above_its_row() -> None:
    rows = [[LABEL, "2 hour", "197530864.20"], ["Book", "1000 piece", "24500.00"]]
    assert Layout(60).table(rows, "^..", "  · ") == [
        [
            "  · Maintenance of the machines of the second hall, with",
            "      travel, spare parts and a report of state",
            "             2 hour   197530864.20",
        ],
        ["  · Book  1000 piece      24500.00"],
    ]


def test_rows_that_do_not_fit_are_broken_between_cells_at_the_same_column() -> None:
    rows = [["EUR", "FR_200", "98765432.10", "19753086.42"], ["USD", "extracom", "5.00", "0.00"]]
    assert Layout(30).table(rows, "<<..") == [
        ["EUR  FR_200    98765432.10", "  19753086.42"],
        ["USD  extracom         5.00", "         0.00"],
    ]


def test_prose_is_broken_within_its_column() -> None:
    rows = [["FR_200", "20 %, of most goods and services in France"], ["A_LONG_NAME_OF_A_CODE", "none"]]
    assert Layout(44).table(rows, "^w") == [
        ["FR_200  20 %, of most goods and services in", "        France"],
        ["A_LONG_NAME_OF_A_CODE", "        none"],
    ]


@pytest.mark.parametrize("align", ["^w", "^<w", "<^w", "^..", "<<", "^"])
@pytest.mark.parametrize("lead", ["", "  · "])
def test_a_table_has_all_of_its_words_and_a_line_of_each_row(align: str, lead: str) -> None:
    texts = ("", "a b", "word " * 11 + "word", "x" * 20, "12.50")
    for row in product(texts, repeat=len(align)):
        for other in (row[::-1], ("x" * 20, *["word " * 11 + "word"] * (len(align) - 1))):
            rows = [list(row), list(other)]
            for width in (16, 40, 50, 60):
                lines = Layout(width).table(rows, align, lead)
                assert all(lines), (width, rows)
                # Cells that stand side by side are aligned: a word may be above the one before it.
                assert [sorted(" ".join(made).split()) for made in lines] == [
                    sorted(f"{lead} {' '.join(cells)}".split()) for cells in rows
                ], (width, rows)


@pytest.mark.parametrize(
    ("said", "width"), [("100", 100), ("7", 40), ("0", None), ("wide", None), ("", None)]
)
def test_without_a_terminal_only_columns_sets_a_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, width: int | None
) -> None:
    monkeypatch.setenv("COLUMNS", said)
    assert Terminal.system().width == width
    assert main(["rules", "vat-exempt-mention"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= (width or 200)


def test_a_terminal_has_the_width_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, ours = os.openpty()
    with open(controller, "rb"), open(ours, "w", encoding="utf-8") as stream:  # noqa: PTH123 - descriptors
        termios.tcsetwinsize(stream.fileno(), (24, 132))
        monkeypatch.delenv("COLUMNS", raising=False)
        monkeypatch.setattr("sys.stdout", stream)
        assert Terminal.system().width == 132
