"""Customers declared twice under two references, by what their cards say about who they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.model import UNSET, DesiredCustomer
from pennyform.invoices.model.identities import Identity, Likeness, Match, compare, identity_of
from pennyform.invoices.yaml.document import Document, Path
from pennyform.text import fold


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
    identities = [identity_of(entry.customer.body) for entry in declared]
    by_value: dict[tuple[str, str], list[int]] = {}
    for index, identity in enumerate(identities):
        for value in _values(identity):
            by_value.setdefault(value, []).append(index)
    # What many cards share is said once, with all of their references.
    reported: set[Match] = set()
    reported_emails: set[tuple[str, str]] = set()
    for index, identity in enumerate(identities):
        # Thousands may share an address: once that is said, only their other values are of interest.
        values = [value for value in _values(identity) if value not in reported_emails]
        earlier = sorted({place for value in values for place in by_value[value] if place < index})
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
            entry, other = declared[index], declared[place].customer
            finding = entry.document.finding(
                "duplicate-customer",
                f"the customer `{other.external_reference}` has the same {match.name}, {match.value}",
                _path(entry, match),
                severity=Severity.WARNING if warn else Severity.ERROR,
                detail=f"It is declared at {other.place}. Their invoices would go to two accounts of one "
                "customer.",
            )
            yield _with_row(finding, declared[index])
        for match in dict.fromkeys(match for _, match in shared if not same):
            if match not in reported:
                reported.add(match)
                kind = "email" if match.likeness is Likeness.EMAIL else "siren"
                sharing = by_value[kind, match.value]
                alike = [
                    place
                    for place in sharing
                    if place != index and compare(identities[place], identity) == match
                ]
                if match.likeness is Likeness.EMAIL:
                    reported_emails.add((kind, match.value))
                related = [declared[place].customer for place in alike]
                yield _with_row(_related(declared[index], related, match), declared[index])


def _values(identity: Identity) -> Iterator[tuple[str, str]]:
    """Every value that another card may share, with its kind."""
    for name in ("siren", "vat_number"):
        if value := getattr(identity, name):
            yield name, value
    yield from (("email", email) for email in identity.emails)


def _related(entry: DeclaredCustomer, related: Sequence[DesiredCustomer], match: Match) -> Finding:
    """Cards that have something in common and need not be of one customer, all of them in one finding."""
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


def _with_row(finding: Finding, entry: DeclaredCustomer) -> Finding:
    """Say which customer of a series it is about: a computed value stands at one place for all rows."""
    row = entry.customer.place
    if row.file == entry.document.file or finding.file != entry.document.file:
        return finding
    place = f"{row.file}:{row.line}"
    return finding._replace(detail=f"{finding.detail} For {place}.", subject=place)


def _path(entry: DeclaredCustomer, match: Match) -> Path:
    """Where the card says what it has in common."""
    body = entry.customer.body
    if match.likeness is Likeness.EMAIL:
        folded = [email.strip().casefold() for email in body.emails or ()]
        return ("emails", folded.index(match.value))
    # Where a card has no SIREN, that of its French VAT number counts.
    has_number = match.value in identity_of(body._replace(vat_number=UNSET))
    return ("reg_no",) if has_number else ("vat_number",)
