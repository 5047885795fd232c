"""What docstrings say of resources and methods: our own words, from names, paths, scopes and statuses.

A summary or a description in the contract document, which an overlay put there, is used instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.codegen.client.code import Code, docstring
from pennyform.spec.contract import Operation
from pennyform.spec.words import singular

_INDENT = 8
_WHOLE = {
    "list": "List the {things}.",
    "get": "Get {a_thing}.",
    "create": "Create {a_thing}.",
    "update": "Change {a_thing}. What is left unset stays as it is; null clears a field.",
    "delete": "Delete {a_thing}.",
}
_OF = {
    "create": "Add {rest} to {a_thing}.",
    "delete": "Remove the {rest} of {a_thing}.",
    "get": "Get the {rest} of {a_thing}.",
    "import": "Import {a_rest} as {a_thing}.",
    "link": "Link {a_rest} to {a_thing}.",
    "list": "List the {rest} of {a_thing}.",
    "match": "Match {a_thing} with {a_rest}.",
    "replace": "Replace all {rest} of {a_thing}; what is not in the body is gone.",
    "unmatch": "Undo the match of {a_thing} with {a_rest}.",
    "update": "Change the {rest} of {a_thing}.",
    "validate": "Validate the {rest} of {a_thing}.",
}
# What a method's name goes on with when it says how, not what: `send_by_email`, `mark_as_paid`.
_HOW = {"as", "by", "from", "to"}
_ABBREVIATIONS = {"e": "e-", "fec": "FEC", "pa": "PA"}


def resource_words(name: str, *, indent: int, what: str = "") -> Code:
    """``customer_invoices`` → "Customer invoices"."""
    title = _spoken(name)
    return docstring([f"{title[:1].upper()}{title[1:]}{what}."], indent=indent)


def method_words(operation: Operation, described: Mapping[str, Any]) -> Code:
    """The docstring of a method for one object or one action."""
    return docstring([*_told(operation, described), _facts(operation)], indent=_INDENT)


def list_words(operation: Operation, described: Mapping[str, Any], page_size: int | None) -> Code:
    """The docstring of a method that yields items.

    Args:
        operation: the operation.
        described: the operation object, with the overlay's words for it.
        page_size: how many items a page has when the caller does not say; None when there is but one page.
    """
    pages = "Pages are fetched as they are needed, all with the same arguments. " if page_size else ""
    return docstring([*_told(operation, described), f"{pages}{_facts(operation)}"], indent=_INDENT)


def page_words(operation: Operation) -> Code:
    """The docstring of a method for a single page."""
    text = f"Get one page of :meth:`{operation.name}`; ``cursor`` is from the page before."
    return docstring([text], indent=_INDENT)


def _told(operation: Operation, described: Mapping[str, Any]) -> list[str]:
    summary = described.get("summary") or _summary(operation)
    deprecated = "Deprecated by the service." if operation.deprecated else ""
    return [summary, described.get("description") or "", deprecated]


def _summary(operation: Operation) -> str:
    thing = _spoken(singular(operation.resource))
    words = {"things": _spoken(operation.resource), "a_thing": f"{_article(thing)} {thing}"}
    if operation.name in _WHOLE:
        return _WHOLE[operation.name].format(**words)
    verb, _, rest = operation.name.strip("_").partition("_")
    if not rest or rest.partition("_")[0] in _HOW:
        return f"{' '.join([verb.capitalize(), words['a_thing'], _spoken(rest)]).strip()}."
    phrase = _OF.get(verb, f"{verb.capitalize()}: {{rest}}, for {{a_thing}}.")
    spoken = _spoken(rest)
    return phrase.format(rest=spoken, a_rest=f"{_article(spoken)} {spoken}", **words)


def _spoken(name: str) -> str:
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words.replace("- ", "-")


def _article(thing: str) -> str:
    return "an" if thing[:1] in "aeio" else "a"


def _facts(operation: Operation) -> str:
    scopes = " or ".join(f"``{scope}``" for scope in operation.scopes)
    needs = f"scope {scopes}" if scopes else "no scope needed"
    refusals = f"; refused with {', '.join(map(str, operation.errors))}" if operation.errors else ""
    return f"``{operation.method.upper()} {operation.path}``; {needs}{refusals}."
