"""Which look-ups a plan needs, and as few of them as will do.

Customers, products and accounts are looked up by the hundred. Few invoices are looked up one by one; many are
looked for in pages of the invoices of their dates, lines included. An invoice that seems to differ is read
again exactly, line by line in the order of the document, before anybody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pennyform.engine.compare import compare
from pennyform.engine.journal import Memory, Subject
from pennyform.engine.keys import keys_of, resolver
from pennyform.engine.limits import EXACT_LOOKUPS
from pennyform.engine.observed import Company, Observation, ObservedInvoice
from pennyform.engine.remote import Remote
from pennyform.invoices.model import DesiredInvoice, Repository

Found = dict[str, list[ObservedInvoice]]


def observe(
    repository: Repository,
    remote: Remote,
    *,
    memory: Memory = Memory(),  # noqa: B008 - frozen
    company: Company | None = None,
) -> Observation:
    """Look up everything that the definitions name.

    Args:
        repository: the definitions.
        remote: the account.
        memory: what the journal remembers; an id in it finds an invoice that a look-up by reference misses.
        company: whose account it is, when that is known already.

    Raises:
        OutcomeError: the account could not be read.
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    observation = _masters(repository, remote, company or remote.company())
    found = _find(repository.invoices, remote, memory)
    observation = replace(observation, invoices=found)
    return replace(observation, invoices=_settle_doubts(repository, observation, remote))


def _masters(repository: Repository, remote: Remote, company: Company) -> Observation:
    keys = keys_of(repository.invoices)

    def named(kind: str, field: str) -> list[str]:
        return sorted({str(key.value) for key in keys if (key.kind, key.field) == (kind, field)})

    templates = named("customer_invoice_template", "name")
    return Observation(
        company=company,
        customers=remote.customers(named("customer", "external_reference")),
        products=remote.products(named("product", "external_reference")),
        products_by_id=remote.products_by_id(int(value) for value in named("product", "id")),
        ledger_accounts=remote.ledger_accounts(named("ledger_account", "number")),
        templates=remote.templates() if templates else {},
    )


def _find(invoices: Sequence[DesiredInvoice], remote: Remote, memory: Memory) -> Found:
    missing = {invoice.external_reference: invoice for invoice in invoices}
    found: Found = {}

    def keep(rows: Iterable[ObservedInvoice]) -> None:
        for row in rows:
            if row.external_reference in missing or row.external_reference in found:
                found.setdefault(row.external_reference, []).append(row)
                missing.pop(row.external_reference, None)

    if len(missing) > EXACT_LOOKUPS:
        _scan(list(missing.values()), remote, keep)
        keep(_remembered(missing, remote, memory))
    if len(missing) <= EXACT_LOOKUPS:
        for reference in sorted(missing):
            keep(remote.invoices_with(reference))
        keep(_remembered(missing, remote, memory))
    return found


def _scan(
    wanted: Sequence[DesiredInvoice], remote: Remote, keep: Callable[[Iterable[ObservedInvoice]], None]
) -> None:
    """Page through the invoices of the dates in question, for at most as many pages as there are invoices."""
    dates = sorted(str(invoice.body["date"]) for invoice in wanted)
    for number, page in enumerate(remote.invoices_dated(dates[0], dates[-1]), start=1):
        keep(page)
        if number >= len(wanted):
            return


def _remembered(
    missing: Mapping[str, DesiredInvoice], remote: Remote, memory: Memory
) -> list[ObservedInvoice]:
    subjects = {reference: Subject("invoice", reference) for reference in missing}
    ids = [memory.ids[subject] for subject in subjects.values() if subject in memory.ids]
    return list(remote.invoices_by_id(ids).values())


def _settle_doubts(repository: Repository, observation: Observation, remote: Remote) -> Found:
    """Read sections where they matter, and exactly every invoice that seems to differ."""
    resolve = resolver(repository, observation).resolve
    settled: Found = {reference: list(rows) for reference, rows in observation.invoices.items()}
    for invoice in repository.invoices:
        rows = settled.get(invoice.external_reference, [])
        if len(rows) != 1:
            continue
        there = rows[0]
        if needs_sections(invoice, there):
            there = remote.with_sections(there)
        if not there.exact and not compare(resolve(invoice, there), there).equal:
            there = remote.exactly(there)
        rows[0] = there
    return settled


def needs_sections(invoice: DesiredInvoice, there: ObservedInvoice) -> bool:
    """Whether sections play a part on either side; only an exact reading shows them."""
    in_sections = any(line.get("section_rank") is not None for line in there.lines)
    return bool(invoice.body.get("invoice_line_sections")) or in_sections
