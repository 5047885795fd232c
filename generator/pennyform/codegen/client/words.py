"""What docstrings say of resources and methods: our own words, from names, paths, scopes and statuses."""

from __future__ import annotations

from pennyform.codegen.client.code import Code, docstring
from pennyform.spec.contract import Operation
from pennyform.spec.words import singular

_INDENT = 8
_PHRASES = {
    "list": "List the {things}, one after the other; pages are fetched as needed.",
    "get": "Get one {thing}.",
    "create": "Create a {thing}.",
    "update": "Change a {thing}; what is left unset stays as it is.",
    "delete": "Delete a {thing}.",
}
_PREFIXES = {
    "list": "List the {rest} of a {thing}, one after the other; pages are fetched as needed.",
    "get": "Get the {rest} of a {thing}.",
    "create": "Add {rest} to a {thing}.",
    "replace": "Replace all {rest} of a {thing}.",
    "update": "Change the {rest} of a {thing}.",
    "delete": "Remove the {rest} of a {thing}.",
}


def resource_words(name: str, *, indent: int, what: str) -> Code:
    """``customer_invoices`` → "Customer invoices"."""
    spoken = name.replace("_", " ").capitalize()
    return docstring([f"{spoken}: {what}." if what else f"{spoken}."], indent=indent)


def method_words(operation: Operation) -> Code:
    """The docstring of a method for one object or one action."""
    return docstring([_summary(operation), *_described(operation), _facts(operation)], indent=_INDENT)


def list_words(operation: Operation) -> Code:
    """The docstring of a method that yields items."""
    sent_again = "The arguments go with every page; ``limit`` is the size of a page, not of the list."
    return docstring(
        [_summary(operation), *_described(operation), f"{sent_again} {_facts(operation)}"], indent=_INDENT
    )


def page_words(operation: Operation) -> Code:
    """The docstring of a method for a single page."""
    return docstring(
        [
            f"Get one page of :meth:`{operation.name}`; pass its ``next_cursor`` as ``cursor`` for the next one."
        ],
        indent=_INDENT,
    )


def _summary(operation: Operation) -> str:
    thing = singular(operation.resource).replace("_", " ")
    things = operation.resource.replace("_", " ")
    if operation.name in _PHRASES:
        return _PHRASES[operation.name].format(thing=thing, things=things)
    verb, _, rest = operation.name.strip("_").partition("_")
    if verb in _PREFIXES and rest:
        return _PREFIXES[verb].format(rest=rest.replace("_", " "), thing=thing)
    action = operation.name.strip("_").replace("_", " ").capitalize()
    return f"{action}: an action on a {thing}."


def _described(operation: Operation) -> list[str]:
    return [operation.description] if getattr(operation, "description", "") else []


def _facts(operation: Operation) -> str:
    scopes = " or ".join(f"``{scope}``" for scope in operation.scopes)
    needs = f" needs the scope {scopes}" if scopes else " needs no scope"
    refusals = ", ".join(map(str, operation.errors))
    answers = f"; it may refuse with {refusals}" if refusals else ""
    return f"``{operation.method.upper()} {operation.path}``{needs}{answers}."
