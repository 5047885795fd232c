"""Templates in, modules out: each template is rendered with values that are all safe to print."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from pennyform import client_runtime, redaction
from pennyform.codegen.client.code import Code, fill, join_code, literal, only_code
from pennyform.codegen.client.filters import Filter
from pennyform.codegen.client.methods import Resource
from pennyform.codegen.client.models import Model, Struct
from pennyform.codegen.client.names import MODEL_IMPORTS, VARIANTS, class_name
from pennyform.codegen.client.params import imports
from pennyform.findings import failure
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import Contract

# Template → module, for what depends on the contract, but not on its operations.
_TEMPLATES = {
    "contract.py.jinja": "_contract.py",
    "package_init.py.jinja": "__init__.py",
    "py.typed.jinja": "py.typed",
}
_RUNTIME = Path(client_runtime.__file__).parent
# Stand-ins, which are emitted otherwise, and the text about the folder itself.
_NOT_COPIED = {"__init__.py", "_contract.py", "_secrets/redaction.py"}
_IMPORT_BLOCKS = (("decimal", "typing"), ("msgspec",))
# The resource that docstrings show, where the contract has it.
_EXAMPLE = Code("customer_invoices")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Renderer:
    """Renders the package's modules.

    Args:
        templates: the folder of the client's templates.
        package: the name of the package.
    """

    def __init__(self, templates: Path, package: str) -> None:
        self._environment = _environment(templates)
        self._package = package
        self._api = Code(package.replace("_", " ").title())

    def runtime(self, endpoints: OAuthEndpoints, base: str, version: str) -> dict[str, str]:
        """What every client has; the contract gives the addresses of OAuth and the start of all paths."""
        values = {"endpoints": endpoints, "base": literal(base), "version": literal(version)}
        files = dict(self._module(module, template, **values) for template, module in _TEMPLATES.items())
        header = self._environment.get_template("header.jinja").render().strip()
        for file in sorted(_RUNTIME.rglob("*.py")):
            module = file.relative_to(_RUNTIME).as_posix()
            if module not in _NOT_COPIED:
                # In place of the first line, so that lines keep their numbers.
                _, _, source = file.read_text(encoding="utf-8").partition("\n")
                files[f"{self._package}/{module}"] = f"{header}\n{source}"
        # One module for the tool and the clients: what one of them finds, the other one finds too.
        source = Path(redaction.__file__).read_text(encoding="utf-8")
        return files | {f"{self._package}/_secrets/redaction.py": f"{header}\n{source}"}

    def models(self, modules: Mapping[str, Sequence[Model]]) -> dict[str, str]:
        """The modules of models, and the index that finds a model without importing the others."""
        homes = {str(model.name): module for module, models in modules.items() for model in models}
        index = [
            {"name": Code(module), "names": _names(models, indent=12)} for module, models in modules.items()
        ]
        files = [self._module("models/__init__.py", "models_init.py.jinja", modules=index)]
        for module, models in modules.items():
            page = self._module(
                f"models/{module}.py",
                "model.py.jinja",
                models=models,
                names=_names(models, indent=4),
                imports=list(_imports(module, models, homes)),
                title=Code(module.replace("_", " ").capitalize()),
            )
            files.append(page)
        return dict(files)

    def params(self, params: Sequence[Code]) -> dict[str, str]:
        """The types of what keyword arguments of requests may hold."""
        return dict([self._module("params.py", "params.py.jinja", params=params, imports=imports(params))])

    def filters(self, filters: Sequence[Filter]) -> dict[str, str]:
        """The types of what lists can be filtered by."""
        return dict([self._module("filters.py", "filters.py.jinja", filters=filters)])

    def resources(self, resources: Sequence[Resource]) -> dict[str, str]:
        """The modules of resources, and the clients that hold them."""
        lists = [resource.module for resource in resources if resource.lists]
        example = _EXAMPLE if _EXAMPLE in lists or not lists else lists[0]
        return dict(
            [
                self._module("_client.py", "client.py.jinja", resources=resources, example=example),
                self._module("resources/__init__.py", "resources_init.py.jinja"),
                *(
                    self._module(
                        f"resources/{resource.module}.py", "endpoint_module.py.jinja", resource=resource
                    )
                    for resource in resources
                ),
            ]
        )

    def _module(self, module: str, template: str, **values: object) -> tuple[str, str]:
        text = self._environment.get_template(template).render(
            package=Code(self._package), api=self._api, variants=VARIANTS, **values
        )
        return f"{self._package}/{module}", text


@cache
def _environment(templates: Path) -> Environment:
    """One for all contracts and renderings: compiling the templates takes as long as rendering them."""
    return Environment(  # noqa: S701 - Python code, not HTML: `only_code` guards what is printed
        loader=FileSystemLoader(templates),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=only_code,
    )


def _names(models: Iterable[Model], *, indent: int) -> Code:
    return fill((literal(name) for name in sorted(str(model.name) for model in models)), indent=indent)


def _imports(module: str, models: Sequence[Model], homes: Mapping[str, str]) -> Iterator[Code]:
    """The imports of a module of models, in blocks: standard library, msgspec, our own."""
    # The code of models in which names of other modules may stand.
    code: list[str] = []
    for model in models:
        if isinstance(model, Struct):
            code += [model.head, *(field.declaration for field in model.fields)]
        else:
            code += [model.declaration, "TYPE_CHECKING variants" if model.runtime else ""]
    words = {word for text in code for word in _WORD.findall(text)}
    names: dict[str, set[str]] = defaultdict(set)
    for word in words & MODEL_IMPORTS.keys():
        names[MODEL_IMPORTS[word]].add(word)
    for name in {str(class_name(use)) for model in models for use in model.components}:
        if homes[name] != module:
            names[f".{homes[name]}"].add(name)

    def block(sources: Iterable[str]) -> list[Code]:
        lines = []
        for source in sources:
            if source in names:
                words = sorted(names.pop(source), key=lambda name: (not name.isupper(), name))
                lines.append(Code(f"from {source} import {join_code(map(Code, words))}"))
        return lines

    standard, third_party = map(block, _IMPORT_BLOCKS)
    if "dt" in words:
        standard.insert(0, Code("import datetime as dt"))
    # `..types` before `.shared`: the order that import sorters use.
    package_imports = block(
        sorted(names, key=lambda source: (-len(source) + len(source.lstrip(".")), source))
    )
    yield from (join_code(lines, "\n") for lines in (standard, third_party, package_imports) if lines)


_DEFAULT = "https://app.pennylane.com/oauth"
_URL = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9_.~-]+)+")


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """Three URLs, as literals."""

    authorize: Code
    token: Code
    revoke: Code


def oauth_endpoints(contract: Contract) -> OAuthEndpoints:
    """The contract's addresses; the service's published ones where it has none.

    OpenAPI has no place for the address of revocation: it lies beside that of tokens.

    Raises:
        Failure: an address is not a plain https URL. Secrets are sent there.
    """
    schemes = contract.document.get("components", {}).get("securitySchemes", {}).values()
    flows = [
        scheme.get("flows", {}).get("authorizationCode") for scheme in schemes if isinstance(scheme, dict)
    ]
    flow: JsonObject = next((flow for flow in flows if isinstance(flow, dict)), {})
    token = flow.get("tokenUrl", f"{_DEFAULT}/token")
    authorize = flow.get("authorizationUrl", f"{_DEFAULT}/authorize")
    for url in (authorize, token):
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise failure(
                "oauth-address-unsafe",
                "an address in the securitySchemes of the contract is not a plain https URL",
                detail=f"It is {str(url)[:200]!r}, and secrets would be sent there.",
                fix="Correct it in the overlay.",
            )
    return OAuthEndpoints(literal(authorize), literal(token), literal(f"{token.rpartition('/')[0]}/revoke"))
