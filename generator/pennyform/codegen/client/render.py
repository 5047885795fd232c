"""Templates in, modules out: each template is rendered with values that are all safe to print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from jinja2 import Environment

from pennyform.codegen.client.code import WIDTH, Brackets, Code, filled, joined, literal
from pennyform.codegen.client.models.models import Model, Struct
from pennyform.codegen.client.operations.authorization import Addresses
from pennyform.codegen.client.operations.filters import Filter
from pennyform.codegen.client.operations.resources import Resource
from pennyform.codegen.client.operations.variants import FLAVOURS
from pennyform.codegen.client.parsing import class_name

# Template → module, for what does not depend on the contract's operations.
_RUNTIME = {
    "clock.py.jinja": "_clock.py",
    "codec.py.jinja": "_codec.py",
    "errors.py.jinja": "errors.py",
    "exchange.py.jinja": "_exchange.py",
    "failures.py.jinja": "_failures.py",
    "lazy.py.jinja": "_lazy.py",
    "limits.py.jinja": "_limits.py",
    "oauth.py.jinja": "oauth.py",
    "origins.py.jinja": "_origins.py",
    "package_init.py.jinja": "__init__.py",
    "py.typed.jinja": "py.typed",
    "tokens.py.jinja": "_tokens.py",
    "transport.py.jinja": "_transport.py",
    "types.py.jinja": "types.py",
}
# Name in emitted code → the import that brings it.
_MODEL_IMPORTS = {
    "Any": ("typing", "Any"),
    "Answer": (".._codec", "Answer"),
    "AnswerPage": (".._codec", "AnswerPage"),
    "BlankableDecimal": (".._codec", "BlankableDecimal"),
    "Decimal": ("decimal", "Decimal"),
    "DecimalNumber": (".._codec", "DecimalNumber"),
    "File": ("..types", "File"),
    "Literal": ("typing", "Literal"),
    "PROMISED": (".._codec", "PROMISED"),
    "Request": (".._codec", "Request"),
    "TYPE_CHECKING": ("typing", "TYPE_CHECKING"),
    "TypeAlias": ("typing", "TypeAlias"),
    "UNSET": ("msgspec", "UNSET"),
    "UnsetType": ("msgspec", "UnsetType"),
    "field": ("msgspec", "field"),
    "variants": (".._codec", "variants"),
}
# The resource that docstrings show, where the contract has it.
_EXAMPLE = Code("customer_invoices")
_STANDARD_LIBRARY = ("decimal", "typing")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Pages:
    """Renders the package's modules.

    Args:
        environment: openapi-python-client's Jinja environment over our templates.
        package: the name of the package.
    """

    def __init__(self, environment: Environment, package: str) -> None:
        self._environment = environment
        self._package = package
        self._api = Code(package.replace("_", " ").title())

    def runtime(self, endpoints: Addresses, base: str, *, numbered: bool) -> dict[str, str]:
        """What every client has; the contract gives the addresses of OAuth and the start of all paths.

        What reads lists by page number is left out unless the contract has such lists (``numbered``).
        """
        values = {"endpoints": endpoints, "base": literal(base), "numbered": numbered}
        return dict(self._page(module, template, **values) for template, module in _RUNTIME.items())

    def models(self, modules: Mapping[str, Sequence[Model]]) -> dict[str, str]:
        """The modules of models, and the index that finds a model without importing the others."""
        where = {str(each.name): module for module, models in modules.items() for each in models}
        index = [
            {"name": Code(module), "names": _names(models, indent=12)} for module, models in modules.items()
        ]
        pages = [self._page("models/__init__.py", "models_init.py.jinja", modules=index)]
        for module, models in modules.items():
            context = {"models": models, "imports": _imports(module, models, where), "title": _title(module)}
            names = _names(models, indent=4)
            pages.append(self._page(f"models/{module}.py", "model.py.jinja", names=names, **context))
        return dict(pages)

    def filters(self, filters: Sequence[Filter]) -> dict[str, str]:
        """The types of what lists can be filtered by."""
        return dict([self._page("filters.py", "filters.py.jinja", filters=filters)])

    def resources(self, resources: Sequence[Resource]) -> dict[str, str]:
        """The modules of resources, and the clients that hold them."""
        listing = [each.module for each in resources if each.lists]
        example = _EXAMPLE if _EXAMPLE in listing or not listing else listing[0]
        pages = [
            self._page("_client.py", "client.py.jinja", resources=resources, example=example),
            self._page("resources/__init__.py", "resources_init.py.jinja"),
        ]
        for each in resources:
            page = self._page(f"resources/{each.module}.py", "endpoint_module.py.jinja", resource=each)
            pages.append(page)
        return dict(pages)

    def _page(self, module: str, template: str, **values: object) -> tuple[str, str]:
        text = self._environment.get_template(template).render(
            package=Code(self._package), api=self._api, flavours=FLAVOURS, **values
        )
        return f"{self._package}/{module}", text


def _title(module: str) -> Code:
    return Code(module.replace("_", " ").capitalize())


def _names(models: Iterable[Model], *, indent: int) -> Code:
    return filled([literal(name) for name in sorted(str(each.name) for each in models)], indent=indent)


def _imports(module: str, models: Sequence[Model], where: Mapping[str, str]) -> list[Code]:
    words = set(_WORD.findall("\n".join(_code(models))))
    found: dict[str, set[str]] = {}
    for word in words & _MODEL_IMPORTS.keys():
        source, name = _MODEL_IMPORTS[word]
        found.setdefault(source, set()).add(name)
    for name in {str(class_name(use)) for each in models for use in each.uses}:
        if where[name] != module:
            found.setdefault(f".{where[name]}", set()).add(name)
    standard = [_import(source, found.pop(source)) for source in _STANDARD_LIBRARY if source in found]
    if "dt" in words:
        standard.insert(0, Code("import datetime as dt"))
    third_party = [_import("msgspec", found.pop("msgspec"))] if "msgspec" in found else []
    own = [_import(source, found[source]) for source in sorted(found, key=_depth)]
    return [joined(block, "\n") for block in (standard, third_party, own) if block]


def _depth(source: str) -> tuple[int, str]:
    return -len(source) + len(source.lstrip(".")), source


def _import(source: str, names: Iterable[str]) -> Code:
    ordered = [Code(name) for name in sorted(names, key=lambda name: (not name.isupper(), name))]
    line = f"from {source} import {joined(ordered, ', ')}"
    return Code(line) if len(line) <= WIDTH else Brackets(f"from {source} import (", ordered, ")").laid_out()


def _code(models: Iterable[Model]) -> Iterator[str]:
    for each in models:
        if isinstance(each, Struct):
            yield each.head
            yield from (field.declaration for field in each.fields)
        else:
            yield each.declaration
            yield "TYPE_CHECKING variants" if each.runtime else ""
