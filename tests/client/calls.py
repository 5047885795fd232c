"""Every operation of both APIs, and how to call it through the package that was emitted for it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pennyform.spec import read_contract
from pennyform.spec.normaliser.contract import Operation

from tests.client.samples import Sampler, body_schema, json_text, operations, resolve

APIS = ("company", "firm")
ID = 81224367431680


@dataclass(frozen=True)
class Call:
    """One operation of one API."""

    api: str
    operation: Operation

    def __str__(self) -> str:
        return f"{self.api}-{self.operation.operation_id}"

    @property
    def key(self) -> str:
        """``METHOD path``, as the pinned contract has it."""
        return f"{self.operation.method} {self.operation.path}"

    def module(self, name: str = "") -> Any:
        """A module of the package that was emitted for this API."""
        return importlib.import_module(f"pennylane_{self.api}{name}")

    @cached_property
    def constant(self) -> Any:
        """What the package knows of the operation."""
        resource = vars(self.module(f".resources.{self.operation.resource}"))
        known = [each for each in resource.values() if type(each).__name__ == "Operation"]
        return next(each for each in known if each.name == self.operation.operation_id)

    def read(self, value: Any) -> Any:
        """An answer, read as a call reads it."""
        return self.module("._exchange")._reader(self.constant.answer)[1].decode(json_text(value))

    def to_builtins(self, value: Any) -> Any:
        """An answer or a request as plain values."""
        return self.module().to_builtins(value)

    def convert(self, value: Any) -> Any:
        """Plain values as the operation's body."""
        return self.module().convert(value, self.body_type)

    @property
    def body_type(self) -> Any:
        """The type that the method's signature names for its body."""
        resource = self.module(f".resources.{self.operation.resource}")
        classes = [value for value in vars(resource).values() if inspect.isclass(value)]
        owner = next(value for value in classes if hasattr(value, self.operation.name))
        annotation = inspect.signature(getattr(owner, self.operation.name)).parameters["body"].annotation
        name = annotation.removesuffix(" | None").removeprefix("models.")
        return getattr(self.module(".models"), name)

    def arguments(self, method: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments: all there are."""
        named = inspect.signature(method).parameters.values()
        positional = [each.name for each in named if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        values = [self._body() if name == "body" else ID for name in positional]
        return values, {
            each.name: self._query(each.name)
            for each in named
            if each.kind is inspect.Parameter.KEYWORD_ONLY and each.name not in {"cursor", "page"}
        }

    def _body(self) -> Any:
        media, schema = body_schema(self.api, self.key) or ("", {})
        sample = Sampler(self.api)(schema)
        if media == "multipart/form-data":
            sample = {**sample, "file": self.module().File("invoice.pdf", b"%PDF-1.7")}
        return self.convert(sample)

    def _query(self, name: str) -> Any:
        described = operations(self.api)[self.key][2]["parameters"]
        [parameter] = [each for each in (resolve(self.api, one) for one in described) if each["name"] == name]
        schema = parameter["schema"]
        if name == "filter":
            known = schema.get("x-pennyform-filters", {"id": ["eq"]})
            field, [operator, *_] = next(iter(known.items()))
            return [{"field": field, "operator": operator, "value": "1"}]
        for choices, sign in (("x-pennyform-sorts", "-"), ("x-pennyform-includes", "")):
            if choices in schema:
                return f"{sign}{schema[choices][0]}"
        sample = Sampler(self.api)(schema)
        return _typed(sample, schema.get("format"))


def _typed(sample: Any, kind: str | None) -> Any:
    import datetime as dt

    readers: dict[str | None, Callable[[str], Any]] = {
        "date": dt.date.fromisoformat,
        "date-time": dt.datetime.fromisoformat,
    }
    return readers.get(kind, lambda text: text)(sample)


CALLS = [Call(api, operation) for api in APIS for operation in read_contract(api).operations]
