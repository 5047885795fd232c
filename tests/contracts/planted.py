"""Classic mistakes of a generator, each planted to see the campaign catch it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

Files = dict[str, str]
_SPEC, _CLIENT = "pennyform.spec.normaliser", "pennyform.codegen.client"


@dataclass(frozen=True)
class Bug:
    """One mistake: in the generator's code (``target`` and what stands there), or in what is emitted.

    Attributes:
        name: what is wrong.
        target: ``module:attribute`` of the generator.
        planted: what is there instead, given what was there.
        module: the emitted modules that are changed, by a part of their path.
        old, new: text of such modules, and what stands there instead.
        types: whether only a type checker can see it.
        kinds: the kinds of changes and of schemas that can reveal it; all when left out.
    """

    name: str
    target: str = ""
    planted: Callable[[Any], Any] = lambda original: original
    module: str = ""
    old: str = ""
    new: str = ""
    types: bool = False
    kinds: frozenset[str] = frozenset()

    @contextmanager
    def plant(self) -> Iterator[None]:
        """Have the mistake in the generator's code."""
        if not self.target:
            yield
            return
        module, _, path = self.target.partition(":")
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for attribute in outer:
            owner = getattr(owner, attribute)
        original = getattr(owner, name)
        with patch.object(owner, name, self.planted(original)):
            yield

    def spoil(self, files: Files) -> Files:
        """Have the mistake in what was emitted, where the text is."""
        if not self.module:
            return files
        return {
            path: text.replace(self.old, self.new) if self.module in path else text
            for path, text in files.items()
        }


def _only(*locations: str) -> Callable[[Any], Any]:
    """Parameters, but for those that are sent in another place."""
    return lambda original: (
        lambda *arguments: (
            parameter for parameter in original(*arguments) if parameter.location in locations
        )
    )


def _constants(original: Any) -> Any:
    """A field with one value has it, whether it is required or not."""

    def default(name: str, owner: str, components: Any) -> Any:
        schema = components.schemas[owner]
        schemas = {**components.schemas, owner: {**schema, "required": [*schema.get("required", ()), name]}}
        always = original(name, owner, replace(components, schemas=schemas))
        return original(name, owner, components) if always in (None, "PROMISED") else always

    return default


def _first_answer(original: Any) -> Any:
    return lambda *arguments: original(*arguments)[-1:]


def _all_fields(original: Any) -> Any:
    """Both directions have all fields."""

    def structure(self: Any, core: Any, direction: str, place: Any) -> Any:
        properties = core.get("properties", {})
        open_ = {
            name: {key: value for key, value in item.items() if key not in ("readOnly", "writeOnly")}
            for name, item in properties.items()
        }
        return original(self, {**core, "properties": open_} if properties else core, direction, place)

    return structure


def _drop_one(original: Any) -> Any:
    """The last of several operations is forgotten."""

    def without(contract: Any) -> Any:
        made = original(contract)
        return replace(made, operations=made.operations[: max(3, len(made.operations) - 1)])

    return without


def _other_name(original: Any) -> Any:
    """A name that Python cannot have is another one on the wire too."""

    def field(name: str, python_name: Any, owner: str, components: Any) -> Any:
        made = original(name, python_name, owner, components)
        text = made.declaration.replace(f'name="{name}"', f'name="{python_name}"')
        return replace(made, declaration=type(made.declaration)(text))

    return field


_ANSWERS = frozenset({"answers", "answers of another operation"})
_BODIES = frozenset({"JSON bodies"})
_QUERY = frozenset({"query parameters"})
_FORMS = frozenset({"multipart forms"})


def _emitted(name: str, module: str, old: str, new: str, kinds: frozenset[str] = frozenset()) -> Bug:
    return Bug(name, module=module, old=old, new=new, kinds=kinds)


