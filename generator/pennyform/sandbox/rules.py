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
    """

    rounding: Literal["line", "document"] = "line"
    taken_status: Literal[422, 409] = 422
    deleted_reference_is_free: bool = False
    wrong_kind_corrupts: bool = True
