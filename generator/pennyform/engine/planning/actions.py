"""What will be done about one invoice, customer or product: typed for ``apply``, data for everybody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

from pennyform.engine.account.records import RemoteCustomer, RemoteInvoice, RemoteProduct
from pennyform.engine.planning.dependencies import dependencies
from pennyform.engine.planning.diff import (
    Comparison,
    Difference,
    amounts_as_text,
    header_as_defined,
    line_as_defined,
)
from pennyform.engine.planning.resolve import Identify, Resolved, id_of
from pennyform.invoices.desired.json_bodies import filled_line, to_json
from pennyform.invoices.model import (
    Attachment,
    CustomerBody,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    Id,
    JsonObject,
    Key,
    PendingText,
    Place,
    ProductBody,
    lines_of,
)
from pennyform.results.plan import (
    IDLE,
    Action,
    Addressee,
    PlannedCustomer,
    PlannedInvoice,
    PlannedProduct,
)
from pennyform.results.values import FieldDifference, InvoiceContent, SourcePlace


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


@dataclass(frozen=True, slots=True)
class CategoryShare:
    """The share of an invoice, 0 to 1, that goes to a category."""

    category_id: Id
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do to an invoice besides its content; ``name`` tells several of a kind apart.

    What is sent is one of the others: the id of another record (or the natural key that has none yet), shares
    of categories, a file, or who gets a mail.
    """

    step: Step
    name: str = ""
    other_id: Id | None = None
    shares: tuple[CategoryShare, ...] = ()
    file: Attachment | None = None
    recipients: tuple[str, ...] = ()

    def with_ids(self, identify: Identify) -> Task:
        """The task with the ids that are known by now."""
        shares = tuple(
            CategoryShare(id_of(share.category_id, identify), share.weight) for share in self.shares
        )
        return replace(self, other_id=id_of(self.other_id, identify), shares=shares)

    @property
    def key(self) -> str:
        """What it is called in plans and in the journal: ``add_appendix hours.pdf``."""
        repeated = self.step in {Step.ATTACH, Step.MATCH}
        return f"{self.step} {self.name}" if repeated else str(self.step)


# Steps after which an invoice is final.
FINAL = frozenset({Step.FINALIZE, Step.IMPORT})

# Writes that can be corrected: of drafts, of files that nothing uses yet, and what completes an invoice right
# after it became final. All others cannot be taken back.
_CORRECTABLE = frozenset({Step.CREATE, Step.UPDATE, Step.SET_ASIDE, Step.UPLOAD, Step.COMPLETE})
IRREVERSIBLE = frozenset(Step) - _CORRECTABLE - {Step.READ_BACK}


@dataclass(frozen=True)
class InvoiceChange:
    """What will be done about one invoice, and everything that ``apply`` needs for it.

    ``tasks`` come after ``steps``. ``lacking`` is where the account's invoice falls short of its options;
    ``doubts`` say what is unknown about them. ``remote`` is the invoice the account has; ``ways_out``
    what a person can do about a conflict.
    """

    desired: DesiredInvoice
    resolved: Resolved
    action: Action
    steps: tuple[Step, ...] = ()
    remote: RemoteInvoice | None = None
    comparison: Comparison | None = None
    warnings: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    lacking: tuple[Difference, ...] = ()
    doubts: tuple[str, ...] = ()

    kind: ClassVar[Literal["invoice"]] = "invoice"

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

    @cached_property
    def depends_on(self) -> tuple[str, ...]:
        """The references of the invoices that must be final before its draft is written."""
        return dependencies(self.desired)

    @property
    def is_finalized(self) -> bool:
        """Whether it will take the next legal number."""
        return Step.FINALIZE in self.steps

    @property
    def steps_before_number(self) -> tuple[Step, ...]:
        """The steps before it is finalized: all of them, when it is not."""
        return self.steps[: self.steps.index(Step.FINALIZE)] if self.is_finalized else self.steps

    @property
    def steps_after_number(self) -> tuple[Step, ...]:
        """The steps from finalizing on."""
        return self.steps[len(self.steps_before_number) :]

    def stopped(self, way_out: str) -> InvoiceChange:
        """The same invoice in conflict: nothing is done about it before ``way_out`` is taken."""
        return replace(
            self, action=Action.CONFLICT, steps=(), tasks=(), lacking=(), doubts=(), ways_out=(way_out,)
        )

    def record(self) -> PlannedInvoice:
        """The change as it is reported. Before and after are given in full only where something changes."""
        remote, body = self.remote, to_json(self.desired.body)
        reported = self.action not in IDLE or self.action is Action.CONFLICT
        content = self.comparison.all if self.comparison else ()
        # The definition's own lines, natural keys included, with what products fill in.
        pairs = zip(self.resolved.lines, lines_of(self.desired.body), strict=True)
        lines = [{**filled_line(filled), **to_json(line)} for filled, line in pairs]
        return PlannedInvoice(
            external_reference=self.external_reference,
            action=self.action,
            irreversible=self.irreversible,
            id=remote.id if remote else None,
            invoice_number=remote.invoice_number if remote else "",
            date=str(self.desired.body.date),
            before=remote_content(remote) if remote and reported else None,
            after=json_value({**body, "invoice_lines": lines}) if reported else None,
            customer=_addressee(self.resolved) if reported else None,
            differences=difference_records((*content, *self.lacking), body) if reported else (),
            totals=self.resolved.totals.record(),
            steps=(*map(str, self.steps), *(task.key for task in self.tasks)),
            warnings=(*self.warnings, *self.doubts),
            ways_out=self.ways_out,
            unverifiable=self.comparison.unverifiable if self.comparison else (),
            place=place_record(self.desired.place),
        )


