"""Natural keys of definitions against what the account has: which ids they stand for, and which for none."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

from pennyform.engine.account.state import RemoteState
from pennyform.engine.planning.preflight import PlanRejectedError
from pennyform.engine.planning.resolve import Resolver, keys_in
from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.model import CustomerBody, Id, Key, ProductBody, Repository


class UnresolvedError(PlanRejectedError):
    """Definitions name what does not exist, or what is ambiguous. Carries a finding for each."""


def keys_of(repository: Repository) -> list[Key]:
    """Every natural key that invoices, or declared products that they name, refer to, each once."""
    return list(dict.fromkeys(_keys(repository)))


def _keys(repository: Repository) -> Iterator[Key]:
    """All natural keys wherever they are written, those of invoices first."""
    named: set[str] = set()
    for invoice in repository.invoices:
        for key in keys_in(invoice.body):
            if key.kind == "product":
                named.add(str(key.value))
            yield key
        if invoice.credit_note_of is not None:
            yield invoice.credit_note_of
        yield from (share.key for share in invoice.options.categories or ())
        yield from invoice.options.matched_transactions
    for reference, product in repository.products.items():
        if reference in named and isinstance(product.body.ledger_account_id, Key):
            yield product.body.ledger_account_id


def unresolved(repository: Repository, state: RemoteState) -> list[Finding]:
    """What the definitions name and neither the repository nor the account has, or has more than once."""
    findings = []
    for key in _keys(repository):
        if key.field == "id" or str(key.value) in _declared(repository, key):
            continue
        ids = state.ids_of(key)
        if len(ids) != 1:
            findings.append(_unresolved(repository, key, ids))
    return tidy(findings)


def resolver(repository: Repository, state: RemoteState) -> Resolver:
    """Resolves definitions by what the account has, and by declarations for what it has yet to get.

    Raises:
        UnresolvedError: a definition names something that neither has.
    """
    findings = unresolved(repository, state)
    if findings:
        raise UnresolvedError(findings)

    def product(key: Id) -> ProductBody | None:
        remote = state.product(key)
        return remote.body if remote else repository.product(key)

    def customer(key: Id) -> CustomerBody | None:
        remote = state.customer(key)
        return remote.body if remote else repository.customer(key)

    return Resolver(state.identify, product, customer, repository.settings.rounding)


def _declared(repository: Repository, key: Key) -> Collection[str]:
    match key.kind:
        case "customer":
            return repository.customers
        case "product":
            return repository.products
        case "customer_invoice":
            return {invoice.external_reference: invoice for invoice in repository.invoices}
    return ()


def _unresolved(repository: Repository, key: Key, ids: Sequence[int]) -> Finding:
    name, place = key.kind.replace("_", " "), key.place
    if ids:
        summary = f"{key.field} {key.value!r} is ambiguous: {len(ids)} {name}s answer to it"
        listed = ", ".join(map(str, ids))
        fix = f"name the one you mean by its id, as in {{id: {ids[0]}}}; their ids are {listed}"
    else:
        summary = f"there is no {name} with {key.field} {key.value!r}, neither here nor in the account"
        near = difflib.get_close_matches(str(key.value), _declared(repository, key), n=1)
        fix = f"did you mean {near[0]!r}?" if near else "declare it here, or create it in Pennylane"
    return Finding(
        f"{'ambiguous' if ids else 'unknown'}-{key.kind.replace('_', '-')}",
        Severity.ERROR,
        summary,
        file=place.file,
        line=place.line,
        column=place.column,
        detail="An invoice can only point to what the account has or will have.",
        fix=fix,
    )
