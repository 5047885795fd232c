"""Seller and buyer of a document: of ``seller`` in the settings, and of the card of a customer."""

from __future__ import annotations

import re
from typing import Any

from pennyform.documents.extra import needed
from pennyform.documents.model import Party
from pennyform.invoices.model import Address, CustomerBody, Seller, Unset
from pennyform.invoices.model.identities import SIRENE, identity_of
from pennyform.typesetting import labels

_SIREN = "0002"  # of ISO 6523
_FRENCH_ADDRESS, _EMAIL_ADDRESS = "0225", "EM"  # of the Electronic Address Scheme list


def seller_party(seller: Seller, language: str) -> Party:
    """The seller as the settings declare it, its form and capital in ``language``.

    Raises:
        Failure: ``missing-extra``.
    """
    scheme, _, endpoint = seller.electronic_address.partition(":")
    form = seller.legal_form
    if seller.capital is not None:
        # The form that the language gives an amount, with plain spaces: the text is in the XML as well.
        capital = needed("babel.numbers").format_currency(seller.capital, "EUR", locale=language)
        form = " ".join(f"{form} {labels(language)['capital']} {capital}".split())
    return Party(
        name=seller.name,
        **_address(seller.address),
        legal_id=seller.siren,
        legal_scheme=_SIREN if seller.siren else "",
        siret=seller.siret,
        vat_number=seller.vat_number,
        endpoint=endpoint,
        endpoint_scheme=scheme,
        legal_text=", ".join(filter(None, (form, seller.rcs))),
        email=seller.email,
        phone=seller.phone,
    )


def buyer_party(body: CustomerBody) -> Party:
    """The customer as its card says it."""
    identity = identity_of(body)
    # The account puts the names of a person together under the field of a company.
    is_company = bool(body.name) and not body.last_name
    emails = body.emails or ()
    registration = re.sub(r"\s+", " ", body.reg_no or "").strip()
    endpoint, scheme = (identity.siren, _FRENCH_ADDRESS) if identity.siren else ("", "")
    if not endpoint and emails:
        endpoint, scheme = emails[0], _EMAIL_ADDRESS
    return Party(
        name=body.full_name,
        **_address(body.billing_address),
        legal_id=identity.siren or registration if is_company else "",
        legal_scheme=_SIREN if identity.siren else "",
        siret=identity.siret,
        vat_number=identity.vat_number,
        endpoint=endpoint,
        endpoint_scheme=scheme,
        contact=body.recipient or "",
        email=next(iter(emails), ""),
        phone=body.phone or "",
        number=body.reference or "",
        is_company=is_company,
    )


def scope(buyer: Party) -> str:
    """``B2B`` for companies in France, ``B2BINT`` for those elsewhere, ``B2C`` for individuals."""
    if not buyer.is_company:
        return "B2C"
    return "B2B" if buyer.country in SIRENE or not buyer.country else "B2BINT"


def _address(address: Address | Unset) -> dict[str, Any]:
    if not address:
        return {}
    return {
        "address": " ".join((address.address or "").split()),
        "postal_code": address.postal_code or "",
        "city": address.city or "",
        "country": address.country_alpha2 or "",
    }
