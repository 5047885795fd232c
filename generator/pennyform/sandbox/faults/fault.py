"""What all faults have in common: which requests they apply to."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from pennyform.sandbox.faults.fault_context import FaultContext
from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.messages import BASE_PATH, Request

Method: TypeAlias = Literal["", "GET", "POST", "PUT", "DELETE"]


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """Which requests a fault applies to.

    Attributes:
        method: only this method; any when empty.
        path: pattern of the path below the API's base; ``*`` stands for one segment, ``**`` for any number.
        containing: text that the query or the body must contain, such as an ``external_reference``.
        skip: this many matching requests pass untouched first.
        times: to how many it applies then; to all when None.
        chance: probability for each of those, drawn from the seed.
    """

    method: Method = ""
    path: str = "/**"
    containing: str = ""
    skip: Annotated[int, Meta(ge=0)] = 0
    times: Annotated[int, Meta(ge=1)] | None = None
    chance: Annotated[float, Meta(ge=0, le=1)] = 1.0

    @property
    def kind(self) -> str:
        """The name it goes by in files, headers and the log."""
        return str(self.__struct_config__.tag)

    def to_json(self) -> JsonObject:
        """As it would be written in a file; of a function, only its name."""
        value: JsonObject = msgspec.to_builtins(self, enc_hook=lambda function: function.__name__)
        return value

    def matches(self, request: Request) -> bool:
        """Whether method, path and text match; ``skip``, ``times`` and ``chance`` are counted elsewhere."""
        if self.method and self.method != request.method:
            return False
        if not _compile_path(self.path).fullmatch(request.path.removeprefix(BASE_PATH)):
            return False
        text = self.containing
        return not text or text in request.query or text.encode() in request.body

    def apply(self, context: FaultContext) -> RequestOutcome:
        """Deliver one request with this fault."""
        raise NotImplementedError


@cache
def _compile_path(path: str) -> re.Pattern[str]:
    wildcards = {"**": ".*", "*": "[^/]+"}
    parts = re.split(r"(\*\*|\*)", path)
    return re.compile("".join(wildcards.get(part, re.escape(part)) for part in parts))