def _addressee(resolved: Resolved) -> Addressee | None:
    card = resolved.customer
    if card is None:
        return None
    delivery = to_json(card.delivery_address) if card.delivery_address else {}
    return Addressee(
        card.full_name,
        to_json(card.billing_address) if card.billing_address else None,
        card.recipient or "",
        delivery if any(delivery.values()) else None,
        card.reg_no or "",
        card.vat_number or "",
        tuple(card.emails or ()),
        resolved.is_customer_declared,
        card.billing_language or "",
    )


@dataclass(frozen=True, slots=True)
class PrerequisiteChange:
    """What will be done about a declared customer or product: create it, update it, or nothing.

    ``body`` is what is declared, with ids in place; ``remote`` is what the account has. ``differences`` tell
    where the two are not the same; ``update`` is the request that puts that right, ``ways_out`` what a person
    can do where none can.
    """

    desired: DesiredCustomer | DesiredProduct
    body: CustomerBody | ProductBody
    action: Action
    remote: RemoteCustomer | RemoteProduct | None = None
    differences: tuple[Difference, ...] = ()
    update: JsonObject = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()
    unverifiable: tuple[str, ...] = ()

    @property
    def id(self) -> int | None:
        """The id of the one that the account has."""
        return self.remote.id if self.remote else None

    @property
    def kind(self) -> Literal["customer", "product"]:
        """``customer`` or ``product``."""
        return "customer" if isinstance(self.desired, DesiredCustomer) else "product"

    @property
    def external_reference(self) -> str:
        """Its identity."""
        return self.desired.external_reference

    @property
    def busy(self) -> bool:
        """Whether an apply will send anything for it."""
        return self.action in {Action.CREATE, Action.UPDATE}

    @property
    def steps(self) -> tuple[str, ...]:
        """The requests, by the names that the journal has for them."""
        return (str(self.action),) if self.busy else ()

    def record(self) -> PlannedCustomer | PlannedProduct:
        """The change as it is reported. Before are those fields of the account that are declared."""
        reported = self.action is not Action.NO_OP
        planned = PlannedCustomer if self.kind == "customer" else PlannedProduct
        declared, card = to_json(self.desired.body), to_json(self.remote.body) if self.remote else {}
        before = {name: card[name] for name in declared if name in card}
        return planned(
            external_reference=self.external_reference,
            action=self.action,
            id=self.id,
            before=json_value(before) if self.remote and reported else None,
            after=json_value(declared) if reported else None,
            differences=difference_records(self.differences, declared),
            steps=self.steps,
            warnings=self.warnings,
            ways_out=self.ways_out,
            unverifiable=self.unverifiable,
            place=place_record(self.desired.place),
        )


@dataclass(frozen=True, slots=True)
class DraftDeletion:
    """A draft that no definition asks for any more: what will be done about it is to delete it."""

    remote: RemoteInvoice

    action: ClassVar = Action.DELETE
    kind: ClassVar[Literal["invoice"]] = "invoice"
    irreversible: ClassVar = False

    @property
    def external_reference(self) -> str:
        """Its identity."""
        return self.remote.external_reference

    def record(self) -> PlannedInvoice:
        """The change as it is reported, with the same members as any other."""
        return PlannedInvoice(
            external_reference=self.external_reference,
            action=self.action,
            irreversible=False,
            id=self.remote.id,
            invoice_number="",
            before=remote_content(self.remote),
            after=None,
            differences=(),
            totals=None,
            steps=(str(Step.PRUNE),),
            warnings=(),
            ways_out=(),
            unverifiable=(),
            place=None,
        )


def json_value(value: Any) -> Any:
    """``value`` ready for JSON: decimals as text, natural keys as what they look up, placeholders."""
    if isinstance(value, Key):
        return value.to_json()
    if isinstance(value, PendingText):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {name: json_value(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(member) for member in value]
    return value


def remote_content(remote: RemoteInvoice) -> InvoiceContent:
    """An invoice of the account in the words of a definition, with its amounts."""
    content: Any = {
        **header_as_defined(remote),
        "draft": remote.draft,
        "invoice_lines": [line_as_defined(line) for line in remote.lines],
        **amounts_as_text(remote),
    }
    return cast("InvoiceContent", content)


def difference_records(differences: Iterable[Difference], body: JsonObject) -> tuple[FieldDifference, ...]:
    """Differences as they are reported, with the natural key wherever ``body`` has one instead of an id."""
    records = []
    for difference in differences:
        key = _at(body, difference.pointer)
        after = key if isinstance(key, Key) else difference.want
        records.append(FieldDifference(difference.pointer, json_value(difference.have), json_value(after)))
    return tuple(records)


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def place_record(place: Place) -> SourcePlace:
    """Where something is written, as it is reported."""
    return SourcePlace(place.file, place.line, place.column)
