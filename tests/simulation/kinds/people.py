"""People who work in the same account at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm
from tests.simulation.service import LINE, Kept


def _drafts(storm: Storm) -> Iterator[Kept]:
    for rows in storm.service.kept().values():
        yield from (row for row in rows if row.draft and row.reference in storm.workload.by_reference)


def _to_a_draft(name: str, act: Callable[[Storm, int], object]) -> Kind:
    """Once in a while there is a draft to do it to."""

    def brew(storm: Storm) -> None:
        def find() -> None:
            for draft in list(_drafts(storm))[:1]:
                storm.touched.add(draft.reference)
                act(storm, draft.id)

        for _ in range(3):
            storm.meanwhile(find, {"path": "/customer_invoices**"}, skip=storm.rng.randrange(6))

    return Kind(name, brew, person=True)


def _edit(storm: Storm, id_: int) -> None:
    storm.service.by_hand("PUT", f"/customer_invoices/{id_}", {"invoice_lines": {"create": [LINE]}})


def _rename(storm: Storm, id_: int) -> None:
    storm.service.by_hand("PUT", f"/customer_invoices/{id_}", {"external_reference": f"MINE-{id_}"})


def _delete(storm: Storm, id_: int) -> None:
    storm.service.by_hand("DELETE", f"/customer_invoices/{id_}")


def _finalize(storm: Storm, id_: int) -> None:
    storm.service.by_hand("PUT", f"/customer_invoices/{id_}/finalize")


def _same_reference(storm: Storm) -> None:
    def create() -> None:
        reference = storm.rng.choice(list(storm.workload.by_reference))
        storm.touched.add(reference)
        storm.service.by_hand("POST", "/customer_invoices", storm.service.draft(reference))

    storm.meanwhile(create)


def _change_cards(storm: Storm) -> None:
    """Somebody moves a customer and changes a price, while it runs or between runs."""

    def change() -> None:
        for path, id_, reference in storm.service.declared_ids():
            if reference == "LICENCE":
                storm.service.by_hand("PUT", f"{path}/{id_}", {"price_before_tax": "1.00"})
            elif reference in {"ACME", "JO"}:
                storm.service.by_hand("PUT", f"{path}/{id_}", {"billing_address": {"address": "Elsewhere"}})

    for _ in range(2):
        storm.meanwhile(change, {"path": "/**"}, skip=storm.rng.randrange(8))


def _change_card(storm: Storm) -> None:
    """Before a draft is made, before it is read back, before it becomes final, or at any other time."""

    def change() -> None:
        storm.service.change_card(storm.rng.choice(("ACME", "ACME", "JO")))

    for where in (
        {"method": "POST", "path": "/customer_invoices"},
        {"method": "GET", "path": "/customer_invoices"},
        {"method": "PUT", "path": "/customer_invoices/*/finalize"},
        {},
    ):
        if storm.rng.random() < 0.6:
            storm.meanwhile(change, where, skip=storm.rng.choice((0, 0, 1, 2)))


KINDS = (
    Kind("a person changes customers and products", _change_cards, person=True),
    _to_a_draft("a person edits a draft", _edit),
    _to_a_draft("a person renames a draft", _rename),
    _to_a_draft("a person deletes a draft", _delete),
    _to_a_draft("a person finalizes a draft", _finalize),
    Kind("a person changes a card", _change_card, cards=True),
    Kind("a person takes the reference", _same_reference, person=True, unique=True),
)
