"""What will be done about one invoice, customer or product: typed for ``apply``, data for everybody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.planning.diff import Comparison, Difference, shown_amounts, shown_header, shown_line
from pennyform.engine.planning.resolve import Resolved, whole_body
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredCustomer, DesiredInvoice, DesiredProduct, Key, Place


class Action(StrEnum):
    """What a plan will do about one invoice, customer or product."""

    CREATE = "create"
    CREATE_AND_FINALIZE = "create_and_finalize"
    UPDATE = "update"
    UPDATE_AND_FINALIZE = "update_and_finalize"
    RECREATE = "recreate"
    RECREATE_AND_FINALIZE = "recreate_and_finalize"
    FINALIZE = "finalize"
    COMPLETE = "complete"
    IMPORT = "import"
    DELETE = "delete"
    NO_OP = "no_op"
    CONFLICT = "conflict"
    UNSETTLED = "unsettled"


class Step(StrEnum):
    """One request, or one look, on the way of an invoice. Each is journalled on its own."""

    CREATE = "create_draft"
    UPDATE = "update_draft"
    SET_ASIDE = "set_aside_draft"
    DELETE = "delete_draft_set_aside"
    PRUNE = "delete_draft"
    UPLOAD = "upload_file"
    IMPORT = "import"
    READ_BACK = "read_back"
    FINALIZE = "finalize"
    COMPLETE = "set_after_finalizing"
    LINK = "link_credit_note"
    CATEGORIZE = "set_categories"
    ATTACH = "add_appendix"
    MATCH = "match_transaction"
    PAY = "mark_as_paid"
    SUBMIT = "send_to_pa"
    MAIL = "send_by_email"


class Task(NamedTuple):
    """One thing to do to an invoice besides its content; ``name`` tells several of a kind apart.

    ``content`` is what is sent: an id, a body, a file, or nothing.
    """

    step: Step
    name: str = ""
    content: Any = None

    @property
    def key(self) -> str:
        """What it is called in plans and in the journal: ``add_appendix hours.pdf``."""
        repeated = self.step in {Step.ATTACH, Step.MATCH}
        return f"{self.step} {self.name}" if repeated else str(self.step)


# Steps after which an invoice is final.
FINAL = frozenset({Step.FINALIZE, Step.IMPORT})

# Actions after which the account is as the definitions ask, without a request being sent.
IDLE = frozenset({Action.NO_OP, Action.CONFLICT, Action.UNSETTLED})


@dataclass(frozen=True, slots=True)
class InvoiceChange:
    """What will be done about one invoice, and everything that ``apply`` needs for it.

    ``tasks`` come after ``steps``. ``lacking`` is where the invoice that is there falls short of its options;
    ``doubts`` say what nobody can tell about them. ``there`` is the invoice the account has; ``update`` the
    body of a PUT, with natural keys where ids are not known yet; ``ways_out`` what a person can do about a
    conflict.
    """

    desired: DesiredInvoice
    resolved: Resolved
    action: Action
    steps: tuple[Step, ...] = ()
    there: RemoteInvoice | None = None
    comparison: Comparison | None = None
    update: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    lacking: tuple[Difference, ...] = ()
    doubts: tuple[str, ...] = ()

    kind = "invoice"

    @property
    def external_reference(self) -> str:
        """The invoice's identity."""
        return self.desired.external_reference

    @property
    def busy(self) -> bool:
        """Whether an apply will send anything for it."""
        return bool(self.steps or self.tasks)

    @property
    def irreversible(self) -> bool:
        """Whether something will be done that only a credit note can undo."""
        return not FINAL.isdisjoint(self.steps)

    def to_json(self) -> dict[str, Any]:
        """The change as data. Before and after are given whole only where something changes."""
        busy = self.action not in IDLE or self.action is Action.CONFLICT
        return {
            "kind": self.kind,
            "external_reference": self.external_reference,
            "action": str(self.action),
            "irreversible": self.irreversible,
            "id": self.there.id if self.there else None,
            "invoice_number": self.there.invoice_number if self.there else "",
            "before": shown_invoice(self.there) if self.there and busy else None,
            "after": shown(self._stated()) if busy else None,
            "customer": _addressee(self.resolved.customer) if busy else None,
            "differences": self._differences() if busy else [],
            "totals": self.resolved.totals,
            "steps": [*map(str, self.steps), *(task.key for task in self.tasks)],
            "warnings": [*self.warnings, *self.doubts],
            "ways_out": list(self.ways_out),
            "unverifiable": list(self.comparison.unverifiable) if self.comparison else [],
            "place": place_json(self.desired.place),
        }

    def _stated(self) -> dict[str, Any]:
        """The definition's own words, natural keys included, with what products fill in."""
        body = whole_body(self.desired)
        lines = zip(self.resolved.lines, body["invoice_lines"], strict=True)
        return {**body, "invoice_lines": [{**filled, **stated} for filled, stated in lines]}

    def _differences(self) -> list[Any]:
        content = self.comparison.all if self.comparison else ()
        return differences_json((*content, *self.lacking), to_json(self.desired.body))


