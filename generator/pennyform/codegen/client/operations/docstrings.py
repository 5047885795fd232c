"""What docstrings say of resources and methods: our own words, from names, paths, scopes and statuses.

A summary or a description in the contract document, which an overlay put there, is used instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pennyform.codegen.client.code import Code, docstring
from pennyform.codegen.client.naming import short_path
from pennyform.spec.normaliser.contract import Operation
from pennyform.spec.normaliser.identifiers import singular

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
# Refusals that any operation may meet; the client's docstring names them once.
_COMMON = {400, 401, 403, 404}
# What a method's name goes on with when it says how, not what: `send_by_email`, `mark_as_paid`.
_HOW = {"as", "by", "from", "to"}
_ABBREVIATIONS = {"e": "e-", "fec": "FEC", "pa": "PA"}


def resource_words(name: str, *, indent: int, what: str = "") -> Code:
    """``customer_invoices`` → "Customer invoices"."""
    title = _spoken(name)
    return docstring([f"{title[:1].upper()}{title[1:]}{what}."], indent=indent)


def method_words(operation: Operation, described: Mapping[str, Any]) -> Code:
    """The docstring of a method: what it does, then its path, its scopes and its refusals."""
    return docstring([*_told(operation, described), _facts(operation)], indent=_INDENT)


def page_words(operation: Operation, *, numbered: bool) -> Code:
    """The docstring of a method for a single page."""
    place = "``page`` counts from 1" if numbered else "``cursor`` is from the page before"
    return docstring([f"Get one page of :meth:`{operation.name}`; {place}."], indent=_INDENT)


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
    phrase = _OF.get(verb, f"{verb.capitalize()} {{a_rest}}, for {{a_thing}}.")
    spoken = _spoken(rest)
    return phrase.format(rest=spoken, a_rest=f"{_article(spoken)} {spoken}", **words)


def _spoken(name: str) -> str:
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words.replace("- ", "-")


def _article(thing: str) -> str:
    return "an" if thing[:1] in "aeio" else "a"


def _facts(operation: Operation) -> str:
    facts = [f"``{operation.method.upper()} {short_path(operation.path)}``"]
    facts.append(f"scope {_scopes(operation.scopes)}" if operation.scopes else "no scope needed")
    refusals = [str(status) for status in operation.errors if status not in _COMMON]
    if refusals:
        facts.append(f"may be refused with {' or '.join(refusals)}")
    return f"{'; '.join(facts)}."


def _scopes(scopes: Sequence[str]) -> str:
    """``a:all`` or ``:readonly``: what the first one has named is not said again."""
    first, *others = scopes
    subject = f"{first.partition(':')[0]}:"
    shorter = [f":{each.removeprefix(subject)}" if each.startswith(subject) else each for each in others]
    return " or ".join(f"``{each}``" for each in (first, *shorter))
