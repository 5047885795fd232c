"""What is to be done to an invoice besides its content: categories, appendices, payments, mail.

Each is one request of its own, after the invoice has been verified as final. Whether it was done already is
seen in the account where the API shows it; a mail is shown nowhere, so that only the journal knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.planning.actions import Step, Task
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.resolve import becomes_final
from pennyform.invoices.model import Attachment, CategoryWeight, DesiredInvoice, Key

Identify = Callable[[Key], int | None]

CATEGORIES, APPENDICES, TRANSACTIONS = "categories", "appendices", "matched_transactions"

# What a draft may carry already; everything else waits until the invoice is final.
_ON_DRAFTS = frozenset({Step.ATTACH})
# Refused with 409 while Pennylane is still making the PDF.
NEEDS_PDF = frozenset({Step.SUBMIT, Step.MAIL})


class Outlook(NamedTuple):
    """What is left to do: ``tasks`` in order, and ``doubts``: sentences on what nobody can tell."""

    tasks: tuple[Task, ...] = ()
    doubts: tuple[str, ...] = ()


def wished(invoice: DesiredInvoice, identify: Identify) -> tuple[Task, ...]:
    """Everything that ``invoice`` asks for besides its content, in the order in which it is done.

    A natural key stays where its id is not known yet.
    """
    return tuple(_wished(invoice, identify))


def _wished(invoice: DesiredInvoice, identify: Identify) -> Iterator[Task]:
    options = invoice.options
    if invoice.credit_note_of is not None:
        key = invoice.credit_note_of
        yield Task(Step.LINK, str(key.value), _known(key, identify))
    if options.categories is not None:
        yield _categories(options.categories, identify)
    for file in options.appendices:
        yield Task(Step.ATTACH, _file_name(file), file)
    for key in options.matched_transactions:
        yield Task(Step.MATCH, _named(key), _known(key, identify))
    if options.mark_as_paid:
        yield Task(Step.PAY)
    if options.send_to_pa:
        yield Task(Step.SUBMIT)
    if options.send_by_email is not None:
        recipients = options.send_by_email.recipients
        yield Task(Step.MAIL, content={"recipients": list(recipients)} if recipients else None)


def _categories(weights: Sequence[CategoryWeight], identify: Identify) -> Task:
    rows = [{"id": _known(one.key, identify), "weight": one.weight} for one in weights]
    return Task(Step.CATEGORIZE, ", ".join(f"{_named(one.key)} {one.weight}" for one in weights), rows)


def _known(key: Key, identify: Identify) -> int | Key:
    found = identify(key)
    return key if found is None else found


def _named(key: Key) -> str:
    return " ".join([str(key.value), *(value for _, value in key.qualifiers)])


def _file_name(file: Attachment) -> str:
    return file.path.rpartition("/")[2]


def needed(invoice: DesiredInvoice, *, draft: bool) -> tuple[str, ...]:
    """The lists of an invoice that must be read to see which tasks are done."""
    options = invoice.options
    wanted = {
        CATEGORIES: options.categories is not None and not draft,
        APPENDICES: bool(options.appendices),
        TRANSACTIONS: bool(options.matched_transactions) and not draft,
    }
    return tuple(name for name, asked in wanted.items() if asked)


def is_done(task: Task, there: RemoteInvoice) -> bool | None:
    """Whether ``task`` was done to ``there``; None when the API does not show it."""
    shown = _SHOWN.get(task.step)
    return None if shown is None else shown(task, there)


def _weights(rows: Sequence[Row]) -> set[tuple[Any, Decimal]]:
    return {(row["id"], Decimal(str(row["weight"]))) for row in rows}


# How the account shows that each was done. A mail is missing: it shows nowhere.
_SHOWN: Mapping[Step, Callable[[Task, RemoteInvoice], bool]] = {
    Step.CATEGORIZE: lambda task, there: _weights(task.content) == _weights(there.extras.get(CATEGORIES, ())),
    Step.ATTACH: lambda task, there: task.name in _column(there, APPENDICES, "filename"),
    Step.MATCH: lambda task, there: task.content in _column(there, TRANSACTIONS, "id"),
    Step.PAY: lambda _, there: bool(there.header.get("paid")) or _is_cleared(there),
    Step.SUBMIT: lambda _, there: bool((there.header.get("e_invoicing") or {}).get("status")),
    Step.LINK: lambda task, there: bool(
        (there.header.get("credited_invoice") or {}).get("id") == task.content
    ),
}


def _is_cleared(there: RemoteInvoice) -> bool:
    """Whether nothing is owed any more: an invoice that was credited in full cannot be marked as paid."""
    owed = there.header.get("remaining_amount_with_tax")
    return owed is not None and not Decimal(str(owed))


def _column(there: RemoteInvoice, name: str, field: str) -> set[Any]:
    return {row[field] for row in there.extras.get(name, ())}


def outlook(
    invoice: DesiredInvoice,
    there: RemoteInvoice | None,
    identify: Identify,
    memory: ReplayedState = ReplayedState(),  # noqa: B008 - frozen
) -> Outlook:
    """What is left to do besides the content.

    Args:
        invoice: the definition.
        there: the invoice, with the lists that :func:`needed` names; None when there is none.
        identify: ids of natural keys.
        memory: what the journal remembers: the only witness of mails.
    """
    tasks, doubts = [], []
    for task in wished(invoice, identify):
        if not becomes_final(invoice) and task.step not in _ON_DRAFTS and (there is None or there.draft):
            continue
        done = False if there is None else _seen(task, there, memory)
        if done is None and there is not None and not there.draft:
            done = _remembered(task, invoice.external_reference, memory)
            if done is None:
                doubts.append(mail_doubt(invoice.external_reference))
                continue
        if not done:
            tasks.append(task)
    return Outlook(tuple(tasks), tuple(doubts))


def waiting_for_finalize(invoice: DesiredInvoice) -> list[str]:
    """The wishes that come to nothing while the definition does not ask for finalizing."""
    if becomes_final(invoice):
        return []
    names = [str(task.step) for task in wished(invoice, lambda _: None) if task.step not in _ON_DRAFTS]
    return list(dict.fromkeys(names))


def _seen(task: Task, there: RemoteInvoice, memory: ReplayedState) -> bool | None:
    """Whether ``task`` was done, by the account or, for a file, by the journal: reads lag, and files stay."""
    done = is_done(task, there)
    if done is not False or task.step is not Step.ATTACH:
        return done
    subject = Subject(task.key, there.external_reference)
    return subject in memory.done and memory.ids.get(subject) == there.id


def _remembered(task: Task, reference: str, memory: ReplayedState) -> bool | None:
    """Whether the journal saw the task done; None when it cannot say."""
    subject = Subject(task.key, reference)
    if subject in memory.done:
        return True
    if subject in memory.unsettled or reference not in memory.finalized:
        return None
    return False


def mail_doubt(reference: str) -> str:
    """What is said where nobody can tell whether an invoice was mailed."""
    return (
        "whether it was mailed is not known, and a mail is not sent twice: say so with "
        f"'--mailed {reference}' or '--not-mailed {reference}' on the next apply"
    )


def difference(task: Task, there: RemoteInvoice) -> Difference | None:
    """What ``there`` lacks of ``task``; None when it is done, or when nobody can see it."""
    if is_done(task, there) is not False:
        return None
    if task.step is Step.CATEGORIZE:
        rows = there.extras.get(CATEGORIES, ())
        have = ", ".join(f"{row['label']} {row['weight']}" for row in rows)
        return Difference("/options/categories", task.name, have)
    return Difference(_POINTERS[task.step], task.name or True, None if task.name else False)


_POINTERS: Mapping[Step, str] = {
    Step.ATTACH: "/options/appendices",
    Step.MATCH: "/options/matched_transactions",
    Step.PAY: "/options/mark_as_paid",
    Step.SUBMIT: "/options/send_to_pa",
    Step.LINK: "/credit_note_of",
}
