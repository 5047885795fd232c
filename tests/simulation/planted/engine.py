"""Mistakes in deciding, comparing and carrying out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from pennyform.cli.commands.account import apply
from pennyform.cli.terminal import Exit
from pennyform.engine import session
from pennyform.engine.applying import applier, finalization, invoice_run, invoice_steps, prerequisites
from pennyform.engine.applying.finalization import BuyerCheck, FinalizationQueue
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.applying.invoice_steps import InvoiceWriter
from pennyform.engine.applying.prerequisites import DeclaredUpdater, PrerequisiteWriter
from pennyform.engine.applying.task_runner import TaskRunner
from pennyform.engine.journal.records import Subject
from pennyform.engine.plan_files import binding
from pennyform.engine.planning import actions, dependencies, planner, post_finalize_tasks
from pennyform.engine.planning.actions import DraftDeletion, Step
from pennyform.engine.planning.deposits import completion
from pennyform.engine.planning.prerequisites import declared
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices.deductions import lines as deduction_lines
from pennyform.invoices.model import NumberOf, settled
from pennyform.invoices.money import totals
from pennyform.results.apply import Status
from pennyform.results.plan import Action

from tests.simulation.planted.bug import Bug, replaced


def _float_tax(base: Decimal, rate: Any, unit: Decimal) -> Decimal:
    return Decimal(str(round(float(base) * float(rate.charged) / 100, 2))).quantize(unit)


@contextmanager
def _amounts_not_compared() -> Iterator[None]:
    real = invoice_run.diff_invoice

    def lenient(*arguments: Any) -> Any:
        return replace(real(*arguments), amounts=())

    with ExitStack() as stack:
        for module in (invoice_run, planner):
            stack.enter_context(patch.object(module, "diff_invoice", lenient))
        yield


def _accept_anything(self: InvoiceRun, remote: Any) -> bool:
    self.remote = remote
    return True


@contextmanager
def _finalized_at_once() -> Iterator[None]:
    def finalize(self: InvoiceWriter, run: InvoiceRun) -> None:
        account, id_ = self.context.account, run.known_id
        self.context.sender.send(run.subject, Step.FINALIZE, lambda: account.finalize(id_), id_)

    writes = {**planner._WRITES, Action.CREATE: (Step.CREATE,), Action.NO_OP: ()}
    with patch.object(planner, "_WRITES", writes), patch.object(InvoiceWriter, "_finalize", finalize):
        yield


def _reading_does_not_count(runs: Any, context: Any) -> dict[Any, Any]:
    mismatches = _find_mismatches(runs, context)
    return {subject: one for subject, one in mismatches.items() if "could not be" in one.detail}


_find_mismatches = invoice_steps.find_mismatches


def _no_doubt_about_mail(task: Any, reference: str, replayed: Any) -> bool:
    return Subject(task.key, reference) in replayed.done


def _mail_again(self: TaskRunner, one: InvoiceRun, task: Any) -> bool:
    return False


def _update_again(self: InvoiceRun, why: str, *, reference_taken: bool, at: float) -> None:
    if self.next_step is Step.UPDATE:
        return
    _mark_uncertain(self, why, reference_taken=reference_taken, at=at)


_mark_uncertain = InvoiceRun.mark_uncertain


def _unconcerned(self: InvoiceRun, *, final: bool) -> None:
    self.shared = False


def _create_again(self: PrerequisiteWriter, uncertain: Any) -> None:
    results = self._results
    results |= {one: replace(results[one], status=Status.NOT_STARTED) for one in uncertain}


def _believed(self: DeclaredUpdater, updates: Any) -> None:
    for update in updates:
        update.end(Status.DONE)


def _updates_come_later(self: PrerequisiteWriter, changes: Any) -> Any:
    return _carry_out(self, [change for change in changes if change.action is not Action.UPDATE])


_carry_out = PrerequisiteWriter.carry_out


def _send_unjournalled(self: DeclaredUpdater, update: Any) -> None:
    prerequisites._put(update, self.context.account)
    update.end(Status.UNKNOWN)


def _all_drafts(repository: Any, drafts: Any) -> tuple[DraftDeletion, ...]:
    defined = {invoice.external_reference for invoice in repository.invoices}
    return tuple(DraftDeletion(one) for one in drafts if one.external_reference not in defined)


@contextmanager
def _placeholders_sent() -> Iterator[None]:
    """Nothing waits for a number, nothing looks for one that is missing, and a placeholder is plain text."""

    def as_shown(self: Resolved, number: Any) -> Resolved:
        return replace(self, body=settled(self.body, _placeholder), lines=settled(self.lines, _placeholder))

    with ExitStack() as stack:
        stack.enter_context(patch.object(actions, "dependencies", lambda invoice: ()))
        stack.enter_context(patch.object(Resolved, "with_numbers", as_shown))
        yield


def _placeholder(reference: str) -> str:
    return NumberOf(reference).placeholder


def _another_number(self: Resolved, number: Any) -> Resolved:
    return replace(
        self, body=settled(self.body, lambda _: "F-0000"), lines=settled(self.lines, lambda _: "F-0000")
    )


def _single_line(before_tax: Decimal, tax: Decimal, *_: Any, **__: Any) -> Any:
    return (before_tax,), Decimal(0)


def _no_deductions(invoice: Any) -> tuple[str, ...]:
    return ()


def _cheerful(report: Any) -> Exit:
    real = _exit_of(report)
    return Exit.OK if real is Exit.UNKNOWN else real


_exit_of = apply.exit_of


@contextmanager
def _checked_too_early() -> Iterator[None]:
    """The cards of customers that are there are read once, before anything is written."""
    real = BuyerCheck.__post_init__

    def read_at_once(self: BuyerCheck) -> None:
        real(self)
        ids = [change.resolved.body.customer_id for change in self._waiting.values()]
        if numbers := {id_ for id_ in ids if isinstance(id_, int)}:
            self._read(numbers)

    with ExitStack() as stack:
        stack.enter_context(patch.object(BuyerCheck, "__post_init__", read_at_once))
        stack.enter_context(patch.object(BuyerCheck, "_is_fresh", lambda self, reading: True))
        yield


def _by_reference(invoices: Any) -> list[Any]:
    return sorted(invoices, key=lambda one: (one.credit_note_of is not None, one.external_reference))


def _at_once(runs: Any, *, any_order: bool = False) -> FinalizationQueue:
    return _queue_of(runs, any_order=True)


_queue_of = FinalizationQueue.of


def _sent_is_settled(self: InvoiceRun) -> bool:
    return self.status is not None or Step.FINALIZE not in self.remaining_steps


BUGS: tuple[Bug, ...] = (
    replaced(
        "the buyer's card is not compared",
        finalization,
        "buyer_differences",
        lambda *_: (),
        "a person changes a card",
    ),
    Bug("cards are compared before the drafts are written", _checked_too_early, ("a person changes a card",)),
    replaced(
        "cards are not read again at the end",
        BuyerCheck,
        "look_again",
        lambda self: None,
        "a person changes a card",
    ),
    replaced("numbers do not follow the dates", planner, "in_order", _by_reference, "none"),
    replaced("references are in the order of text", dependencies, "natural_key", str, "none"),
    replaced("several are finalized at once", FinalizationQueue, "of", _at_once, "slow answers", "none"),
    replaced(
        "the next is finalized while an outcome is unknown",
        InvoiceRun,
        "number_is_settled",
        property(_sent_is_settled),
        test="test_a_lost_answer_is_waited_for",
    ),
    replaced("tax is computed in floats", totals, "_tax", _float_tax, "none"),
    Bug("amounts are not compared", _amounts_not_compared, ("the service rounds otherwise",)),
    replaced(
        "whatever is read back is accepted",
        InvoiceRun,
        "accept",
        _accept_anything,
        "no answer in time",
        "the service rounds otherwise",
    ),
    Bug("finalized in the same breath as created", _finalized_at_once, ("none",)),
    replaced(
        "a reading that differs does not stop",
        invoice_steps,
        "find_mismatches",
        _reading_does_not_count,
        "no answer in time",
        "the service rounds otherwise",
    ),
    replaced(
        "what the journal cannot say was not mailed",
        post_finalize_tasks,
        "_remembered_done",
        _no_doubt_about_mail,
        "no answer in time after it was carried out",
        "journal lost",
    ),
    replaced(
        "an option is repeated without looking",
        TaskRunner,
        "_is_done",
        _mail_again,
        "no answer in time after it was carried out",
    ),
    replaced(
        "an update whose answer was lost is repeated",
        InvoiceRun,
        "mark_uncertain",
        _update_again,
        test="test_an_update_that_may_still_be_on_its_way_is_waited_for",
    ),
    replaced(
        "a customer is created again without looking",
        PrerequisiteWriter,
        "_look_up",
        _create_again,
        "no answer in time after it was carried out",
    ),
    replaced(
        "what differs from its declaration is left alone",
        declared,
        "updatable_fields",
        lambda kind: frozenset(),
        "none",
    ),
    replaced(
        "an update counts as done without being read back",
        DeclaredUpdater,
        "_read_back",
        _believed,
        test="test_an_update_that_is_not_shown_stops_the_invoices",
    ),
    replaced(
        "products are updated after the invoices",
        applier.PrerequisiteWriter,
        "carry_out",
        _updates_come_later,
        test="test_a_product_is_updated_before_the_invoices_that_take_its_price",
    ),
    replaced(
        "an update is sent without being written down",
        DeclaredUpdater,
        "_send",
        _send_unjournalled,
        test="test_an_update_is_written_down_before_it_is_sent",
    ),
    replaced(
        "mail goes out whoever made it final",
        InvoiceRun,
        "mark_shared",
        _unconcerned,
        "a second apply on another machine",
    ),
    replaced("drafts of others are pruned", session, "find_deletions", _all_drafts, "none"),
    replaced("a stale plan is carried out", binding, "explain_staleness", lambda *_: "", "none"),
    replaced(
        "what remains of an invoice is not planned with",
        planner,
        "hold_credits",
        lambda changes, _: tuple(changes),
        test="test_credited_by_hand_in_full",
    ),
    replaced(
        "what remains is not asked once more", invoice_steps, "hold_credit_notes", lambda *_: None, "none"
    ),
    Bug("a placeholder is sent", _placeholders_sent, ("none",)),
    replaced("the number of a deposit is made up", Resolved, "with_numbers", _another_number, "none"),
    replaced("one line takes off each deposit", deduction_lines, "split_for_tax", _single_line, "none"),
    replaced(
        "a deposit may be taken off by another invoice as well",
        completion,
        "taken_elsewhere",
        lambda *_: None,
        test="test_a_deposit_that_was_taken_off_already_is_a_conflict",
    ),
    replaced(
        "a balance invoice does not wait for its deposit",
        actions,
        "dependencies",
        _no_deductions,
        test="test_the_life_of_a_deposit_and_its_balance_in_one_run",
    ),
    replaced(
        "an unknown outcome exits 0",
        apply,
        "exit_of",
        _cheerful,
        "no answer in time after it was carried out",
    ),
    replaced(
        "what the journal has seen is not missed",
        session,
        "_missed",
        lambda *_: [],
        "records lag behind",
        "killed, and look-ups lag behind",
    ),
)
