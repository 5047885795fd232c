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
    head, separator, last = text.rpartition("_")
    return head + separator + _singular_word(last)


def _singular_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "uses")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(_NOT_PLURAL) and len(word) > 3:
        return word[:-1]
    return word


def is_plural(text: str) -> bool:
    """Whether the last word of an identifier is a plural."""
    return singular(text) != text
