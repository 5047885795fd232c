"""Two cards of one customer are told from two customers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.invoices.model import Address, CustomerBody
from pennyform.invoices.model.identities import Likeness, compare, identity_of

SIREN = "732829320"


def card(
    reg_no: str = "", vat_number: str = "", *emails: str, country: str = "FR", name: str = "Example"
) -> CustomerBody:
    address = Address(country_alpha2=country)
    return CustomerBody(
        name=name, reg_no=reg_no, vat_number=vat_number, emails=emails, billing_address=address
    )


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        (card(SIREN), card("732 829 320"), Likeness.SAME),
        (card(SIREN), card("732.829.320"), Likeness.SAME),
        (card(SIREN), card("RCS Paris B 732 829 320"), Likeness.SAME),
        (card(SIREN), card("73282932000074"), Likeness.SAME),
        (card("732 829 320 00074"), card("73282932000074"), Likeness.SAME),
        (card("73282932000074"), card("73282932000082"), Likeness.ESTABLISHMENT),
        (
            card("73282932000074", "FR44732829320"),
            card("73282932000082", "FR44732829320"),
            Likeness.ESTABLISHMENT,
        ),
        (card("", "FR44732829320"), card("73282932000082"), Likeness.SAME),
        (card("", "fr 44 732829320"), card(SIREN, country="RE"), Likeness.SAME),
        (card("", "DE136695976", country="DE"), card("HRB 1", "de-136 695 976", country="DE"), Likeness.SAME),
        (
            card("", "", "a@client.example"),
            card(SIREN, "", "b@client.example", " A@Client.example"),
            Likeness.EMAIL,
        ),
        (card("732829320", country=""), card(SIREN), Likeness.SAME),
        (card(SIREN), card("552100554"), None),
        (card("HRB 12345", country="DE"), card("HRB 12345", country="DE"), None),
        # Nine digits are no SIREN elsewhere.
        (card(SIREN), card(SIREN, country="PT"), None),
        (card(), card(), None),
    ],
)
def test_how_alike_two_cards_are(one: CustomerBody, other: CustomerBody, likeness: Likeness | None) -> None:
    for pair in itertools.permutations((identity_of(one), identity_of(other))):
        match = compare(*pair)
        assert (match and match.likeness) is likeness


_NUMBERS = st.sampled_from(("", SIREN, "73282932000074", "73282932000082", "552 100 554", "HRB 1"))
_VAT = st.sampled_from(("", "FR44732829320", "FR96552100554", "DE136695976"))
_CARDS = st.builds(card, _NUMBERS, _VAT, st.sampled_from(("a@client.example", "b@client.example")))


@given(_CARDS, _CARDS)
def test_what_two_cards_have_in_common_does_not_depend_on_their_order(
    one: CustomerBody, other: CustomerBody
) -> None:
    identities = identity_of(one), identity_of(other)
    assert compare(*identities) == compare(*reversed(identities))


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_compared(number: str, vat_number: str, email: str) -> None:
    identity = identity_of(card(number, vat_number, email))
    assert compare(identity, identity) is not None
