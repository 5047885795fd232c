"""Deciding what is done about each definition, given what the account holds. Pure: nothing is looked up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import DraftDeletion, InvoiceChange, Step
from pennyform.engine.planning.credits.conflicts import hold_credits
from pennyform.engine.planning.dependencies import IMPORTED, becomes_final, in_order, names_others
from pennyform.engine.planning.deposits.completion import (
    Accounts,
    complete,
    deposit_obstacle,
    hold_dependents,
)
from pennyform.engine.planning.deposits.taken import hold_double_deductions
from pennyform.engine.planning.diff import Comparison, diff_invoice
from pennyform.engine.planning.numbering import booked_numbers
from pennyform.engine.planning.numbering.older_dates import find_older_dates, older_date_warnings
from pennyform.engine.planning.patch import finalized_update_body, update_body
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.post_finalize_tasks import (
    difference,
    needs_somebody,
    outlook,
    platform_note,
    waiting_for_finalize,
)
from pennyform.engine.planning.preflight import enforce, enforce_dates, missing_scopes
from pennyform.engine.planning.prerequisites.customers import (
    is_checked,
    limited_search,
    with_card_warnings,
    with_existing,
)
from pennyform.engine.planning.prerequisites.declared import Obstacles, obstacles, plan_prerequisites, unnamed
from pennyform.engine.planning.resolve import PlanRejectedError, Resolved, resolver
from pennyform.findings import Finding, Severity, first_names
from pennyform.invoices.desired.json_bodies import after_finalize
from pennyform.invoices.model import DesiredInvoice, Repository
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

_NO_PREFIX = Finding(
    "prune-without-prefix",
    Severity.ERROR,
    "--prune needs a reference_prefix",
    file="pennyform.yaml",
    detail="Drafts of this folder are told from those of others by how their references begin.",
    fix="give the folder a reference_prefix in pennyform.yaml",
)

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

# So many invoices are named in one warning.
_MOST_NAMES = 5
_ANY_ORDER = (
    "number_order: any in pennyform.yaml lets several invoices become final at once, "
    "so the numbers may not follow the dates"
)

NOT_IN_JOURNAL = (
    "this draft is not in the journal: somebody else made it, or another machine did; it would be changed to "
    "what the definition says"
)
"""A warning about what this machine knows: it does not belong to what a saved plan is bound to."""
_WAITS = "{} waits until the invoice is final; the definition does not ask for that"


def plan(repository: Repository, state: RemoteState) -> Plan:
    """Decide about every definition.

    Args:
        repository: the definitions.
        state: what was looked up for them.

    Returns:
        The plan: customers and products that invoices need first, then the invoices in the order in
        which they become final.

    Raises:
        UnresolvedError: a definition names something that neither repository nor account has.
        PlanRejectedError: a policy forbids what would be done.
    """
    are_linked = any(map(names_others, repository.invoices))
    if are_linked:
        repository = complete(repository, state)
    prerequisites = tuple(plan_prerequisites(repository, state))
    if state.search.rows:
        prerequisites = tuple(with_existing(prerequisites, repository, state))
    planner = InvoicePlanner(
        state,
        resolver(repository, state).resolve,
        {invoice.external_reference for invoice in repository.invoices if becomes_final(invoice)},
        _references_by_number(repository, state),
        Accounts(repository, state),
        obstacles(prerequisites),
    )
    ordered = in_order(repository.invoices)
    changes = tuple(planner.plan_invoice(invoice) for invoice in ordered)
    if are_linked:
        changes = hold_dependents(hold_credits(hold_double_deductions(changes, state), state))
    policies = repository.settings.policies
    enforce(policies, changes)
    finalized = sum(change.is_finalized for change in changes)
    warnings = [_ANY_ORDER] if policies.number_order == "any" and finalized > 1 else []
    if finalized > 1 or state.newest_final is not None:
        older = tuple(find_older_dates(changes, state.newest_final, any_order=policies.number_order == "any"))
        enforce_dates(policies, older)
        warnings = [*older_date_warnings(older), *warnings]
    return Plan(
        environment=repository.settings.environment,
        company=state.company,
        rounding=repository.settings.rounding,
        prerequisites=prerequisites,
        invoices=changes,
        warnings=tuple(warnings),
        number_order=policies.number_order,
    )


def make_plan(repository: Repository, state: RemoteState, notices: Sequence[str] = ()) -> Plan:
    """:func:`plan` with what else is to be said: ``notices``, and scopes that an apply will ask for."""
    made = plan(repository, state)
    lacking = [f"the token lacks the scope {scope}, which apply needs" for scope in missing_scopes(made)]
    return replace(
        made,
        warnings=(
            *notices,
            *made.warnings,
            *unnamed(repository, state),
            *(() if state.search.is_complete else (limited_search(),)),
            *_outdated(made),
            *lacking,
        ),
    )


def _outdated(made: Plan) -> list[str]:
    """In one sentence, if any: final invoices whose definitions would come to something else today."""
    names = [change.external_reference for change in made.invoices if change.resolved.outdated]
    if not names:
        return []
    listed = f"{first_names(names, _MOST_NAMES)}; 'pennyform verify' shows the values"
    return [f"final with values that their products do not have any more: {listed}"]


def _references_by_number(repository: Repository, state: RemoteState) -> dict[str, set[str]]:
    """Whose number each is, here and in the account; nothing when no electronic invoice asks for one."""
    references: dict[str, set[str]] = {}
    if any(invoice.e_invoice_lines for invoice in repository.invoices):
        for invoice in repository.invoices:
            references.setdefault(invoice.legal_number, set()).add(invoice.external_reference)
        for reference, remotes in state.invoices.items():
            for remote in remotes:
                references.setdefault(remote.invoice_number, set()).add(reference)
    return references


@dataclass(frozen=True, slots=True)
class InvoicePlanner:
    """Decides about invoices, one by one.

    ``becoming_final`` are the references whose definitions ask for finalizing; ``by_number`` are all
    references that have, or are to have, a legal number, when electronic invoices are among the definitions;
    ``obstacles`` are customers and products that cannot be made what they must be.
    """

    state: RemoteState
    resolve: Resolve
    becoming_final: Collection[str]
    by_number: Mapping[str, Collection[str]]
    accounts: Accounts
    obstacles: Obstacles

    def plan_invoice(self, invoice: DesiredInvoice) -> InvoiceChange:
        """What is done about an invoice: nothing, where what it names is not as it must be by then."""
        change = self._plan_whole(invoice)
        ways_out = self.obstacles.ways_out(invoice) if change.busy else ()
        if is_checked(change):
            ways_out = (*ways_out, *self.obstacles.other_buyer(invoice))
        if ways_out:
            return replace(change, action=Action.CONFLICT, steps=(), tasks=(), ways_out=ways_out)
        if self._is_strange(change):
            change = replace(change, warnings=(NOT_IN_JOURNAL, *change.warnings))
        return change if change.resolved.is_customer_declared else with_card_warnings(change)

    def _is_strange(self, change: InvoiceChange) -> bool:
        """Whether a draft would be changed that this journal has never seen."""
        remote = change.remote
        if remote is None or not remote.draft or not change.busy:
            return False
        return self.state.replayed.ids.get(Subject("invoice", change.external_reference)) != remote.id

    def _plan_whole(self, invoice: DesiredInvoice) -> InvoiceChange:
        """What is done about the content, and what else is left to do once that is as it should be."""
        change = self._plan_content(invoice)
        if change.action in {Action.CONFLICT, Action.UNSETTLED}:
            return change
        if invoice.deductions:
            change = replace(change, warnings=(*change.warnings, *self.accounts.open_cents(invoice)))
        if not invoice.has_tasks:
            return change
        remote = change.remote
        remaining = outlook(invoice, remote, self.state.identify, self.state.replayed)
        lacking = [difference(task, remote) for task in remaining.tasks] if remote else []
        waiting = waiting_for_finalize(invoice) if remote is None or remote.draft else []
        action = Action.COMPLETE if change.action is Action.NO_OP and remaining.tasks else change.action
        return replace(
            change,
            action=action,
            tasks=remaining.tasks,
            lacking=tuple(shortfall for shortfall in lacking if shortfall),
            doubts=remaining.doubts,
            warnings=(*change.warnings, *(_WAITS.format(name) for name in waiting)),
        )

    def _plan_content(self, invoice: DesiredInvoice) -> InvoiceChange:
        reference = invoice.external_reference
        remotes = self.state.invoices.get(reference, ())
        remote = remotes[0] if remotes else None
        resolved = self.resolve(invoice, remote)
        if reference in self.state.unsettled:
            return InvoiceChange(invoice, resolved, Action.UNSETTLED, ways_out=(_UNSETTLED,))
        if way_out := self._obstacle(invoice, remotes) or self._deposit_obstacle(invoice, remote):
            return InvoiceChange(invoice, resolved, Action.CONFLICT, remote=remote, ways_out=(way_out,))
        if remote is None:
            renamed = self.state.renamed.get(reference)
            if renamed and (why := booked_numbers.issued_before(resolved, renamed)):
                return InvoiceChange(invoice, resolved, Action.CONFLICT, ways_out=(why,))
            if invoice.kind == IMPORTED:
                steps, number = _E_IMPORT if invoice.e_invoice_lines else _IMPORT, invoice.legal_number
                doubts = tuple(booked_numbers.doubts(number, self.state.numbered.get(number, ())))
                return InvoiceChange(invoice, resolved, Action.IMPORT, steps, warnings=doubts)
            return InvoiceChange(invoice, resolved, *_steps(Action.CREATE, invoice))
        return (_plan_draft if remote.draft else _plan_finalized)(invoice, resolved, remote)

    def _obstacle(self, invoice: DesiredInvoice, remotes: Sequence[RemoteInvoice]) -> str:
        """Why nothing can be done about ``invoice``, whatever it says; empty when something can."""
        if len(remotes) > 1:
            ids = ", ".join(str(remote.id) for remote in remotes)
            return f"{len(remotes)} invoices carry this reference (ids {ids}): delete or rename all but one"
        if booked := self._booked_elsewhere(invoice, remotes):
            return booked
        if remotes and not remotes[0].draft:
            return ""
        if remotes and invoice.kind == IMPORTED:
            return _DRAFT_THERE
        key = invoice.credit_note_of
        if key is None or key.field == "id" or not invoice.options.finalize:
            return ""
        credited = self.state.invoices_of(key)
        is_final = str(key.value) in self.becoming_final or (credited and not credited[0].draft)
        summary = "is not final, and only a final invoice can be corrected"
        return "" if is_final else f"{key.value} {summary}: finalize it, or change it"

    def _deposit_obstacle(self, invoice: DesiredInvoice, remote: RemoteInvoice | None) -> str:
        """Why its deposits cannot be taken off, or why it would lack a number; empty once it is final."""
        if not names_others(invoice) or (remote is not None and not remote.draft):
            return ""
        return deposit_obstacle(invoice, self.accounts, self.becoming_final)

    def _booked_elsewhere(self, invoice: DesiredInvoice, remotes: Sequence[RemoteInvoice]) -> str:
        """Why the legal number of an import is that of another invoice; empty when it is not."""
        if invoice.kind != IMPORTED:
            return ""
        reference, number = invoice.external_reference, invoice.legal_number
        # An electronic invoice is imported without a reference: until it has one, its number must tell it.
        if invoice.e_invoice_lines and all(row.external_reference != reference for row in remotes):
            namesakes = ", ".join(sorted(set(self.by_number.get(number, ())) - {reference}))
            if namesakes:
                return (
                    f"its number, {number}, is also that of {namesakes}: "
                    "an electronic invoice is imported once"
                )
        return "" if remotes else booked_numbers.obstacle(number, self.state.numbered.get(number, ()))


def _plan_draft(invoice: DesiredInvoice, resolved: Resolved, remote: RemoteInvoice) -> InvoiceChange:
    comparison = diff_invoice(resolved, remote)
    if comparison.equal:
        action, steps = _steps(Action.NO_OP, invoice)
        return InvoiceChange(invoice, resolved, action, steps, remote, comparison)
    if comparison.amounts:
        ways_out = (_other_cents(comparison),)
        return InvoiceChange(
            invoice, resolved, Action.CONFLICT, remote=remote, comparison=comparison, ways_out=ways_out
        )
    is_updatable = update_body(resolved, remote) is not None
    action, steps = _steps(Action.UPDATE if is_updatable else Action.RECREATE, invoice)
    warnings = () if is_updatable else (_RECREATED,)
    return InvoiceChange(invoice, resolved, action, steps, remote, comparison, warnings)


def _plan_finalized(invoice: DesiredInvoice, resolved: Resolved, remote: RemoteInvoice) -> InvoiceChange:
    comparison = diff_invoice(resolved, remote)
    warnings = () if becomes_final(invoice) else (_FINALIZED_ALREADY,)
    if needs_somebody(remote):
        warnings = (*warnings, platform_note(remote))
    if comparison.equal:
        return InvoiceChange(
            invoice, resolved, Action.NO_OP, remote=remote, comparison=comparison, warnings=warnings
        )
    is_fixed = invoice.kind == IMPORTED and not invoice.e_invoice_lines
    if is_fixed or finalized_update_body(resolved, remote) is None:
        ways_out = (_other_cents(comparison),) if comparison.amounts else (*_data_way_out(invoice), *_FINAL)
        ways_out = _IMPORTED_ALREADY if invoice.kind == IMPORTED else ways_out
        return InvoiceChange(
            invoice, resolved, Action.CONFLICT, remote=remote, comparison=comparison, ways_out=ways_out
        )
    steps = (Step.COMPLETE, Step.READ_BACK)
    return InvoiceChange(invoice, resolved, Action.UPDATE, steps, remote, comparison, warnings)


def _data_way_out(invoice: DesiredInvoice) -> Iterator[str]:
    """For a row of a series: its data file may have been changed for a later month."""
    file = invoice.place.file
    if file.endswith((".csv", ".json")) or "/data/" in f"/{file}":
        yield (
            f"it was issued from an earlier state of {file}: restore what {file} said of it, "
            "and give each later month a data file of its own"
        )


def _steps(action: Action, invoice: DesiredInvoice) -> tuple[Action, tuple[Step, ...]]:
    """The action and its steps, with finalizing at their end where the definition asks for it."""
    if not invoice.options.finalize:
        return action, () if action is Action.NO_OP else _WRITES[action]
    final: tuple[Step, ...] = (Step.FINALIZE, Step.READ_BACK)
    if after_finalize(invoice.body):
        final = (*final, Step.COMPLETE, Step.READ_BACK)
    return _FINALIZED[action], (*_WRITES[action], *final)


def _other_cents(comparison: Comparison) -> str:
    first = comparison.amounts[0]
    return (
        f"the API computes other amounts ({first.pointer}: {first.have} where {first.want} was planned); "
        "set 'rounding: document' or 'rounding: line' in pennyform.yaml if the account rounds so, else "
        "change the definition"
    )


def find_deletions(repository: Repository, drafts: Iterable[RemoteInvoice]) -> tuple[DraftDeletion, ...]:
    """The drafts that carry the repository's prefix and that none of its definitions asks for, by reference.

    Args:
        repository: all definitions there are; a part of them would make orphans of the others.
        drafts: all drafts of the account.

    Raises:
        PlanRejectedError: the repository has no prefix, so that nobody can say whose a draft is.
    """
    prefix = repository.settings.reference_prefix
    if not prefix:
        raise PlanRejectedError([_NO_PREFIX])
    defined = {invoice.external_reference for invoice in repository.invoices}
    orphans = [
        draft
        for draft in drafts
        if draft.draft
        and draft.external_reference.startswith(prefix)
        and draft.external_reference not in defined
    ]
    return tuple(map(DraftDeletion, sorted(orphans, key=lambda draft: draft.external_reference)))
