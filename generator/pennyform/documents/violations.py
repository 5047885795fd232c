"""Rules that a document breaks → findings at the definition that causes them, in the words of an invoice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from pennyform.documents.model import Document
from pennyform.documents.places import Places
from pennyform.documents.rule_sets import Violation
from pennyform.documents.tables import table
from pennyform.findings import Finding, Severity

# One step of a location: `*:InvoiceLine[namespace-uri()='…'][3]`, or with a prefix.
_STEP = re.compile(r"/(?:\*|\w+):(\w+)(?:\[namespace-uri\(\)='[^']*'\])?(?:\[(\d+)\])?")
_LINES = {"InvoiceLine", "CreditNoteLine", "IncludedSupplyChainTradeLineItem"}
_TAXES = {"TaxSubtotal", "ApplicableTradeTax"}
_CATEGORY = re.compile(r"BR-(?:FREXT-)?(S|Z|E|AE|IC|G|O)-")
_FROM_RULE = {"IC": "K"}
# What an element of the header comes from, unless a more particular one is around it.
_HEADER = {
    "AccountingSupplierParty": "seller.",
    "SellerTradeParty": "seller.",
    "AccountingCustomerParty": "customer.",
    "BuyerTradeParty": "customer.",
    "PaymentMeans": "seller.iban",
    "SpecifiedTradeSettlementPaymentMeans": "seller.iban",
    "Delivery": "customer.delivery_address",
    "ApplicableHeaderTradeDelivery": "customer.delivery_address",
    "BillingReference": "invoice.credit_note_of",
    "AllowanceCharge": "invoice.discount",
    "DueDate": "invoice.deadline",
    "IssueDate": "invoice.date",
    "DocumentCurrencyCode": "invoice.currency",
}


class _Words(NamedTuple):
    """What is said of a rule, and where."""

    at: str
    says: str
    fix: str


def findings(violations: Iterable[Violation], document: Document, places: Places) -> list[Finding]:
    """What ``document`` breaks, each rule once for each place.

    Args:
        violations: of any rule sets.
        document: the one that was checked.
        places: of the invoice that it was made of.
    """
    located: dict[tuple[str, str], Finding] = {}
    for violation in violations:
        words = _words(violation)
        at = _place(violation, words, document)
        detail = (
            f"{violation.rule_set}: {violation.text}" if words else f"By the rules of {violation.rule_set}."
        )
        finding = places.finding(
            "e-invoice-rule",
            f"{words.says if words else _own_words(violation)}: {violation.name}",
            at,
            severity=Severity.ERROR if violation.is_error else Severity.WARNING,
            detail=detail,
            fix=words.fix if words else "",
        )
        located.setdefault((violation.rule, f"{at} {words.says if words else violation.text}"), finding)
    return list(located.values())


def findings_of_file(violations: Iterable[Violation], places: Places) -> list[Finding]:
    """What an imported electronic invoice breaks, each rule once, at the file that the definition names."""
    by_rule: dict[str, Finding] = {}
    for violation in violations:
        words = _words(violation)
        finding = places.finding(
            "e-invoice-rule",
            f"in the file, {words.says if words else _own_words(violation)}: {violation.name}",
            "invoice.file",
            severity=Severity.ERROR if violation.is_error else Severity.WARNING,
            detail=f"{violation.rule_set}: {violation.text}",
            fix="ask who issued it for a file that is valid: the platform refuses this one",
        )
        by_rule.setdefault(violation.name, finding)
    return list(by_rule.values())


def _words(violation: Violation) -> _Words | None:
    names = (violation.rule, f"{violation.rule}/{violation.term}")
    for entry in table("violations")["rules"]:
        if any(fnmatchcase(name, pattern) for pattern in entry["match"] for name in names):
            return _Words(entry["at"], entry["says"], entry["fix"])
    return None


def _own_words(violation: Violation) -> str:
    return re.sub(r"^\[[^\]]*\]\s*[-:]?\s*", "", violation.text)[:300]


def _place(violation: Violation, words: _Words | None, document: Document) -> str:
    located = _located(violation, document)
    subject, _, field = words.at.partition(".") if words else ("", "", "")
    if not words:
        return located
    if subject == "line":
        return f"line.{_line(violation, located, document)}.{field}"
    if subject == "*":
        return f"{located.partition('.')[0]}.{_field_of(located, field)}"
    return words.at


def _field_of(located: str, field: str) -> str:
    """The name that a field of a party has with the seller and with customers."""
    names: Mapping[str, tuple[str, str]] = {
        "reg_no": ("siren", "reg_no"),
        "country_alpha2": ("country_alpha2", "billing_address/country_alpha2"),
    }
    seller, customer = names.get(field, (field, field))
    return seller if located.startswith("seller") else customer


def _located(violation: Violation, document: Document) -> str:
    """The place of the element that the rule names."""
    located = "invoice."
    for name, number in _steps(violation.location):
        if name in _LINES:
            return f"line.{_source(document, number - 1)}."
        if name in _TAXES and number <= len(document.taxes):
            tax = document.taxes[number - 1].tax
            exact = (line.source for line in document.lines if line.tax == tax)
            return f"line.{next(exact, _first_taxed(document, tax.category))}."
        located = _HEADER.get(name, located)
    return located


def _line(violation: Violation, located: str, document: Document) -> int:
    """The line that a rule about lines means: the one that it names, or the first of its category."""
    if located.startswith("line."):
        return int(located.split(".")[1])
    match = _CATEGORY.match(violation.rule)
    return _first_taxed(document, _FROM_RULE.get(match[1], match[1])) if match else 0


def _first_taxed(document: Document, category: str) -> int:
    return next((line.source for line in document.lines if line.tax.category == category), 0)


def _source(document: Document, index: int) -> int:
    return document.lines[index].source if index < len(document.lines) else 0


def _steps(location: str) -> Iterator[tuple[str, int]]:
    for match in _STEP.finditer(location):
        yield match[1], int(match[2] or 1)
