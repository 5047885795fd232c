"""Customers declared twice under two references, by what their cards say about who they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.model import UNSET, DesiredCustomer
from pennyform.invoices.model.identities import Identity, Likeness, Match, compare, identity_of
from pennyform.invoices.model.lookalikes import fold
from pennyform.invoices.yaml.document import Document, Path


class DeclaredCustomer(NamedTuple):
    """A customer and the document that declares it, which knows the places."""

    document: Document
    customer: DesiredCustomer


def check_identities(declared: Sequence[DeclaredCustomer], *, warn: bool) -> Iterator[Finding]:
    """Customers that are one, or that may be.

    Args:
        declared: all customers of the repository, in the order in which they were read.
        warn: whether two of one legal identity are a warning, as the policies say.
    """
    by_value: dict[tuple[str, str], list[int]] = {}
    identities = [identity_of(entry.customer.body) for entry in declared]
    # What many cards share is said once, with all of their references.
    reported: set[Match] = set()
    for index, identity in enumerate(identities):
        earlier = sorted({place for value in _values(identity) for place in by_value.get(value, ())})
        name = fold(declared[index].customer.external_reference)
        shared = [
            (place, match)
            for place in earlier
            if (match := compare(identity, identities[place]))
            # One reference given twice is one mistake, reported elsewhere.
            and fold(declared[place].customer.external_reference) != name
        ]
        same = [(place, match) for place, match in shared if match.likeness is Likeness.SAME]
        if same:
            place, match = same[0]
            yield _duplicate(declared[index], declared[place].customer, match, warn=warn)
        for match in dict.fromkeys(match for _, match in shared if not same):
            if match not in reported:
                reported.add(match)
                yield _related(declared, index, identities, match)
        for value in _values(identity):
            by_value.setdefault(value, []).append(index)


def _values(identity: Identity) -> Iterator[tuple[str, str]]:
    """Every value that another card may share, with its kind."""
    for name in ("siren", "vat_number"):
        if value := getattr(identity, name):
            yield name, value
    yield from (("email", email) for email in identity.emails)


def _duplicate(entry: DeclaredCustomer, other: DesiredCustomer, match: Match, *, warn: bool) -> Finding:
    return entry.document.finding(
        "duplicate-customer",
        f"the customer `{other.external_reference}` has the same {match.name}, {match.value}",
        _path(entry, match),
        severity=Severity.WARNING if warn else Severity.ERROR,
        detail=f"It is declared at {other.place}. Their invoices would go to two accounts of one customer.",
    )


def _related(
    declared: Sequence[DeclaredCustomer], index: int, identities: Iterable[Identity], match: Match
) -> Finding:
    """Cards that have something in common and need not be of one customer, all of them in one finding."""
    entry = declared[index]
    related = [
        other.customer
        for place, (other, identity) in enumerate(zip(declared, identities, strict=True))
        if place != index and compare(identity, identity_of(entry.customer.body)) == match
    ]
    names = ", ".join(f"`{other.external_reference}`" for other in related[:5])
    more = f" and {len(related) - 5} more" if len(related) > 5 else ""
    places = "; ".join(str(other.place) for other in related[:5])
    is_email = match.likeness is Likeness.EMAIL
    return entry.document.finding(
        "shared-email" if is_email else "customer-establishments",
        f"{names}{more} {'have' if len(related) > 1 else 'has'} the same {match.name}, {match.value}",
        _path(entry, match),
        severity=Severity.WARNING,
        detail=f"Declared at {places}{more}.",
    )


def _path(entry: DeclaredCustomer, match: Match) -> Path:
    """Where the card says what it has in common."""
    body = entry.customer.body
    if match.likeness is Likeness.EMAIL:
        emails = list(body.emails or ())
        position = next(place for place, email in enumerate(emails) if _is_email(email, match.value))
        return ("emails", position)
    # Where a card has no SIREN, that of its French VAT number counts.
    has_number = match.value in identity_of(body._replace(vat_number=UNSET))
    return ("reg_no",) if has_number else ("vat_number",)


def _is_email(email: str, folded: str) -> bool:
    return email.strip().casefold() == folded
