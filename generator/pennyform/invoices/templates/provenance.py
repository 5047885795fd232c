"""Where each value of a resolved invoice comes from: which file, by which expression, out of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pennyform.invoices.checks.references import Resolved
from pennyform.invoices.desired.json_bodies import first_request, to_json
from pennyform.invoices.model import UNSET, Body, Key, Place, Repository, lines_of
from pennyform.invoices.money.totals import FROM_PRODUCT
from pennyform.invoices.schema.schema import Schema, definition_schema
from pennyform.invoices.sources.kinds import written_as
from pennyform.invoices.yaml.document import Mark, Path, pointer

if TYPE_CHECKING:
    from pennyform.results.rendering import ValueOrigin

_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


class Provenance(NamedTuple):
    """The origin of one value.

    ``pointer`` is its JSON Pointer in the request body; ``source`` is ``definition``, ``template``, ``data``,
    ``product``, or ``default`` for what the API takes when nothing is said; ``place`` is where it is written.
    ``expression`` is the text that gave it, and ``uses`` are the places of what the expression names.
    """

    pointer: str
    value: Any
    source: Literal["definition", "template", "data", "product", "default"]
    place: Place | None
    expression: str = ""
    uses: Mapping[str, Place] = {}

    def record(self) -> ValueOrigin:
        """The origin as it is reported; what is not known, or does not apply, is left out."""
        from msgspec import UNSET

        from pennyform.results.rendering import ValueOrigin

        return ValueOrigin(
            pointer=self.pointer,
            value=self.value.to_json() if isinstance(self.value, Key) else self.value,
            source=self.source,
            place=str(self.place) if self.place else UNSET,
            expression=self.expression or UNSET,
            uses={name: str(place) for name, place in self.uses.items()} or UNSET,
        )


def provenance(resolved: Resolved, repository: Repository) -> list[Provenance]:
    """The origin of every value in the body of an invoice, and of what its lines take from products.

    Args:
        resolved: the invoice.
        repository: knows the products that are declared.
    """
    schema = definition_schema(written_as(resolved.document.value))
    body = first_request(resolved.invoice.body)
    stated = [_of(resolved, *found) for found in _leaves(schema, body, (), ())]
    return [*stated, *_from_products(resolved.invoice.body, repository), *_defaults(schema, body)]


def _leaves(schema: Schema, value: Any, at: Path, sent: Path) -> Iterator[tuple[Path, Path, Any]]:
    """Each scalar of a body: its path in the definition, its path in the body, and the value."""
    if isinstance(value, Mapping):
        for name, known in schema["properties"].items():
            field = known.get("x-pennyform-key", {}).get("sends", name)
            if field in value:
                yield from _leaves(known, value[field], (*at, name), (*sent, field))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(schema["items"], item, (*at, index), (*sent, index))
    else:
        yield at, sent, value


def _of(resolved: Resolved, at: Path, sent: Path, value: Any) -> Provenance:
    origin = resolved.origins.get(at)
    mark = origin.mark if origin else resolved.document.mark(at)
    own = mark.file == resolved.document.file
    from_row = mark.file == resolved.invoice.place.file
    source: Literal["definition", "data", "template"] = (
        "definition" if own else "data" if from_row else "template"
    )
    uses = dict(_used(origin.expression, origin.sources)) if origin else {}
    return Provenance(pointer(sent), value, source, _place(mark), origin.expression if origin else "", uses)


def _used(expression: str, sources: Mapping[str, Mark]) -> Iterator[tuple[str, Place]]:
    for name in sorted(set(_NAMES.findall(expression))):
        known = name if name in sources else name.partition(".")[0]
        if known in sources:
            yield known, _place(sources[known])


def _place(mark: Mark) -> Place:
    return Place(mark.file, mark.line, mark.column)


def _from_products(body: Body, repository: Repository) -> Iterator[Provenance]:
    for index, line in enumerate(lines_of(body)):
        key = line.product_id
        if not isinstance(key, Key) or key.field != "external_reference":
            continue
        product = repository.products.get(str(key.value))
        stated = to_json(product.body) if product else {}
        for name, field in FROM_PRODUCT.items():
            if product and getattr(line, name) is UNSET and field in stated:
                path = ("invoice_lines", index, name)
                yield Provenance(pointer(path), stated[field], "product", product.place)


def _defaults(schema: Schema, body: Mapping[str, Any]) -> Iterator[Provenance]:
    for name, known in schema["properties"].items():
        if name not in body and "default" in known and not known.get("x-pennyform-added"):
            yield Provenance(pointer((name,)), known["default"], "default", None)
