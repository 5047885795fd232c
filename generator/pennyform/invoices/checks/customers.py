"""The card of a customer: registration and VAT numbers, postal codes, e-mail addresses.

Pennylane takes any text for these, and the platform or the mail server refuses them once the invoice has its
number. The libraries are imported only where a value needs them: a commit hook reads many plain files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.vat import SAME_COUNTRY, UNION
from pennyform.invoices.model.identities import SIRENE
from pennyform.invoices.yaml.document import Document, Path, YamlMapping

_LENGTHS = {9: "SIREN", 14: "SIRET"}
# The forms of the postal codes of France and its neighbours (Universal Postal Union, addressing guides), each
# with an example. Corsica is 20, whatever its departments are called; CEDEX codes follow the same form.
_FRENCH = (r"(?:0[1-9]|[1-8]\d|9[0-58]|97|98)\d{3}", "75002")
_POSTAL_CODES = {
    **dict.fromkeys(SIRENE, _FRENCH),
    "MC": (r"980\d\d", "98000"),
    "AT": (r"[1-9]\d{3}", "1010"),
    "BE": (r"[1-9]\d{3}", "1000"),
    "CH": (r"[1-9]\d{3}", "1200"),
    "DE": (r"\d{5}", "10115"),
    "ES": (r"(?:0[1-9]|[1-4]\d|5[0-2])\d{3}", "28001"),
    "IT": (r"\d{5}", "00118"),
    "LU": (r"(?:L-)?[1-9]\d{3}", "1111"),
    "NL": (r"[1-9]\d{3} ?[A-Z]{2}", "1012 AB"),
    "PT": (r"[1-9]\d{3}-\d{3}", "1000-001"),
    "GB": (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "SW1A 1AA"),
    "US": (r"\d{5}(?:-\d{4})?", "10001"),
}
# An address that nobody can object to. It saves nearly all files the import of the validator, which took
# longer (measured: 100 ms on a busy machine) than checking a hundred files.
_PLAIN_ADDRESS = re.compile(
    r"[A-Za-z0-9_+-]{1,20}(\.[A-Za-z0-9_+-]{1,20}){0,2}@([a-z0-9]{1,30}(-[a-z0-9]{1,30})?\.){1,3}(com|fr|eu|net|example)"
)


def check_customer(document: Document) -> Iterator[Finding]:
    """What on the card of a customer cannot be right. Passes over what is of the wrong type."""
    customer = document.value
    if not isinstance(customer, dict):
        return
    address = customer.get("billing_address")
    country = address.get("country_alpha2") if isinstance(address, dict) else None
    country = country if isinstance(country, str) else ""
    if customer.get("customer_type", "company") == "company":
        yield from _check_registration(document, customer.get("reg_no"), country)
        yield from _check_vat_number(document, customer, country)
    for name in ("billing_address", "delivery_address"):
        address = customer.get(name)
        if isinstance(address, dict):
            yield from _check_postal_code(document, (name, "postal_code"), address)
    emails = customer.get("emails")
    for index, email in enumerate(emails if isinstance(emails, list) else ()):
        yield from check_email(document, ("emails", index), email)


def check_email(document: Document, path: Path, email: object) -> Iterator[Finding]:
    """An e-mail address that no mail can be sent to."""
    if not isinstance(email, str) or not (problem := email_problem(email)):
        return
    if not email.strip():
        summary = "the e-mail address is empty"
        fix = "leave it out; for a data file write `{{ row.mail if row.mail != '' else none }}`"
        yield document.finding("email-address", summary, path, detail="", fix=fix)
        return
    fix = ""
    parts = [part for part in re.split(r"[;,\s]+", email) if part]
    if len(parts) > 1:
        fix = "write each address as an entry of its own"
    elif parts and parts[0] != email and not email_problem(parts[0]):
        fix = f"write {parts[0]}"
    yield document.finding(
        "email-address", f"no mail can be sent to `{email[:80]}`", path, detail=problem, fix=fix
    )


def email_problem(email: str) -> str:
    """Why no mail can be sent to ``email``, in a sentence; empty when it can."""
    if _PLAIN_ADDRESS.fullmatch(email):
        return ""
    from email_validator import EmailNotValidError, validate_email

    try:
        # Nothing is looked up: a check needs no network. Mail servers that take accents are few.
        validate_email(email, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        return str(error)
    return ""


def _check_registration(document: Document, number: object, country: str) -> Iterator[Finding]:
    """A SIREN or SIRET that is none, or is not written as nine or fourteen digits."""
    if not isinstance(number, str) or not number or country not in SIRENE:
        return
    from stdnum.fr import siren, siret

    digits = re.sub(r"[\s.]", "", number)
    kind = _LENGTHS.get(len(digits)) if digits.isascii() and digits.isdigit() else None
    fix = detail = ""
    # The library knows that the establishments of La Poste (SIREN 356000000) count their digits otherwise.
    if kind is None:
        summary = f"`{number[:40]}` is neither a SIREN nor a SIRET"
    elif not (siren if kind == "SIREN" else siret).is_valid(digits):
        summary = f"`{number}` is no {kind}: its last digit does not fit the others"
    elif digits != number:
        summary = f"the {kind} `{number}` is not written as {len(digits)} digits"
        detail, fix = "Platforms compare it as it is written.", f'write "{digits}"'
    else:
        return
    yield document.finding("registration-number", summary, ("reg_no",), detail=detail, fix=fix)


def _check_vat_number(document: Document, customer: YamlMapping, country: str) -> Iterator[Finding]:
    """A VAT number of the Union that is none, or is of another country or company than the card."""
    number = customer.get("vat_number")
    of_country = SAME_COUNTRY.get(country, "FR" if country in SIRENE else country)
    if not isinstance(number, str) or not number:
        return
    prefix = SAME_COUNTRY.get(number[:2].upper(), number[:2].upper())
    if prefix not in UNION and of_country not in UNION:
        return
    from stdnum.eu import vat

    path: Path = ("vat_number",)
    compact = re.sub(r"[\s.-]", "", number).upper()
    if not vat.is_valid(compact):
        yield document.finding("vat-number", f"`{number[:40]}` is no VAT number of a member state", path)
        return
    if compact != number:
        summary = f"the VAT number `{number}` is not written in one"
        detail = "Platforms compare it as it is written."
        yield document.finding("vat-number", summary, path, detail=detail, fix=f"write {compact}")
    if prefix != of_country:
        summary = f"the VAT number is of {number[:2].upper()}, the billing address is in {country}"
        fix = "correct one of them, or leave it if the customer is registered there"
        yield document.finding("vat-number", summary, path, severity=Severity.WARNING, fix=fix)
    registration = customer.get("reg_no")
    if prefix == "FR" and isinstance(registration, str) and country in SIRENE:
        digits = re.sub(r"\s", "", registration)
        if len(digits) in _LENGTHS and digits.isdigit() and digits[:9] != compact[4:]:
            summary = f"the VAT number is of the SIREN {compact[4:]}, `reg_no` is of {digits[:9]}"
            yield document.finding("vat-number", summary, path, fix="correct one of them")


def _check_postal_code(document: Document, path: Path, address: YamlMapping) -> Iterator[Finding]:
    """A postal code that its country does not have."""
    code, country = address.get("postal_code"), address.get("country_alpha2")
    if not isinstance(code, str) or not isinstance(country, str) or country not in _POSTAL_CODES:
        return
    if path[0] == "delivery_address" and not any(
        address.get(part) for part in ("address", "postal_code", "city")
    ):
        return  # an empty delivery address clears the one that the account has
    pattern, example = _POSTAL_CODES[country]
    if not re.fullmatch(pattern, code, re.ASCII):
        yield document.finding(
            "postal-code",
            f"`{code[:20]}` is no postal code of {country}" if code else "the postal code is empty",
            path,
            # Elsewhere the forms change now and then, and a letter may arrive anyway.
            severity=Severity.ERROR if country in SIRENE else Severity.WARNING,
            fix=f'write one such as "{example}"',
        )
