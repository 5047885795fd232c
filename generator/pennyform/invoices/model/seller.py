"""The company that issues the invoices, as ``seller`` in ``pennyform.yaml`` says: the API does not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from pennyform.invoices.model.bodies import Address, Place


# A named tuple for the same reason as the bodies: commit hooks import it.
class Seller(NamedTuple):
    """The issuer of the invoices. Empty text stands for what is not said.

    ``siren`` is that of the company; ``siret`` that of the establishment. ``capital`` is in euros. ``rcs`` is
    the register and the number in it. ``electronic_address`` is where the platform finds the company:
    ``<scheme>:<address>``, the scheme of the Electronic Address Scheme list (0225 is that of France).
    ``vat_regime`` is ``normal`` or ``franchise`` (article 293 B of the CGI). ``mentions`` are texts in place
    of the usual ones, by what they are about: ``recovery``, ``late_payment``, ``discount``. ``notes`` stand
    on every invoice. ``units`` are codes of UN/ECE recommendation 20 for units of the company's own.
    ``places`` tells where each field is written; "" stands for the whole.
    """

    name: str
    address: Address
    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    legal_form: str = ""
    capital: Decimal | None = None
    rcs: str = ""
    iban: str = ""
    bic: str = ""
    email: str = ""
    phone: str = ""
    electronic_address: str = ""
    vat_regime: str = "normal"
    mentions: Mapping[str, str] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = MappingProxyType({})
    places: Mapping[str, Place] = MappingProxyType({})

    def place(self, field: str) -> Place | None:
        """Where ``field`` is written, or where it would be."""
        return self.places.get(field) or self.places.get("")
