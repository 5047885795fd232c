"""What is not certain about the real service, one switch each. The defaults take the pessimistic side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rules:
    """How this sandbox decides where neither the contract nor the guides do.

    Attributes:
        rounding: ``line`` rounds the VAT of each line to the currency's minor unit, then adds up;
            ``document`` adds up the lines per VAT code, then rounds the VAT of each code.
        taken_status: the answer to an ``external_reference`` that is in use; reports say 422, two say 409.
        deleted_reference_is_free: whether the reference of a deleted draft may be used again.
        wrong_kind_corrupts: whether updating a customer through the other kind's address is carried out and
            turns the record over (seen on a real tenant); a 404 otherwise.
        pdf_seconds: how long the PDF of an issued document takes; mail is refused with 409 until then. Also
            how long an imported file takes to become a Factur-X one.
        pa_seconds: how long an e-invoice stays ``submitted`` before it is ``sent``.
        pa_needs_reg_no: whether only an invoice to a company with a ``reg_no`` can be sent to the platform.
        paid_once: whether marking an invoice as paid that is paid or cancelled is refused with 422.
        credit_may_exceed: whether a credit note may be linked that exceeds what is left of the invoice.
        changelog_delay: seconds until a change shows in its changelog.
        discount_needs_a_sum: whether an absolute discount on an invoice whose lines add up to zero is refused
            with 422, as there is nothing to take it off; otherwise the first line takes all of it.
        refresh_once: whether using a refresh token again also ends the pair that it was exchanged for; it is
            refused either way.
    """

    rounding: Literal["line", "document"] = "line"
    taken_status: Literal[422, 409] = 422
    deleted_reference_is_free: bool = False
    wrong_kind_corrupts: bool = True
    pdf_seconds: float = 60.0
    pa_seconds: float = 60.0
    pa_needs_reg_no: bool = True
    paid_once: bool = True
    credit_may_exceed: bool = False
    changelog_delay: float = 4.0
    discount_needs_a_sum: bool = True
    refresh_once: bool = True
