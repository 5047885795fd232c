"""From the words of a contract to the words of its users: singulars, PascalCase, snake_case."""

from __future__ import annotations

import re

_IRREGULAR = {"appendices": "appendix", "taxes": "tax"}
_NOT_PLURAL = ("ss", "us", "is")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def split_words(text: str) -> list[str]:
    """The words of an identifier in whatever case: ``postCustomerInvoices`` → post, customer, invoices."""
    return [part.lower() for part in _PART.findall(text)]


def snake_case(text: str) -> str:
    """``e-invoices`` → ``e_invoices``."""
    return "_".join(split_words(text))


def pascal_case(text: str) -> str:
    """``customer_invoices`` → ``CustomerInvoices``."""
    return "".join(part.capitalize() for part in split_words(text))


def singular(text: str) -> str:
    """The last word of an identifier in the singular: ``invoice_lines`` → ``invoice_line``."""
    head, separator, word = text.rpartition("_")
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    elif word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "uses")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(_NOT_PLURAL) and len(word) > 3:
        word = word[:-1]
    return head + separator + word


def is_plural(text: str) -> bool:
    """Whether the last word of an identifier is a plural."""
    return singular(text) != text
