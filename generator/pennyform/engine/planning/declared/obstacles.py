"""Why an invoice is not written, however right its definition is: what it names is not as it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.customers.buyers import CARD
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.resolve import prerequisites_of
from pennyform.invoices.model import UNSET, DesiredInvoice, Key, LineBody, lines_of
from pennyform.invoices.money.totals import FROM_PRODUCT
from pennyform.results.plan import Action

_CONFLICT = "the {} {} that it names is in conflict: no invoice is written until that is settled"
_OTHER_VALUE = (
    "line {} takes its {} from the product {}, which says {} in the account and {} in its declaration: "
    "correct one of the two, state it on the line, or set 'declared: update' in pennyform.yaml"
)
_OTHER_CARD = (
    "it would be issued to the card that the account has of {}, which is not the declared one ({}): correct "
    "one of the two, or set 'declared: update' in pennyform.yaml"
)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Customers and products of a plan that stop invoices, by kind and reference or id.

    ``in_conflict`` cannot be made what their declarations say; ``drifted`` are products that differ from them
    and are left as they are, so that a line would not take what its definition shows. ``drifted_cards`` are
    such customers, by reference and by id.
    """

    in_conflict: Mapping[tuple[str, str | int], PrerequisiteChange]
    drifted: Mapping[str, PrerequisiteChange]
    drifted_cards: Mapping[str | int, PrerequisiteChange]

    def ways_out(self, invoice: DesiredInvoice) -> tuple[str, ...]:
        """What has to be settled before ``invoice`` is written, in sentences; empty when nothing has."""
        names = dict.fromkeys(prerequisites_of(invoice.body))
        conflicts = [self.in_conflict[name] for name in names if name in self.in_conflict]
        texts = [_CONFLICT.format(change.kind, change.external_reference) for change in conflicts]
        for number, line in enumerate(lines_of(invoice.body), start=1):
            texts += self._other_values(number, line)
        return tuple(texts)

    def other_buyer(self, invoice: DesiredInvoice) -> tuple[str, ...]:
        """Why ``invoice`` may not become final: its customer's card is left as it is, and not as declared."""
        names = (name for kind, name in prerequisites_of(invoice.body) if kind == "customer")
        change = next((self.drifted_cards[name] for name in names if name in self.drifted_cards), None)
        if change is None:
            return ()
        fields = (difference.pointer.split("/")[1] for difference in change.differences)
        differing = ", ".join(dict.fromkeys(name for name in fields if name in CARD))
        return (_OTHER_CARD.format(change.external_reference, differing),) if differing else ()

    def _other_values(self, number: int, line: LineBody) -> Iterator[str]:
        product = line.product_id
        if not isinstance(product, Key) or product.field == "id" or product.value not in self.drifted:
            return
        change = self.drifted[str(product.value)]
        differences = {difference.pointer.removeprefix("/"): difference for difference in change.differences}
        for name, of_product in FROM_PRODUCT.items():
            difference = differences.get(of_product)
            if difference and getattr(line, name) is UNSET:
                yield _other_value(number, of_product, change.external_reference, difference)


def _other_value(number: int, name: str, product: str, difference: Difference) -> str:
    return _OTHER_VALUE.format(
        number, name.replace("_", " "), product, difference.have or "nothing", difference.want or "nothing"
    )


def obstacles(changes: Iterable[PrerequisiteChange]) -> Obstacles:
    """What of ``changes``, all customers and products of a plan, stops invoices."""
    changes = list(changes)
    in_conflict: dict[tuple[str, str | int], PrerequisiteChange] = {
        (change.kind, name): change
        for change in changes
        if change.action is Action.CONFLICT
        for name in (change.external_reference, change.id)
        if name is not None
    }
    drifted = {
        change.external_reference: change
        for change in changes
        if change.kind == "product" and change.action is Action.NO_OP and change.differences
    }
    drifted_cards = {
        name: change
        for change in changes
        if change.kind == "customer" and change.action is Action.NO_OP and change.differences
        for name in (change.external_reference, change.id or 0)
    }
    return Obstacles(in_conflict, drifted, drifted_cards)