@dataclass(frozen=True, slots=True)
class PrerequisiteChange:
    """What will be done about a customer or product that invoices name: create it, or nothing.

    ``differences`` tell where a declared one is not what the account has; it is left as it is.
    """

    desired: DesiredCustomer | DesiredProduct
    action: Action
    id: int | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def kind(self) -> str:
        """``customer`` or ``product``."""
        return "customer" if isinstance(self.desired, DesiredCustomer) else "product"

    @property
    def external_reference(self) -> str:
        """Its identity."""
        return self.desired.external_reference

    def to_json(self) -> dict[str, Any]:
        """The change as data, with the same members as an invoice's."""
        create = self.action is Action.CREATE
        return {
            "kind": self.kind,
            "external_reference": self.external_reference,
            "action": str(self.action),
            "irreversible": False,
            "id": self.id,
            "before": None,
            "after": shown(to_json(self.desired.body)) if create else None,
            "differences": differences_json(self.differences, to_json(self.desired.body)),
            "totals": None,
            "steps": ["create"] if create else [],
            "warnings": [_drift(self.kind)] if self.differences else [],
            "ways_out": [],
            "unverifiable": [],
            "place": place_json(self.desired.place),
        }


@dataclass(frozen=True, slots=True)
class Orphan:
    """A draft that no definition asks for any more: what will be done about it is to delete it."""

    there: RemoteInvoice

    action = Action.DELETE
    kind = "invoice"
    irreversible = False

    @property
    def external_reference(self) -> str:
        """Its identity."""
        return self.there.external_reference

    def to_json(self) -> dict[str, Any]:
        """The change as data, with the same members as any other."""
        return {
            "kind": self.kind,
            "external_reference": self.external_reference,
            "action": str(self.action),
            "irreversible": False,
            "id": self.there.id,
            "invoice_number": "",
            "before": shown_invoice(self.there),
            "after": None,
            "differences": [],
            "totals": None,
            "steps": [str(Step.PRUNE)],
            "warnings": [],
            "ways_out": [],
            "unverifiable": [],
            "place": None,
        }


def shown(value: Any) -> Any:
    """``value`` ready for JSON: decimals as text, natural keys as what they look up."""
    if isinstance(value, Key):
        return value.to_json()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {name: shown(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [shown(member) for member in value]
    return value


def shown_invoice(there: RemoteInvoice) -> dict[str, Any]:
    """An invoice of the account in the words of a definition, with its amounts."""
    return {
        **shown_header(there.header),
        "draft": there.draft,
        "invoice_lines": [shown_line(line) for line in there.lines],
        **shown_amounts(there.header),
    }


def differences_json(differences: Iterable[Difference], stated: Mapping[str, Any]) -> list[Any]:
    """Differences as data, with the natural key wherever the definition has one instead of an id."""
    rows = []
    for difference in differences:
        key = _at(stated, difference.pointer)
        after = key if isinstance(key, Key) else difference.want
        rows.append(shown({"pointer": difference.pointer, "before": difference.have, "after": after}))
    return rows


def _addressee(customer: Row | None) -> dict[str, Any] | None:
    """Whom a document is made out to: the name and the address that stand on it."""
    if customer is None:
        return None
    names = (customer.get("first_name"), customer.get("last_name"))
    name = customer.get("name") or " ".join(name for name in names if name)
    return {"name": name, "billing_address": shown(customer.get("billing_address"))}


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _drift(kind: str) -> str:
    return f"the account's {kind} differs from the declaration; pennyform leaves it as it is"


def place_json(place: Place) -> dict[str, Any]:
    """Where something is written, as data."""
    return {"file": place.file, "line": place.line, "column": place.column}
