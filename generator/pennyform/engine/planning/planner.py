"""The decisions: what becomes of each definition, given what the account holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pennyform.engine.account.records import RemoteCustomer, RemoteInvoice, RemoteProduct
from pennyform.engine.account.state import RemoteState
from pennyform.engine.planning.actions import InvoiceChange, PrerequisiteChange, Step
from pennyform.engine.planning.diff import Comparison, customer_differences, diff_invoice, product_differences
from pennyform.engine.planning.natural_keys import keys_of, resolver
from pennyform.engine.planning.patch import finalized_update_body, update_body
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.post_finalize_tasks import difference, outlook, waiting_for_finalize
from pennyform.engine.planning.preflight import enforce
from pennyform.engine.planning.resolve import IMPORTED, Resolved, becomes_final
from pennyform.engine.planning.scopes import missing
from pennyform.invoices.desired.json_bodies import after_finalize
from pennyform.invoices.model import DesiredInvoice, ImportedInvoiceBody, Repository
from pennyform.results.plan import Action

Resolve = Callable[[DesiredInvoice, RemoteInvoice | None], Resolved]

_FINALIZED = {
    Action.CREATE: Action.CREATE_AND_FINALIZE,
    Action.UPDATE: Action.UPDATE_AND_FINALIZE,
    Action.RECREATE: Action.RECREATE_AND_FINALIZE,
    Action.NO_OP: Action.FINALIZE,
}

_WRITES = {
    Action.CREATE: (Step.CREATE, Step.READ_BACK),
    Action.UPDATE: (Step.UPDATE, Step.READ_BACK),
    # The reference of a deleted draft may never be free again: the old draft gives it up first, and goes
    # only once the new one is verified.
    Action.RECREATE: (Step.SET_ASIDE, Step.CREATE, Step.READ_BACK, Step.DELETE),
    # The draft was read for this plan, but it is money: it is read again right before it becomes final.
    Action.NO_OP: (Step.READ_BACK,),
}


_IMPORT = (Step.UPLOAD, Step.IMPORT, Step.READ_BACK)
# The import of an electronic invoice has no place for a reference: it is set on what was read back.
_E_IMPORT = (Step.IMPORT, Step.READ_BACK, Step.COMPLETE, Step.READ_BACK)


def plan(repository: Repository, observation: RemoteState) -> Plan:
    """Decide about every definition.

    Args:
        repository: the definitions.
        observation: what was looked up for them.

    Returns:
        The plan: customers and products that invoices need first, then the invoices by reference.

    Raises:
        UnresolvedError: a definition names something that neither repository nor account has.
        InadmissibleError: a policy forbids what would be done.
    """
    resolve = resolver(repository, observation).resolve
    finalizing = {one.external_reference for one in repository.invoices if becomes_final(one)}
    numbered = _numbered(repository, observation)
    observation = replace(observation, finalizing=frozenset(finalizing), numbered=numbered)
    invoices = sorted(repository.invoices, key=_order)
    changes = tuple(_decide(invoice, observation, resolve) for invoice in invoices)
    enforce(repository.settings.policies, changes)
    return Plan(
        environment=repository.settings.environment,
        company=observation.company,
        rounding=repository.settings.rounding,
        masters=tuple(_masters(repository, observation)),
        invoices=changes,
    )


def _numbered(repository: Repository, observation: RemoteState) -> dict[str, set[str]]:
    """Whose number each is, here and in the account; nothing when no electronic invoice asks for one."""
    found: dict[str, set[str]] = {}
    if any(invoice.e_invoice_lines for invoice in repository.invoices):
        for invoice in repository.invoices:
            found.setdefault(_number(invoice), set()).add(invoice.external_reference)
        for reference, rows in observation.invoices.items():
            for row in rows:
                found.setdefault(row.invoice_number, set()).add(reference)
    return found


def _number(invoice: DesiredInvoice) -> str:
    """The legal number that an imported invoice states; empty for every other one."""
    return invoice.body.invoice_number or "" if isinstance(invoice.body, ImportedInvoiceBody) else ""


def _order(invoice: DesiredInvoice) -> tuple[bool, str]:
    """A credit note comes after all that it could correct."""
    return invoice.credit_note_of is not None, invoice.external_reference


def make_plan(repository: Repository, observation: RemoteState, notices: Sequence[str] = ()) -> Plan:
    """:func:`plan` with what else is to be said: ``notices``, and scopes that an apply will ask for."""
    made = plan(repository, observation)
    lacking = [f"the token lacks the scope {scope}, which apply needs" for scope in missing(made)]
    return replace(made, warnings=(*notices, *lacking))


# --- customers and products ---------------------------------------------------------------------------


def _masters(repository: Repository, observation: RemoteState) -> Iterator[PrerequisiteChange]:
    named = {(key.kind, str(key.value)) for key in keys_of(repository.invoices) if key.field != "id"}
    for reference, customer in sorted(repository.customers.items()):
        if ("customer", reference) in named:
            known = observation.customers.get(reference)
            drift = customer_differences(customer.body, customer.customer_type, known) if known else []
            yield PrerequisiteChange(customer, *_found(known), tuple(drift))
    for reference, product in sorted(repository.products.items()):
        if ("product", reference) in named:
            sold = observation.products.get(reference)
            drift = product_differences(product.body, sold) if sold else []
            yield PrerequisiteChange(product, *_found(sold), tuple(drift))


def _found(remote: RemoteCustomer | RemoteProduct | None) -> tuple[Action, int | None]:
    return (Action.NO_OP, remote.id) if remote else (Action.CREATE, None)


# --- invoices -------------------------------------------------------------------------------------------


def _decide(invoice: DesiredInvoice, observation: RemoteState, resolve: Resolve) -> InvoiceChange:
    """What is done about the content, and what else is left to do once that is as it should be."""
    change = _about_content(invoice, observation, resolve)
    if change.action in {Action.CONFLICT, Action.UNSETTLED}:
        return change
    left = outlook(invoice, change.there, observation.identify, observation.memory)
    lacking = [difference(task, change.there) for task in left.tasks] if change.there else []
    waiting = [_waits(name) for name in waiting_for_finalize(invoice)] if _stays_draft(change) else []
    action = Action.COMPLETE if change.action is Action.NO_OP and left.tasks else change.action
    return replace(
        change,
        action=action,
        tasks=left.tasks,
        lacking=tuple(one for one in lacking if one),
        doubts=left.doubts,
        warnings=(*change.warnings, *waiting),
    )


def _stays_draft(change: InvoiceChange) -> bool:
    return change.there is None or change.there.draft


def _about_content(invoice: DesiredInvoice, observation: RemoteState, resolve: Resolve) -> InvoiceChange:
    reference = invoice.external_reference
    found = observation.invoices.get(reference, ())
    there = found[0] if found else None
    resolved = resolve(invoice, there)
    if reference in observation.unsettled:
        return InvoiceChange(invoice, resolved, Action.UNSETTLED, ways_out=(_UNSETTLED,))
    if way_out := _obstacle(invoice, observation):
        return InvoiceChange(invoice, resolved, Action.CONFLICT, there=there, ways_out=(way_out,))
    if there is None:
        return InvoiceChange(invoice, resolved, *_creation(invoice))
    return (_about_draft if there.draft else _about_finalized)(invoice, resolved, there)


def _creation(invoice: DesiredInvoice) -> tuple[Action, tuple[Step, ...]]:
    if invoice.kind != IMPORTED:
        return _steps(Action.CREATE, invoice)
    return Action.IMPORT, _E_IMPORT if invoice.e_invoice_lines else _IMPORT


def _obstacle(invoice: DesiredInvoice, observation: RemoteState) -> str:
    """Why nothing can be done about ``invoice``, whatever it says; empty when something can."""
    found = observation.invoices.get(invoice.external_reference, ())
    if len(found) > 1:
        return _duplicates(found)
    if others := _others_numbered(invoice, observation):
        return _number_taken(invoice, others)
    if found and not found[0].draft:
        return ""
    if found and invoice.kind == IMPORTED:
        return _DRAFT_THERE
    return _uncorrectable(invoice, observation)


def _others_numbered(invoice: DesiredInvoice, observation: RemoteState) -> str:
    """Who else has, or is to have, the number of an electronic invoice that is not known by its reference."""
    reference = invoice.external_reference
    found = observation.invoices.get(reference, ())
    if not invoice.e_invoice_lines or any(row.external_reference == reference for row in found):
        return ""
    same = set(observation.numbered.get(_number(invoice), ()))
    return ", ".join(sorted(same - {reference}))


def _uncorrectable(invoice: DesiredInvoice, observation: RemoteState) -> str:
    """Why ``invoice`` cannot be the credit note it should be; empty when it can, or is none."""
    key = invoice.credit_note_of
    if key is None or key.field == "id" or not invoice.options.finalize:
        return ""
    invoices = observation.invoices_of(key)
    if str(key.value) in observation.finalizing or (invoices and not invoices[0].draft):
        return ""
    return f"{key.value} is not final, and only a final invoice can be corrected: finalize it, or change it"


def _about_draft(invoice: DesiredInvoice, resolved: Resolved, there: RemoteInvoice) -> InvoiceChange:
    comparison = diff_invoice(resolved, there)
    if comparison.equal:
        action, steps = _steps(Action.NO_OP, invoice)
        return InvoiceChange(invoice, resolved, action, steps, there, comparison)
    if comparison.amounts:
        way_out = _other_cents(comparison)
        return InvoiceChange(
            invoice, resolved, Action.CONFLICT, there=there, comparison=comparison, ways_out=(way_out,)
        )
    is_updatable = update_body(resolved, there) is not None
    action, steps = _steps(Action.UPDATE if is_updatable else Action.RECREATE, invoice)
    warnings = () if is_updatable else (_RECREATED,)
    return InvoiceChange(invoice, resolved, action, steps, there, comparison, warnings)


def _about_finalized(invoice: DesiredInvoice, resolved: Resolved, there: RemoteInvoice) -> InvoiceChange:
    comparison = diff_invoice(resolved, there)
    warnings = () if becomes_final(invoice) else (_FINALIZED_ALREADY,)
    if comparison.equal:
        return InvoiceChange(
            invoice, resolved, Action.NO_OP, there=there, comparison=comparison, warnings=warnings
        )
    is_fixed = invoice.kind == IMPORTED and not invoice.e_invoice_lines
    body = None if is_fixed else finalized_update_body(resolved, there)
    if body is None:
        ways_out = (_other_cents(comparison),) if comparison.amounts else _FINAL
        ways_out = _IMPORTED_ALREADY if invoice.kind == IMPORTED else ways_out
        return InvoiceChange(
            invoice, resolved, Action.CONFLICT, there=there, comparison=comparison, ways_out=ways_out
        )
    steps = (Step.COMPLETE, Step.READ_BACK)
    return InvoiceChange(invoice, resolved, Action.UPDATE, steps, there, comparison, warnings)


def _steps(action: Action, invoice: DesiredInvoice) -> tuple[Action, tuple[Step, ...]]:
    """The action and its steps, with finalizing at their end where the definition asks for it."""
    if not invoice.options.finalize:
        return action, () if action is Action.NO_OP else _WRITES[action]
    final: tuple[Step, ...] = (Step.FINALIZE, Step.READ_BACK)
    if after_finalize(invoice.body):
        final = (*final, Step.COMPLETE, Step.READ_BACK)
    return _FINALIZED[action], (*_WRITES[action], *final)


# --- words ----------------------------------------------------------------------------------------------

_UNSETTLED = "an earlier apply does not know whether it was created; run 'pennyform apply' again"
_RECREATED = (
    "the API cannot change the sections of a draft: a new draft replaces it, and the old one is deleted"
)
_DRAFT_THERE = "a draft carries this reference: delete it in Pennylane, or import under another reference"
_IMPORTED_ALREADY = (
    "it was imported as it is: correct it in Pennylane, or change the definition to what was imported",
)
_FINALIZED_ALREADY = "it is finalized, although the definition does not ask for it"
_FINAL = (
    "issue a credit note for it, and define the invoice anew under another external_reference",
    "or change the definition back to what was finalized",
)


def _waits(name: str) -> str:
    return f"{name} waits until the invoice is final; the definition does not ask for that"


def _other_cents(comparison: Comparison) -> str:
    first = comparison.amounts[0]
    return (
        f"the API computes other amounts ({first.pointer}: {first.have} where {first.want} was planned); "
        "set 'rounding: document' or 'rounding: line' in pennyform.yaml if the account rounds so, else "
        "change the definition"
    )


def _number_taken(invoice: DesiredInvoice, others: str) -> str:
    number = _number(invoice)
    return f"its number, {number}, is also that of {others}: an electronic invoice is imported once"


def _duplicates(found: Sequence[RemoteInvoice]) -> str:
    ids = ", ".join(str(invoice.id) for invoice in found)
    return f"{len(found)} invoices carry this reference (ids {ids}): delete or rename all but one"
