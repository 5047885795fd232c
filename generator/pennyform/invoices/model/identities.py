"""Whom the card of a customer is about: what tells that two cards are of one customer."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from pennyform.invoices.model.bodies import CustomerBody

# Companies of these have a SIREN: France with its overseas departments, and three of its other islands.
SIRENE = frozenset({"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF"})
_SIREN, _SIRET, _FRENCH_VAT = 9, 14, 13


class Likeness(Enum):
    """How two cards are alike: of one legal identity, of one company, or with one e-mail address."""

    SAME = "same"
    ESTABLISHMENT = "establishment"
    EMAIL = "email"


class Identity(NamedTuple):
    """What a card says about who it is, in one form; empty where it says nothing.

    ``siren`` is that of the SIRET, or of the French VAT number, where the card has no SIREN. Registration
    numbers of other countries tell nothing: many are only unique in one town's register.
    """

    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    emails: frozenset[str] = frozenset()


class Match(NamedTuple):
    """What two cards have in common: how alike they are, the name of the value, and the value."""

    likeness: Likeness
    name: str
    value: str


def identity_of(body: CustomerBody) -> Identity:
    """What ``body`` says about who the customer is: spaces, dots and capitals make no difference."""
    address = body.billing_address
    country = (address.country_alpha2 or "") if address else ""
    siren = siret = ""
    if not country or country in SIRENE:
        # Some write the registry's town beside it: "RCS Paris 732 829 320".
        digits = re.sub(r"[^0-9]", "", body.reg_no or "")
        siret = digits if len(digits) == _SIRET else ""
        siren = digits[:_SIREN] if len(digits) in (_SIREN, _SIRET) else ""
    vat_number = re.sub(r"[\s.\-/]", "", body.vat_number or "").upper()
    if not siren and re.fullmatch(r"FR[A-Z0-9]{2}[0-9]{9}", vat_number):
        siren = vat_number[_FRENCH_VAT - _SIREN :]
    emails = frozenset(email.strip().casefold() for email in body.emails or ())
    return Identity(siren, siret, vat_number, emails)


def compare(identity: Identity, other: Identity) -> Match | None:
    """What two cards have in common; None when nothing tells that they are of one customer.

    Two SIRETs of one SIREN are two establishments, which share their VAT number as well.
    """
    if identity.siret and other.siret:
        if identity.siret == other.siret:
            return Match(Likeness.SAME, "SIRET", identity.siret)
        if identity.siren == other.siren:
            return Match(Likeness.ESTABLISHMENT, "SIREN", identity.siren)
    elif identity.siren and identity.siren == other.siren:
        return Match(Likeness.SAME, "SIREN", identity.siren)
    if identity.vat_number and identity.vat_number == other.vat_number:
        return Match(Likeness.SAME, "VAT number", identity.vat_number)
    if emails := identity.emails & other.emails:
        return Match(Likeness.EMAIL, "e-mail address", min(emails))
    return None
