"""Natural keys of definitions against what the account has: who is meant, and who is nobody."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pennyform.engine.account.state import RemoteState, Row
from pennyform.engine.planning.preflight import PlanRejectedError
from pennyform.engine.planning.resolve import Resolver, keys_in
from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredInvoice, Id, Key, Repository


class UnresolvedError(PlanRejectedError):
    """Definitions name what does not exist, or what is ambiguous. Carries a finding for each."""


def keys_of(invoices: Iterable[DesiredInvoice]) -> list[Key]:
    """Every natural key that ``invoices`` name, each once, in order of appearance."""
    return list(dict.fromkeys(key for invoice in invoices for key in keys_named(invoice)))


def keys_named(invoice: DesiredInvoice) -> Iterator[Key]:
    """The natural keys of one definition: those of its body, then those of its options."""
    yield from keys_in(to_json(invoice.body))
    if invoice.credit_note_of is not None:
        yield invoice.credit_note_of
    yield from (weight.key for weight in invoice.options.categories or ())
    yield from invoice.options.matched_transactions


def unresolved(repository: Repository, observation: RemoteState) -> list[Finding]:
    """What the definitions name and neither the repository nor the account has, or has more than once."""
    findings = []
    for key in (key for invoice in repository.invoices for key in keys_named(invoice)):
        if key.field == "id" or str(key.value) in _declared(repository, key):
            continue
        rows = observation.rows(key)
        if len(rows) != 1:
            findings.append(_unresolved(repository, key, rows))
    return tidy(findings)


def resolver(repository: Repository, observation: RemoteState) -> Resolver:
    """Resolves definitions by what the account has, and by declarations for what it has yet to get.

    Raises:
        UnresolvedError: a definition names something that neither has.
    """
    findings = unresolved(repository, observation)
    if findings:
        raise UnresolvedError(findings)

    def product(key: Id) -> Row | None:
        declared = repository.product(key)
        return observation.product(key) or (to_json(declared) if declared else None)

    def customer(key: Id) -> Row | None:
        declared = repository.customer(key)
        return observation.customer(key) or (to_json(declared) if declared else None)

    return Resolver(
        identify=observation.identify,
        product=product,
        customer=customer,
        rounding=repository.settings.rounding,
    )


def _declared(repository: Repository, key: Key) -> Mapping[str, Any]:
    if key.kind == "customer":
        return repository.customers
    if key.kind == "customer_invoice":
        return {invoice.external_reference: invoice for invoice in repository.invoices}
    return repository.products if key.kind == "product" else {}


def _unresolved(repository: Repository, key: Key, rows: Sequence[Mapping[str, Any]]) -> Finding:
    name, place = key.kind.replace("_", " "), key.place
    if rows:
        summary = f"{key.field} {key.value!r} is ambiguous: {len(rows)} {name}s answer to it"
        ids = ", ".join(str(row["id"]) for row in rows)
        fix = f"name the one you mean by its id, as in {{id: {rows[0]['id']}}}; their ids are {ids}"
    else:
        summary = f"there is no {name} with {key.field} {key.value!r}, neither here nor in the account"
        near = difflib.get_close_matches(str(key.value), _declared(repository, key), n=1)
        fix = f"did you mean {near[0]!r}?" if near else "declare it here, or create it in Pennylane"
    return Finding(
        f"{'ambiguous' if rows else 'unknown'}-{key.kind.replace('_', '-')}",
        Severity.ERROR,
        summary,
        file=place.file,
        line=place.line,
        column=place.column,
        detail="An invoice can only point to what the account has or will have.",
        fix=fix,
    )
