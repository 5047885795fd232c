"""What is to be done to an invoice besides its content: categories, appendices, payments, mail.

Each is one request of its own, after the invoice has been verified as final. Whether it was done already is
seen in the account where the API shows it; a mail is shown nowhere, so that only the journal knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.planning.actions import CategoryShare, Step, Task
from pennyform.engine.planning.dependencies import becomes_final
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.resolve import Identify, id_of
from pennyform.invoices.model import DesiredInvoice, Key

CATEGORIES, APPENDICES, TRANSACTIONS = "categories", "appendices", "matched_transactions"

# What a draft may carry already; everything else waits until the invoice is final.
_ON_DRAFTS = frozenset({Step.ATTACH})
# Refused with 409 while Pennylane is still making the PDF.
NEEDS_PDF = frozenset({Step.SUBMIT, Step.MAIL})


@dataclass(frozen=True, slots=True)
class RemainingTasks:
    """What is left to do: ``tasks`` in order, and ``doubts``: sentences on what is unknown."""

    tasks: tuple[Task, ...] = ()
    doubts: tuple[str, ...] = ()


def tasks_of(invoice: DesiredInvoice, identify: Identify) -> Iterator[Task]:
    """Everything that ``invoice`` asks for besides its content, in the order in which it is done.

    A natural key stays where its id is not known yet.
    """
    options = invoice.options
    if invoice.credit_note_of is not None:
        key = invoice.credit_note_of
        yield Task(Step.LINK, str(key.value), id_of(key, identify))
    if options.categories is not None:
        name = ", ".join(f"{_named(share.key)} {share.weight}" for share in options.categories)
        shares = (
            CategoryShare(id_of(share.key, identify), Decimal(share.weight)) for share in options.categories
        )
        yield Task(Step.CATEGORIZE, name, shares=tuple(shares))
    for file in options.appendices:
        yield Task(Step.ATTACH, file.path.rpartition("/")[2], file=file)
    for key in options.matched_transactions:
        yield Task(Step.MATCH, _named(key), id_of(key, identify))
    if options.mark_as_paid:
        yield Task(Step.PAY)
    if options.send_to_pa:
        yield Task(Step.SUBMIT)
    if options.send_by_email is not None:
        yield Task(Step.MAIL, recipients=options.send_by_email.recipients)


def _named(key: Key) -> str:
    return " ".join([str(key.value), *(value for _, value in key.qualifiers)])


def needed(invoice: DesiredInvoice, *, draft: bool) -> tuple[str, ...]:
    """The lists of an invoice that must be read to see which tasks are done."""
    options = invoice.options
    lists = {
        CATEGORIES: options.categories is not None and not draft,
        APPENDICES: bool(options.appendices),
        TRANSACTIONS: bool(options.matched_transactions) and not draft,
    }
    return tuple(name for name, is_needed in lists.items() if is_needed)


def is_done(task: Task, remote: RemoteInvoice) -> bool | None:
    """Whether ``task`` was done to ``remote``; None when the API does not show it, as with a mail."""
    done: bool | None = None
    match task.step:
        case Step.CATEGORIZE:
            done = set(task.shares) == {
                CategoryShare(share.id, share.weight) for share in remote.categories or ()
            }
        case Step.ATTACH:
            done = task.name in (remote.appendices or ())
        case Step.MATCH:
            done = task.other_id in (remote.matched_transactions or ())
        case Step.PAY:
            # An invoice that was credited in full owes nothing, and cannot be marked as paid any more.
            done = remote.paid or remote.remaining_amount_with_tax == 0
        case Step.SUBMIT:
            done = bool(remote.e_invoicing_status)
        case Step.LINK:
            done = remote.credited_invoice_id == task.other_id
    return done


def outlook(
    invoice: DesiredInvoice,
    remote: RemoteInvoice | None,
    identify: Identify,
    replayed: ReplayedState = ReplayedState(),  # noqa: B008 - frozen
) -> RemainingTasks:
    """What is left to do besides the content.

    Args:
        invoice: the definition.
        remote: the invoice, with the lists that :func:`needed` names; None when there is none.
        identify: ids of natural keys.
        replayed: what the journal remembers: the only witness of mails.
    """
    tasks, doubts = [], []
    for task in tasks_of(invoice, identify):
        if not becomes_final(invoice) and task.step not in _ON_DRAFTS and (remote is None or remote.draft):
            continue
        done = False if remote is None else is_done(task, remote)
        if done is False and remote is not None and task.step is Step.ATTACH:
            # Lists lag behind, and a file that is attached stays: the journal tells what the account may not.
            subject = Subject(task.key, remote.external_reference)
            done = subject in replayed.done and replayed.ids.get(subject) == remote.id
        if done is None and remote is not None and not remote.draft:
            done = _remembered_done(task, invoice.external_reference, remote.id, replayed)
            if done is None:
                doubts.append(mail_doubt(invoice.external_reference))
                continue
        if not done:
            tasks.append(task)
    return RemainingTasks(tuple(tasks), tuple(doubts))


def waiting_for_finalize(invoice: DesiredInvoice) -> list[str]:
    """The wishes that come to nothing while the definition does not ask for finalizing."""
    if becomes_final(invoice):
        return []
    names = [str(task.step) for task in tasks_of(invoice, lambda _: None) if task.step not in _ON_DRAFTS]
    return list(dict.fromkeys(names))


def _remembered_done(task: Task, reference: str, id_: int, replayed: ReplayedState) -> bool | None:
    """Whether the journal saw the task done to the invoice ``id_``; None when it cannot say."""
    subject = Subject(task.key, reference)
    if replayed.ids.get(subject, id_) != id_:
        return None
    if subject in replayed.done:
        return True
    if subject in replayed.unsettled or reference not in replayed.finalized:
        return None
    return False


def mail_doubt(reference: str) -> str:
    """What is said where nobody can tell whether an invoice was mailed."""
    return (
        "whether it was mailed is not known, and a mail is not sent twice: say so with "
        f"'--mailed {reference}' or '--not-mailed {reference}' on the next apply"
    )


# What the platform says of an invoice (contract), in words; one that a newer service adds is quoted.
_PLATFORM = {
    "submitted": "the platform has it, and has not passed it on yet",
    "sent": "the platform passed it on to the customer",
    "accepted": "the customer accepted it",
    "approved": "the customer approved it",
    "partially_collected": "a part of it is reported as paid",
    "collected": "it is reported as paid",
    "in_dispute": "the customer disputes it",
    "refused": "the customer refused it",
    "rejected": "the platform rejected it, and the customer did not get it",
}
_WHAT_TO_DO = {
    "in_dispute": "settle it with the customer; what is wrong is corrected with a credit note",
    "refused": "take it back with a credit note (`credit_note_of`), and issue a right one under another "
    "reference",
    "rejected": "mend what the reason names, take it back with a credit note (`credit_note_of`), and issue "
    "it again under another reference",
}
# It did not arrive, although it was sent.
REFUSED = frozenset({"refused", "rejected"})


def platform_note(remote: RemoteInvoice) -> str:
    """How an invoice stands with the platform, its reason and what to do; "" where it was not sent there."""
    status = remote.e_invoicing_status
    if not status:
        return ""
    words = _PLATFORM.get(status, f"the platform says `{status[:40]}` of it")
    reason = f": {remote.e_invoicing_reason[:500]}" if remote.e_invoicing_reason else ""
    fix = f"; {_WHAT_TO_DO[status]}" if status in _WHAT_TO_DO else ""
    return f"{words}{reason}{fix}"


def needs_somebody(remote: RemoteInvoice) -> bool:
    """Whether the platform says something of an invoice that a person must do something about."""
    return remote.e_invoicing_status in _WHAT_TO_DO


def difference(task: Task, remote: RemoteInvoice) -> Difference | None:
    """What ``remote`` lacks of ``task``; None when it is done, or when nobody can see it."""
    if task.step is Step.SUBMIT and remote.e_invoicing_status in REFUSED:
        return Difference(_POINTERS[task.step], want=True, have=remote.e_invoicing_status)
    if is_done(task, remote) is not False:
        return None
    if task.step is Step.CATEGORIZE:
        have = ", ".join(f"{share.label} {share.weight}" for share in remote.categories or ())
        return Difference("/options/categories", task.name, have)
    return Difference(_POINTERS[task.step], task.name or True, None if task.name else False)


_POINTERS = {
    Step.ATTACH: "/options/appendices",
    Step.MATCH: "/options/matched_transactions",
    Step.PAY: "/options/mark_as_paid",
    Step.SUBMIT: "/options/send_to_pa",
    Step.LINK: "/credit_note_of",
}
