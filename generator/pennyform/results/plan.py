"""What ``plan`` reports, and what a saved plan holds."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

import msgspec

from pennyform.results.orphans import OrphanReport
from pennyform.results.values import (
    CompanyIdentity,
    CurrencyTotals,
    FieldDifference,
    InvoiceContent,
    InvoiceTotals,
    JsonObject,
    Record,
    SourcePlace,
)


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


# Actions after which the account is as the definitions ask, without a request being sent.
IDLE = frozenset({Action.NO_OP, Action.CONFLICT, Action.UNSETTLED})


class Addressee(Record, frozen=True):
    """Whom a document is made out to, as its customer's card will be when the invoice becomes final.

    ``is_declared`` is false for a customer that is only in the account. ``emails`` are where it would be
    mailed to, ``language`` is the one of the customer's documents, such as ``fr_FR``.
    """

    name: str
    billing_address: JsonObject | None
    recipient: str = ""
    delivery_address: JsonObject | None = None
    reg_no: str = ""
    vat_number: str = ""
    emails: tuple[str, ...] = ()
    is_declared: bool = True
    language: str = ""


class PlannedInvoice(Record, frozen=True, kw_only=True, tag_field="kind", tag="invoice"):
    """What will be done about one invoice.

    ``before`` is what the account has and ``after`` what the definition asks for, where something changes or
    cannot be changed. ``steps`` are requests in their order, ``ways_out`` what a person can do about a
    conflict, ``unverifiable`` pointers to values that no answer of the API shows. ``date`` is the one of the
    definition (ISO). For a draft that no definition asks for any more, ``place`` is null, ``date`` empty and
    ``customer`` left out.
    """

    kind: ClassVar[Literal["invoice"]] = "invoice"

    external_reference: str
    action: Action
    irreversible: bool
    id: int | None
    invoice_number: str
    date: str = ""
    before: InvoiceContent | None
    after: InvoiceContent | None
    customer: Addressee | msgspec.UnsetType | None = msgspec.UNSET
    differences: tuple[FieldDifference, ...]
    totals: InvoiceTotals | None
    steps: tuple[str, ...]
    warnings: tuple[str, ...]
    ways_out: tuple[str, ...]
    unverifiable: tuple[str, ...]
    place: SourcePlace | None


class _PlannedPrerequisite(Record, frozen=True, kw_only=True, tag_field="kind"):
    external_reference: str
    action: Action
    irreversible: bool = False
    id: int | None
    before: JsonObject | None
    after: JsonObject | None
    differences: tuple[FieldDifference, ...]
    totals: None = None
    steps: tuple[str, ...]
    warnings: tuple[str, ...]
    ways_out: tuple[str, ...] = ()
    unverifiable: tuple[str, ...] = ()
    place: SourcePlace


class PlannedCustomer(_PlannedPrerequisite, frozen=True, kw_only=True, tag="customer"):
    """What will be done about a declared customer: create or update it, or nothing.

    ``before`` is what the account has of the fields that are declared, and ``after`` the declaration, where
    something changes or cannot be changed. ``differences`` tell where the two are not the same, also where
    the one of the account is left as it is; ``ways_out`` what a person can do about a conflict.
    """

    kind: ClassVar[Literal["customer"]] = "customer"


class PlannedProduct(_PlannedPrerequisite, frozen=True, kw_only=True, tag="product"):
    """What will be done about a declared product; as for a customer."""

    kind: ClassVar[Literal["product"]] = "product"


PlannedChange = PlannedInvoice | PlannedCustomer | PlannedProduct


class PlanSummary(Record, frozen=True):
    """How many changes there are of each action; ``irreversible`` is the number of invoices made final."""

    invoices: dict[str, int]
    customers: dict[str, int]
    products: dict[str, int]
    irreversible: int
    pending: bool


class PlanMoney(Record, frozen=True):
    """Amounts by currency: of the invoices that change, and of all."""

    changing: tuple[CurrencyTotals, ...]
    all: tuple[CurrencyTotals, ...]


class PlanDocument(Record, frozen=True):
    """What an apply would do. ``requests`` and ``seconds`` are what it takes when nothing goes wrong.

    ``orphans`` are invoices that no definition asks for any more; nothing is done about them.
    """

    format_version: Literal[1]
    pennyform: str
    environment: str
    company: CompanyIdentity
    rounding: str
    changes: tuple[PlannedChange, ...]
    summary: PlanSummary
    money: PlanMoney
    requests: int
    seconds: int
    warnings: tuple[str, ...]
    orphans: OrphanReport
