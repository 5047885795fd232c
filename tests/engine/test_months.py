"""A series by the month: what was issued stays as it was, and the plan says so where it would not."""

from __future__ import annotations

from .world import Office, actions, line

ROWS = "customer,hours\nACME,2\n"


def month(office: Office, name: str, data: str) -> None:
    text = line(quantity='"{{ row.hours }}"')
    office.write(
        f"invoices/{name}.yaml",
        f'for_each: ../data/{data}\nexternal_reference: "{name}-{{{{ row.customer }}}}"\n'
        f'customer: "{{{{ row.customer }}}}"\ndate: {name}-01\ndeadline: {name}-28\n'
        f"invoice_lines:\n{text}options:\n  finalize: true\n",
    )


def test_a_month_of_its_own_file_is_left_alone(office: Office) -> None:
    for name in ("2025-02", "2025-03"):
        office.write(f"data/{name}.csv", ROWS)
        month(office, name, f"{name}.csv")
    office.apply()
    office.write("data/2025-04.csv", ROWS.replace("2", "5"))
    month(office, "2025-04", "2025-04.csv")
    assert actions(office.plan()) == {
        "2025-02-ACME": "no_op",
        "2025-03-ACME": "no_op",
        "2025-04-ACME": "create_and_finalize",
    }


def test_a_shared_file_that_changed_is_named_as_the_way_out(office: Office) -> None:
    office.write("data/hours.csv", ROWS)
    month(office, "2025-02", "hours.csv")
    office.apply()
    office.write("data/hours.csv", ROWS.replace("2", "5"))
    month(office, "2025-03", "hours.csv")
    first, second = office.plan().invoices
    assert (str(first.action), str(second.action)) == ("conflict", "create_and_finalize")
    assert "it was issued from an earlier state of" in first.ways_out[0]
    assert "data/hours.csv" in first.ways_out[0]


def test_an_invoice_of_its_own_has_no_data_file(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-1", finalize=True, lines=line(quantity="5"))
    (change,) = office.plan().invoices
    assert "earlier state" not in " ".join(change.ways_out)
