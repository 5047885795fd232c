"""Text for terminals: 80 columns, in which nothing breaks inside an amount or a reference."""

from __future__ import annotations

from pennyform.report.shared.ansi import Ansi
from pennyform.report.shared.layout import WIDTH, table, wrap

LABEL = "Maintenance of the machines of the second hall, with travel, spare parts and a report of state"
REFERENCE = "INV-2025-000000123456-PROJECT-ALPHA-0042"


def test_amounts_and_references_stay_whole() -> None:
    text = f"{LABEL}: {REFERENCE} is 98765432.10 EUR, asked for 1185185185.20 USD and 20.00 % " * 5
    for indent in range(38):
        lines = wrap(text.strip(), " " * indent)
        assert all(len(line) <= WIDTH for line in lines)
        assert " ".join(line.strip() for line in lines) == text.strip()
        joined = "\n".join(lines)
        for whole in (REFERENCE, "98765432.10 EUR", "1185185185.20 USD", "20.00 %"):
            assert joined.count(whole) == 5, indent


def test_colours_take_no_columns() -> None:
    ansi = Ansi(enabled=True)
    plain, painted = wrap("word " * 30, ""), wrap(f"{ansi('word', 'red')} " * 30, "")
    assert [len(line.split()) for line in painted] == [len(line.split()) for line in plain]


def test_columns_stay_aligned_below_a_long_first_cell() -> None:
    rows = [[LABEL, "2 hour", "197530864.20"], ["Book", "1000 piece", "24500.00"]]
    (long, short) = table(rows, right=frozenset({1, 2}), indent=10)
    assert (
        long[:2]
        == [
            "Maintenance of the machines of the second hall, with travel, spare parts",
            "          and a report of state",
        ]
        or len(long) == 3
    )
    assert all(len(line) <= WIDTH for line in long)
    assert len(short) == 1
    # The first line of a row is indented by whoever prints it.
    assert len(long[-1]) == len(short[0]) + 10


def test_what_does_not_fit_at_all_is_broken_between_cells() -> None:
    cells = [REFERENCE, "F-2025-0009", "is not in the account", "237062961.17 EUR", "241815970.93 EUR"]
    (lines,) = table([cells], indent=4)
    assert all(len(line) <= WIDTH for line in lines)
    assert [cell for cell in cells if not any(cell in line for line in lines)] == []
