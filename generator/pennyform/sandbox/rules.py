"""What is not certain about the real service, one switch each. The defaults take the pessimistic side."""

from __future__ import annotations

import difflib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pennyform.sandbox.json_types import JsonObject

_Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
_LONGEST_NAME = 100
_Minutes = Annotated[float, Meta(ge=0, le=1e6)]


class Rules(msgspec.Struct, frozen=True):
    """How this sandbox decides where neither the contract nor the guides do.

    Attributes:
        rounding: ``line`` rounds the VAT of each line to the currency's minor unit, then adds up;
            ``document`` adds up the lines per VAT code, then rounds the VAT of each code.
        invoice_discount: ``lines`` spreads a discount on the invoice over its lines, which show their amounts
            before it; ``shown`` does the same, and they show what is left of them; ``codes`` takes it off per
            VAT code, as an allowance of its own with its own VAT, and leaves the lines alone.
        discount_needs_a_sum: whether an absolute discount on an invoice whose lines add up to zero is refused
            with 422, as there is nothing to take it off; otherwise the first line takes all of it.
        discount_signed: whether an absolute discount carries its own sign, so that a positive one makes a
            credit note larger; otherwise it takes the sign of what it comes off.
        discount_bounded: whether a percentage off below 0 or above 100 is refused.
        reverse_charge_taxed: whether a code under which the customer owes the tax (``FR_200_construction``,
            ``intracom_21``) puts the rate in its name on the document nevertheless.
        included_sort: the order of the lines that are included in a list of invoices, and with it which 20 of
            them: ``-id``, as in the lines' own list, or ``rank``.
        quantity_decimals: how many decimals a quantity may have.
        substance_accounts: which accounts stand for ``services`` and ``goods``: ``narrow``, the 706 and 707
            ones alone, and any other contradicts both; ``wide``, also 704, 705 and 708, and 701 to 703.
        draft_needs_a_line: whether the last line of a draft cannot be deleted.
        taken_status: the answer to an ``external_reference`` that is in use; reports say 422, two say 409.
        deleted_reference_is_free: whether the reference of a deleted draft may be used again.
        unknown_reference: the answer to an id in a body that leads nowhere.
        wrong_kind_corrupts: whether updating a customer through the other kind's address is carried out and
            turns the record over (seen on a real tenant); a 404 otherwise.
        file_type_declared: whether a file must be sent as the type that its content has.
        attachment_minutes: how long the link to a file that was sent opens; those to documents and exports do
            so for 30 minutes, by the contract.
        pdf_seconds: how long the PDF of an issued document takes; mail is refused with 409 until then. Also
            how long an imported file takes to become a Factur-X one, and an export to be made.
        mail_needs_address: whether mail without a recipient, or to one that is no address, is refused.
        pa_seconds: how long an e-invoice stays ``submitted`` before it is ``sent``.
        pa_answer: what becomes of an e-invoice that was ``sent``; ``none`` leaves it there. An ``accepted``
            one is ``partially_collected`` and ``collected`` with its payments, a ``rejected`` one never
            ``sent``.
        pa_answer_seconds: how long after it was ``sent`` the answer comes.
        pa_needs_reg_no: whether only an invoice to a company with a ``reg_no`` can be sent to the platform.
        match_pays_all: whether a transaction settles an invoice that it is matched with, whatever its amount
            and its direction; otherwise what is left of it does, and none that went the other way.
        reference_matches: whether a ``transaction_reference`` and its transaction are matched as soon as both
            are there; otherwise that is left to somebody who does not come.
        paid_once: whether marking an invoice as paid that is paid or cancelled is refused.
        credit_cancels: whether linked credit notes show in the invoice's status, as ``partially_cancelled``
            or ``cancelled``; otherwise they count as if they paid it.
        credit_limit: how much of an invoice credit notes may take back in all: ``remaining``, what neither
            payments nor earlier credit notes have settled; ``amount``, all of it, paid or not; ``none``, any
            amount.
        credit_must_fit: whether a credit note and its invoice must have the same customer and currency.
        party_by_name: whether the buyer or seller of an e-invoice whose number nobody has is somebody who has
            the name; otherwise a new customer or supplier is made.
        quote_once: whether a quote that is denied, expired or invoiced makes no invoice, and an invoiced one
            does not change.
        quote_keeps_deadline: whether an invoice that is made of a quote is due at the quote's deadline, or
            today when that has gone by; otherwise as the customer's payment conditions say.
        subscription_hour: the hour, in UTC, at which the day of a subscription's invoice begins.
        subscription_makes_up: whether a stopped subscription invoices what it missed when it goes on.
        entry_line_has_one_side: whether a line of a ledger entry has either a debit or a credit.
        changelog_delay: seconds until a change shows in its changelog.
        attached_is_change: whether appendices and matched transactions that come or go are a change of what
            they hang on, in its changelog and its ``updated_at``.
        code_minutes: how long an OAuth code may be exchanged.
        refresh_once: whether using a refresh token again also ends the pair that it was exchanged for; it is
            refused either way.
        numbered_by_year: whether invoice numbers begin at 1 with each year of the invoices' dates; otherwise
            they go on.
        rate_window: ``sliding`` counts the requests of the last five seconds; ``fixed`` those since a
            window's first request, and forgets them all when it ends.
    """

    rounding: Literal["line", "document"] = "line"
    invoice_discount: Literal["lines", "shown", "codes"] = "lines"
    discount_needs_a_sum: bool = True
    discount_signed: bool = True
    discount_bounded: bool = True
    reverse_charge_taxed: bool = False
    included_sort: Literal["-id", "rank"] = "-id"
    quantity_decimals: Annotated[int, Meta(ge=0, le=12)] = 6
    substance_accounts: Literal["narrow", "wide"] = "narrow"
    draft_needs_a_line: bool = True
    taken_status: Literal[422, 409] = 422
    deleted_reference_is_free: bool = False
    unknown_reference: Literal[404, 422] = 404
    wrong_kind_corrupts: bool = True
    file_type_declared: bool = True
    attachment_minutes: _Minutes = 30.0
    pdf_seconds: _Seconds = 60.0
    mail_needs_address: bool = True
    pa_seconds: _Seconds = 60.0
    pa_answer: Literal["none", "accepted", "approved", "in_dispute", "refused", "rejected"] = "accepted"
    pa_answer_seconds: _Seconds = 86400.0
    pa_needs_reg_no: bool = True
    match_pays_all: bool = False
    reference_matches: bool = True
    paid_once: bool = True
    credit_cancels: bool = True
    credit_limit: Literal["remaining", "amount", "none"] = "remaining"
    credit_must_fit: bool = True
    party_by_name: bool = True
    quote_once: bool = True
    quote_keeps_deadline: bool = False
    subscription_hour: Annotated[int, Meta(ge=0, le=23)] = 0
    subscription_makes_up: bool = False
    entry_line_has_one_side: bool = True
    changelog_delay: _Seconds = 4.0
    attached_is_change: bool = False
    code_minutes: _Minutes = 10.0
    refresh_once: bool = True
    numbered_by_year: bool = True
    rate_window: Literal["sliding", "fixed"] = "sliding"


def update_rules(rules: Rules, changes: JsonObject) -> Rules:
    """The rules with some of them, by their names, decided otherwise.

    Raises:
        ValueError: for a name that is no rule's, or a value that the rule does not accept.
    """
    names = Rules.__struct_fields__
    for name in changes:
        if name not in names:
            matches = difflib.get_close_matches(name[:_LONGEST_NAME], names, n=1)
            hint = f"did you mean {matches[0]}?" if matches else f"there are {', '.join(names)}"
            raise ValueError(f"there is no rule {name[:_LONGEST_NAME]}: {hint}")
    return msgspec.convert({**msgspec.structs.asdict(rules), **changes}, Rules)
