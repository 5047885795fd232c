"""What the invoice wing hands to the engine: resolved definitions, free of YAML and of templates.

A body uses the API's own field names and is ready for JSON, except that a :class:`Key` stands wherever an
id will stand. Money is canonical text (``"100.00"``), a quantity is a :class:`~decimal.Decimal`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where something is written. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Key:
    """A natural key that stands for an id.

    ``kind`` is ``customer``, ``product``, ``ledger_account`` or ``customer_invoice_template``; ``field`` says
    what to look it up by (``external_reference``, ``number``, ``name``), or is ``id`` when the author wrote
    ``{id: N}``. Two keys are equal when they mean the same thing, wherever they are written.
    """

    kind: str
    field: str
    value: str | int
    place: Place = dataclasses.field(compare=False)

    def to_json(self) -> dict[str, Any]:
        """The placeholder that stands for the id where there is no network: ``{"lookup": …}``."""
        return {"lookup": {"kind": self.kind, self.field: self.value}}


class Options(NamedTuple):
    """What to do besides creating the draft. Every wish is explicit; nothing here is on by default."""

    finalize: bool = False


@dataclass(frozen=True, slots=True)
class DesiredInvoice:
    """One invoice as its author wants it.

    ``operation`` is the contract's operation id; ``body`` never holds ``draft``, which pennyform sets itself.
    ``digest`` is the SHA-256 of operation, body and options: two invoices with one digest ask for the same.
    """

    external_reference: str
    operation: str
    body: Mapping[str, Any]
    options: Options
    place: Place
    digest: str


@dataclass(frozen=True, slots=True)
class DesiredCustomer:
    """A customer declared beside the invoices. ``customer_type`` is ``company`` or ``individual``."""

    external_reference: str
    customer_type: str
    operation: str
    body: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class DesiredProduct:
    """A product declared beside the invoices."""

    external_reference: str
    operation: str
    body: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Settings:
    """``pennyform.yaml``: which environment is meant, how amounts are rounded, where state lies.

    ``environment`` is ``sandbox`` or ``production``; ``rounding`` is ``line`` or ``document``.
    """

    root: Path
    environment: str
    rounding: str
    sandbox_database: Path


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything one run works on. ``files`` maps each path that was read to the SHA-256 of its bytes."""

    root: Path
    settings: Settings
    invoices: tuple[DesiredInvoice, ...]
    customers: Mapping[str, DesiredCustomer]
    products: Mapping[str, DesiredProduct]
    files: Mapping[str, str]

    def product(self, key: Key | int) -> Mapping[str, Any] | None:
        """The fields of a product declared here, or None when only the account may know it."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        declared = self.products.get(str(key.value))
        return declared.body if declared else None


def request_body(invoice: DesiredInvoice, identify: Callable[[Key], object]) -> dict[str, Any]:
    """The body that creates ``invoice`` as a draft.

    Args:
        invoice: what is wanted.
        identify: gives the id for a natural key, or a placeholder. Not asked for a key that is an id.

    Returns:
        A mapping ready for JSON: ids in place, ``draft: true``, quantities as :class:`~decimal.Decimal`.
    """
    body: dict[str, Any] = _identified(invoice.body, identify)
    # The API issues a legally numbered invoice when `draft` is left out.
    body["draft"] = True
    return body


def _identified(value: Any, identify: Callable[[Key], object]) -> Any:
    if isinstance(value, Key):
        return int(value.value) if value.field == "id" else identify(value)
    if isinstance(value, Mapping):
        return {name: _identified(member, identify) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_identified(member, identify) for member in value]
    return value
