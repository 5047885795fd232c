"""Names in the client: singulars, PascalCase and snake_case, and what operations are called.

The name of an operation is ``client.<resource>.<method>(…)``. Its rule reads only the path, the HTTP method
and whether the answer is a page. Exceptions are declared in the overlay with ``x-pennyform-resource`` and
``x-pennyform-method``.
"""

from __future__ import annotations

import keyword
import re

from pennyform.spec.document.openapi import OperationObject

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


_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


def plain_id(operation_id: str) -> str:
    """An operation's id as files can be named after it: ``customers.list`` → ``customersList``, or ""."""
    if _OPERATION_ID.fullmatch(operation_id):
        return operation_id
    words = pascal_case(operation_id)[:100]
    plain = words[:1].lower() + words[1:]
    return plain if _OPERATION_ID.fullmatch(plain) else ""


def derived_id(method: str, path: str) -> str:
    """An id for an operation without one: ``GET /v1/things/{id}/parts`` → ``getThingsByIdParts``.

    ``path`` is the contract's path or its JSON Pointer. The version that paths begin with is no part of it.
    """
    short = _BASE.sub("", path.replace("~1", "/").removeprefix("/paths/"), count=1)
    words = (f"by_{segment}" if segment.startswith("{") else segment for segment in short.split("/"))
    return method.lower() + "".join(map(pascal_case, words))


# The Firm API has every resource below the company that it belongs to: that company is an argument, not the
# resource.
_BASE = re.compile(r"/(?:[^/]+/)*?v\d+(?:/companies/\{company_id\})?(?=/)")
# Beside a method of such a name, annotations in the class would mean the method.
_TYPES = frozenset({"bool", "bytes", "int", "str"})
_COLLECTION = {"get": "get", "post": "create", "put": "replace", "delete": "delete_all", "patch": "update"}
_ITEM = {"get": "get", "post": "create", "put": "update", "delete": "delete", "patch": "update"}


def resource_and_method(
    path: str, method: str, operation: OperationObject, *, page: bool, bare_array: bool
) -> tuple[str, str]:
    """The resource and the method's name of one operation.

    Args:
        path: the contract's path.
        method: ``get``, ``post``, …
        operation: the operation object, for declared exceptions.
        page: whether the answer is a page of items.
        bare_array: whether the request body is an array, which then replaces a whole collection.
    """
    segments = _BASE.sub("", path, count=1).strip("/").split("/")
    resource = operation.resource or snake_case(segments[0])
    name = operation.method_name or _method(segments[1:], method, page=page, bare_array=bare_array)
    return _legal(resource), _legal(name)


def _legal(name: str) -> str:
    """PEP 8's way out where a name is taken (``import_``), and a name where a path has no word for one."""
    if not name[:1].isalpha():
        name = f"n{name}" if name else "root"
    return f"{name}_" if keyword.iskeyword(name) or name in _TYPES else name


def _method(rest: list[str], method: str, *, page: bool, bare_array: bool) -> str:
    """The method's name, from the segments of the path below the resource."""
    literals = [snake_case(segment) for segment in rest if not segment.startswith("{")]
    on_item = bool(rest) and rest[-1].startswith("{")
    verb = _ITEM.get(method, method)
    if not literals:
        return verb if on_item else "list" if page else _COLLECTION.get(method, method)
    target = "_".join(literals)
    if on_item:
        return f"{verb}_{singular(target)}"
    if method == "get":
        return f"{'list' if page else 'get'}_{target}"
    # `{id}/finalize` does something to the item; `{quote_id}/appendices` is a collection of its own.
    posts_action = method == "post" and not rest[0].startswith("{") and not is_plural(snake_case(rest[-1]))
    if rest[0] == "{id}" or posts_action:
        return target
    if method == "put":
        return f"{'replace' if bare_array else 'update'}_{target}"
    return f"{verb}_{target}"
