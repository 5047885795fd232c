"""The docstrings of resources and methods: our own words, from names, paths, scopes and statuses.

A summary or a description that an overlay gives the operation is used instead.
"""

from __future__ import annotations

from pennyform.codegen.client.code import Code, docstring
from pennyform.codegen.client.names import short_path
from pennyform.spec.normaliser.contract import Operation
from pennyform.spec.normaliser.identifiers import singular

_INDENT = 8
# Method name → sentence, for what is done with an object as a whole.
_WHOLE = {
    "list": "List the {things}.",
    "get": "Get {a_thing}.",
    "create": "Create {a_thing}.",
    "update": "Change {a_thing}. What is left unset stays as it is; null clears a field.",
    "delete": "Delete {a_thing}.",
}
# First word of a method's name → sentence, for what is done with a part of an object.
_PART = {
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
# Error statuses of any operation; the client's docstring names them once.
_COMMON = {400, 401, 403, 404}
# What a method's name goes on with when it says how, not what: `send_by_email`, `mark_as_paid`.
_HOW = {"as", "by", "from", "to"}
_SPELLING = {"e": "e-", "fec": "FEC", "pa": "PA"}


def resource_docstring(name: str, *, indent: int, what: str = "") -> Code:
    """``customer_invoices`` → "Customer invoices"."""
    title = _spell(name)
    return docstring([f"{title[:1].upper()}{title[1:]}{what}."], indent=indent)


def method_docstring(operation: Operation) -> Code:
    """What a method does, then its path, its scopes and its error statuses."""
    paragraphs = [
        operation.summary or _summary(operation),
        operation.description,
        "Deprecated by the service." if operation.deprecated else "",
        _facts(operation),
    ]
    return docstring(paragraphs, indent=_INDENT)


def page_docstring(operation: Operation, *, numbered: bool) -> Code:
    """The docstring of a method for a single page."""
    parameter = "``page`` counts from 1" if numbered else "``cursor`` is from the page before"
    return docstring([f"Get one page of :meth:`{operation.name}`; {parameter}."], indent=_INDENT)


def _summary(operation: Operation) -> str:
    noun = _spell(singular(operation.resource))
    words = {"things": _spell(operation.resource), "a_thing": f"{_article(noun)} {noun}"}
    if operation.name in _WHOLE:
        return _WHOLE[operation.name].format(**words)
    verb, _, rest = operation.name.strip("_").partition("_")
    if not rest or rest.partition("_")[0] in _HOW:
        return f"{' '.join([verb.capitalize(), words['a_thing'], _spell(rest)]).strip()}."
    phrase = _PART.get(verb, f"{verb.capitalize()} {{a_rest}}, for {{a_thing}}.")
    part = _spell(rest)
    return phrase.format(rest=part, a_rest=f"{_article(part)} {part}", **words)


def _spell(name: str) -> str:
    words = " ".join(_SPELLING.get(word, word) for word in name.split("_"))
    return words.replace("- ", "-")


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeio" else "a"


def _facts(operation: Operation) -> str:
    facts = [f"``{operation.method.upper()} {short_path(operation.path)}``"]
    if operation.scopes:
        # ``a:all`` or ``:readonly``: the part before the colon is not repeated.
        first, *further = operation.scopes
        subject = f"{first.partition(':')[0]}:"
        scopes = [
            first,
            *(f":{scope.removeprefix(subject)}" if scope.startswith(subject) else scope for scope in further),
        ]
        facts.append(f"scope {' or '.join(f'``{scope}``' for scope in scopes)}")
    else:
        facts.append("no scope needed")
    statuses = [str(status) for status in operation.errors if status not in _COMMON]
    if statuses:
        facts.append(f"may be refused with {' or '.join(statuses)}")
    return f"{'; '.join(facts)}."