READING = (
    Bug("headers are not read", f"{_SPEC}.operations:OperationReader._parameters", _only("path", "query")),
    Bug(
        "a discriminator on a base means the base",
        f"{_SPEC}.flatten:_extensions",
        lambda _: lambda *arguments: {},
        kinds=_ANSWERS | {"a discriminator on a base"},
    ),
    Bug(
        "discriminators are not read",
        f"{_SPEC}.flatten:Flattener._tagged",
        lambda _: lambda self, members, keyword, schema: members,
        kinds=_ANSWERS | {"unions by a discriminator"},
    ),
    Bug(
        "null behind a reference is not allowed",
        f"{_SPEC}.components:_nullable",
        lambda _: lambda schema: schema,
    ),
    Bug(
        "readOnly and writeOnly are not read",
        f"{_SPEC}.components:ComponentCollector._structure",
        _all_fields,
        kinds=_BODIES | {"readOnly and writeOnly"},
    ),
    Bug(
        "of several answers, one is read",
        f"{_SPEC}.operations:OperationReader._answers",
        _first_answer,
        kinds=_ANSWERS,
    ),
    Bug("an operation is forgotten", "tests.contracts.package:emitter.without_unsupported", _drop_one),
    Bug(
        "parameters of a path win over the operation's",
        "pennyform.spec.document.openapi:PathItemObject.parameters_of",
        lambda _: lambda self, operation: (*operation.parameters, *self.parameters),
        kinds=frozenset({"parameters of a path"}),
    ),
    Bug(
        "files of OpenAPI 3.1 are text",
        f"{_SPEC}.media_types:_is_file",
        lambda _: lambda part, *, modern: False,
        kinds=_FORMS,
    ),
)
WRITING = (
    Bug(
        "optional constants are always sent",
        f"{_CLIENT}.models:_default",
        _constants,
        kinds=_BODIES | {"constants that are optional"},
    ),
    Bug("a name that is taken changes the wire", f"{_CLIENT}.models:_field", _other_name),
    Bug("styles of parameters are not said", f"{_CLIENT}.calls:_style", lambda _: lambda *_: ""),
    Bug("decimals are not said", f"{_CLIENT}.models:Components.decimals", lambda _: lambda *_: ""),
    Bug(
        "arguments are typed as text",
        f"{_CLIENT}.calls:python_type",
        lambda original: lambda schema, direction: original({"type": "string"}, direction),
    ),
)
EMITTED = (
    Bug(
        "operations are typed as what they do not give",
        module="/resources/",
        old=": Operation[",
        new=": Operation[bytes | ",
        types=True,
    ),
    _emitted("lists never explode", "_parameters.py", "elif explode:", "elif explode and not kind:", _QUERY),
    _emitted("pipes are commas", "_parameters.py", '"pipeDelimited": "%7C"', '"pipeDelimited": ","', _QUERY),
    _emitted("deep objects have points", "_parameters.py", '{name}[{key}]"', '{name}.{key}"', _QUERY),
    _emitted(
        "objects in headers do not explode",
        "_parameters.py",
        'str, "=")',
        'str, ",")',
        frozenset({"header parameters"}),
    ),
    _emitted(
        "cookies are joined by commas",
        "_parameters.py",
        'return "; ".join',
        'return ", ".join',
        frozenset({"cookie parameters"}),
    ),
    _emitted(
        "slashes in a path are not escaped",
        "_parameters.py",
        'return quote(text, safe="")',
        'return quote(text, safe="/")',
        frozenset({"path parameters"}),
    ),
    _emitted(
        "numbers are sent as text",
        "_codec.py",
        'msgspec.Raw(format(value, "f").encode())',
        'format(value, "f")',
    ),
    _emitted(
        "numbers without a type are floats",
        "_codec.py",
        "float_hook=lambda text: Number(_fraction(text))",
        "float_hook=float",
        _ANSWERS | {"free form"},
    ),
    _emitted(
        "a union is its first member",
        "_codec.py",
        "return max(fitting, key=lambda item: _alike(value, item), default=None)",
        "return cls.of[0]",
        _ANSWERS | {"unions by their fields"},
    ),
    _emitted(
        "an unknown variant is the first",
        "_codec.py",
        "return cls.tags.get(tag) if",
        "return cls.tags.get(tag, cls.of[0]) if",
        _ANSWERS | {"unions by a discriminator"},
    ),
    _emitted(
        "a value of another type is refused", "_exchange.py", "        if strict:\n", "        if True:\n"
    ),
    _emitted(
        "further answers are read as the first",
        "_exchange.py",
        "operation.further.get(reply.status, operation.answer)",
        "operation.answer",
        _ANSWERS,
    ),
    _emitted("only JSON is accepted", "_exchange.py", '"accept": operation.accept', '"accept": "text/html"'),
    _emitted(
        "bodies are always JSON",
        "_exchange.py",
        'sent["content-type"] = operation.sends',
        'sent["content-type"] = "application/json"',
        frozenset({"bodies of bytes"}),
    ),
    _emitted(
        "parts have no media type of the contract",
        "_exchange.py",
        "_part(item, media_types.get(name))",
        "_part(item, None)",
        _FORMS,
    ),
)
_LISTS = frozenset({"lists"})
_ERRORS = frozenset({"errors"})
CALLED = (
    _emitted("methods of tasks return nothing", "/resources/", "return await self._core", "await self._core"),
    _emitted(
        "tasks refuse a value of another type",
        "_transport.py",
        "await self.drive(steps), strict=self._exchange.strict",
        "await self.drive(steps), strict=True",
        _ANSWERS,
    ),
    _emitted("tasks get one page", "_pages.py", "page = await page.next_page()", "page = None", _LISTS),
    _emitted("threads get one page", "_pages.py", "page = page.next_page()", "page = None", _LISTS),
    _emitted(
        "further pages are not filtered",
        "_pages.py",
        "query = {**self.query, **self.place.query()}",
        "query = {**({} if self.place.cursor else self.query), **self.place.query()}",
        _LISTS,
    ),
    _emitted(
        "what goes with the first page goes with all",
        "_pages.py",
        'return {"cursor": self.cursor} if self.cursor else self.first',
        'return {**self.first, "cursor": self.cursor}',
        _LISTS,
    ),
    _emitted(
        "of numbered pages, every other one is read",
        "_pages.py",
        "number=self.number + 1",
        "number=self.number + 2",
        frozenset({"lists with numbered pages"}),
    ),
    _emitted(
        "raw answers are not read",
        "_raw.py",
        "RawResponse(*core.replies[0], parsed)",
        "RawResponse(*core.replies[0], None)",
    ),
    _emitted(
        "every refusal is of one class",
        "errors.py",
        "return BY_STATUS.get(status, ServerError if status >= 500 else APIError)",
        "return APIError",
    ),
    _emitted(
        "errors have their text only",
        "_exchange.py",
        "        return plain(text.encode())",
        "        return text",
    ),
    _emitted(
        "writes are repeated after a failure",
        "_exchange.py",
        "elif outcome.status in _BACKOFF_STATUSES and operation.repeatable:",
        "elif outcome.status in _BACKOFF_STATUSES:",
    ),
    _emitted(
        "a time-out of the service is a refusal",
        "_exchange.py",
        "if reply.status < 400 or reply.status == 408:",
        "if reply.status < 400:",
    ),
    _emitted(
        "numbers in errors are floats",
        "_codec.py",
        "_PLAIN = msgspec.json.Decoder(float_hook=_fraction)",
        "_PLAIN = msgspec.json.Decoder()",
        _ERRORS,
    ),
    _emitted(
        "null among keyword arguments is left out",
        "_raw.py",
        "value: object = convert(fields, type_)",
        "value: object = convert({key: each for key, each in fields.items() if each is not None}, type_)",
        _BODIES | {"null"},
    ),
    _emitted(
        "keyword arguments are the first variant",
        "_raw.py",
        "value: object = convert(fields, type_)",
        "value: object = convert(fields, kinds[0])",
        _BODIES | {"unions by their fields"},
    ),
    Bug(
        "all keyword arguments are required",
        module="/params.py",
        old="t.NotRequired[",
        new="t.Required[",
        types=True,
        kinds=_BODIES,
    ),
    _emitted(
        "to_dict has decimals as text",
        "_codec.py",
        "return plain(encode(value))",
        "return msgspec.to_builtins(value, enc_hook=str)",
        _BODIES | {"numbers"},
    ),
)
BUGS: tuple[Bug, ...] = (*READING, *WRITING, *EMITTED, *CALLED)
