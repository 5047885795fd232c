"""Where each value of a resolved invoice comes from: which file, by which expression, out of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import UNSET

from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.desired.json_bodies import first_request, to_json
from pennyform.invoices.desired.resolve import sent_as
from pennyform.invoices.model import UNSET as NOT_STATED
from pennyform.invoices.model import Body, Key, Repository, lines_of, with_placeholders
from pennyform.invoices.money.totals import FROM_PRODUCT
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.schema import definition_schemas
from pennyform.invoices.sources.source_file import definition_schema_name
from pennyform.invoices.yaml.document import Mark, Path, YamlValue, pointer
from pennyform.results.rendering import ValueOrigin

_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


def find_provenance(resolved: ResolvedInvoice, repository: Repository) -> Iterator[ValueOrigin]:
    """The origin of every value in the body of an invoice, and of what its lines take from products.

    Args:
        resolved: the invoice.
        repository: knows the products that are declared, and the schemas.
    """
    schemas = definition_schemas(repository.settings.schemas)
    schema = schemas.schema(definition_schema_name(resolved.document.value))
    body = first_request(resolved.invoice.body)
    for path, sent_path, value in _leaves(schema, body):
        origin = resolved.origins.get(path)
        mark = origin.mark if origin else resolved.document.mark(path)
        from_definition = mark.file == resolved.document.file
        # A definition for many rows is placed at its row: another file than that and its own is a template.
        from_row = mark.file == resolved.invoice.place.file
        sources, uses = origin.sources if origin else {}, {}
        for name in sorted(set(_NAMES.findall(origin.expression if origin else ""))):
            known = name if name in sources else name.partition(".")[0]
            if known in sources:
                uses[known] = _place(sources[known])
        yield ValueOrigin(
            pointer=pointer(sent_path),
            value=value.to_json() if isinstance(value, Key) else with_placeholders(value),
            source="definition" if from_definition else "data" if from_row else "template",
            place=_place(mark),
            expression=origin.expression if origin else UNSET,
            uses=uses or UNSET,
        )
    yield from _from_products(resolved.invoice.body, repository)
    for name, field in schema["properties"].items():
        # Keys that definitions have and requests do not are none of the body's.
        if name not in body and "default" in field and not field.get("x-pennyform-added"):
            yield ValueOrigin(pointer=pointer((name,)), value=field["default"], source="default")


def _leaves(
    schema: Schema, value: YamlValue, path: Path = (), sent_path: Path = ()
) -> Iterator[tuple[Path, Path, YamlValue]]:
    """Each scalar of a body: its path in the definition, its path in the body, and the value."""
    if isinstance(value, Mapping) and "properties" in schema:
        for name, field in schema["properties"].items():
            sent_name = sent_as(field, name)
            # The API may have a field of the name of a key that pennyform adds.
            if sent_name in value and not field.get("x-pennyform-added"):
                yield from _leaves(field, value[sent_name], (*path, name), (*sent_path, sent_name))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _leaves(schema["items"], item, (*path, index), (*sent_path, index))
    else:
        yield path, sent_path, value


def _place(mark: Mark) -> str:
    return f"{mark.file}:{mark.line}:{mark.column}"


def _from_products(body: Body, repository: Repository) -> Iterator[ValueOrigin]:
    for index, line in enumerate(lines_of(body)):
        key = line.product_id
        if not isinstance(key, Key) or key.field != "external_reference":
            continue
        product = repository.products.get(str(key.value))
        if product is None:
            continue
        fields = to_json(product.body)
        for name, field in FROM_PRODUCT.items():
            if getattr(line, name) is NOT_STATED and field in fields:
                yield ValueOrigin(
                    pointer=pointer(("invoice_lines", index, name)),
                    value=fields[field],
                    source="product",
                    place=str(product.place),
                )
