"""What the invoice wing hands to the engine: resolved definitions, free of YAML and of templates.

A body uses the API's own field names and is ready for JSON, except that a :class:`Key` stands wherever an
id will stand. Money is canonical text (``"100.00"``), a quantity is a :class:`~decimal.Decimal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where something is written. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Key:
    """A natural key that stands for an id.

    ``kind`` is ``customer``, ``product``, ``ledger_account``, ``customer_invoice_template``, ``category``,
    ``transaction`` or ``customer_invoice``; ``field`` says what to look it up by (``external_reference``,
    ``number``, ``name``, ``label``, ``analytical_code``, ``date``), or is ``id`` when the author wrote
    ``{id: N}``. ``qualifiers`` narrow down what ``field`` alone may leave ambiguous: the ``group`` of a
    category (its label), the ``label`` and ``currency_amount`` of a transaction. Two keys are equal when they
    mean the same thing, wherever they are written.
    """

    # By hand: importing dataclasses would cost every commit's hook more than reading a definition does.
    __slots__ = ("field", "kind", "place", "qualifiers", "value")

    def __init__(
        self,
        kind: str,
        field: str,
        value: str | int,
        place: Place,
        qualifiers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.kind = kind
        self.field = field
        self.value = value
        self.place = place
        self.qualifiers = qualifiers

    def _meaning(self) -> tuple[object, ...]:
        return self.kind, self.field, self.value, self.qualifiers

    def __eq__(self, other: object) -> bool:
        return self._meaning() == other._meaning() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        return f"Key({self.kind!r}, {self.field!r}, {self.value!r}, {self.place!r}, {self.qualifiers!r})"

    def to_json(self) -> dict[str, Any]:
        """The placeholder that stands for the id where there is no network: ``{"lookup": …}``."""
        return {"lookup": {"kind": self.kind, self.field: self.value, **dict(self.qualifiers)}}


class Attachment(NamedTuple):
    """A file of the repository that goes to the account.

    ``path`` is relative to the repository's root, with ``/`` between folders. ``sha256`` and ``size`` (in
    bytes) are what the file was when it was checked: who sends it checks them again. ``media_type`` follows
    from the file's content.
    """

    path: str
    sha256: str
    size: int
    media_type: str


class EmailOption(NamedTuple):
    """The wish to have Pennylane mail the invoice. No ``recipients`` means the customer's own addresses."""

    recipients: tuple[str, ...] = ()


class CategoryWeight(NamedTuple):
    """The share of the invoice that goes to a category; ``weight`` is decimal text, ``"0.5"`` for half."""

    key: Key
    weight: str


class Options(NamedTuple):
    """What to do besides creating the draft. Every wish is explicit; nothing here is on by default.

    All but ``finalize`` and ``appendices`` wait until the invoice is final. ``categories`` replace all that
    it has: None leaves them alone, an empty tuple takes them away.
    """

    finalize: bool = False
    send_by_email: EmailOption | None = None
    send_to_pa: bool = False
    categories: tuple[CategoryWeight, ...] | None = None
    mark_as_paid: bool = False
    appendices: tuple[Attachment, ...] = ()
    matched_transactions: tuple[Key, ...] = ()


class DesiredInvoice(NamedTuple):
    """One invoice as its author wants it.

    ``operation`` is the contract's operation id (``postCustomerInvoices``, ``importCustomerInvoices`` or
    ``createCustomerInvoiceEInvoiceImport``);
    ``body`` never holds ``draft``, which pennyform sets itself, nor the id of an imported file.
    ``digest`` is the SHA-256 of all that is asked for: two invoices with one digest ask for the same.

    ``kind`` is ``invoice``, ``imported_invoice`` (``file`` is what to import; ``e_invoice_lines`` are its own
    names for its lines, when it is an electronic invoice) or ``credit_note``
    (``credit_note_of`` is the invoice to link it to). ``after_finalize`` is what a draft may not carry and is
    set right after finalizing: ``transaction_reference``, and ``imputation_dates`` by index of the line, from
    0. ``expect`` are amounts that the author states, under the API's names; they must be the ones computed.
    """

    external_reference: str
    operation: str
    body: Mapping[str, Any]
    options: Options
    place: Place
    digest: str
    kind: str = "invoice"
    file: Attachment | None = None
    credit_note_of: Key | None = None
    after_finalize: Mapping[str, Any] = MappingProxyType({})
    expect: Mapping[str, str] | None = None
    e_invoice_lines: tuple[str, ...] = ()


class DesiredCustomer(NamedTuple):
    """A customer declared beside the invoices. ``customer_type`` is ``company`` or ``individual``."""

    external_reference: str
    customer_type: str
    operation: str
    body: Mapping[str, Any]
    place: Place


class DesiredProduct(NamedTuple):
    """A product declared beside the invoices."""

    external_reference: str
    operation: str
    body: Mapping[str, Any]
    place: Place


class Policies(NamedTuple):
    """Limits that the folder sets itself; a definition beyond them is an error.

    ``never_finalize`` refuses ``options.finalize`` and imports. ``max_invoices`` bounds the invoices that one
    run creates or changes; ``max_amount`` the amount of each and ``max_total`` that of all of them, tax
    included, by currency; ``vat_rates`` are the only codes allowed. ``company_id`` is the only company to
    talk to. None, or no amounts, is no limit.
    """

    never_finalize: bool = False
    max_invoices: int | None = None
    max_amount: Mapping[str, Decimal] = MappingProxyType({})
    max_total: Mapping[str, Decimal] = MappingProxyType({})
    vat_rates: tuple[str, ...] | None = None
    company_id: int | None = None


class Settings(NamedTuple):
    """``pennyform.yaml``: which environment is meant, how amounts are rounded, where state lies.

    ``environment`` is ``sandbox`` or ``production``; ``rounding`` is ``line`` or ``document``;
    ``reference_prefix`` begins every ``external_reference`` of an invoice (the definitions already have it);
    ``environments`` are the policies of each environment.
    """

    root: Path
    environment: str
    rounding: str
    sandbox_database: Path
    reference_prefix: str = ""
    environments: Mapping[str, Policies] = MappingProxyType({})

    @property
    def policies(self) -> Policies:
        """The policies of ``environment``, also after it has been replaced."""
        return self.environments.get(self.environment, Policies())


class Repository(NamedTuple):
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

    def customer(self, key: Key | int) -> Mapping[str, Any] | None:
        """The fields of a customer declared here, or None when only the account may know it."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        declared = self.customers.get(str(key.value))
        return declared.body if declared else None


def request_body(invoice: DesiredInvoice, identify: Callable[[Key], object]) -> dict[str, Any]:
    """The body that creates ``invoice`` as a draft, or imports it.

    Args:
        invoice: what is wanted.
        identify: gives the id for a natural key, or a placeholder. Not asked for a key that is an id.

    Returns:
        A mapping ready for JSON: ids in place, ``draft: true``, quantities as :class:`~decimal.Decimal`. The
        file of an import has a placeholder (``{"upload": …}``), as it only gets an id by being uploaded.
    """
    body: dict[str, Any] = _identified(invoice.body, identify)
    if invoice.file and invoice.e_invoice_lines:
        options = e_invoice_options(body, invoice.e_invoice_lines)
        return {"file": {"upload": invoice.file._asdict()}, "invoice_options": options}
    if invoice.file:
        return {"file_attachment_id": {"upload": invoice.file._asdict()}, **body}
    # The API issues a legally numbered invoice when `draft` is left out.
    body["draft"] = True
    return body


def e_invoice_options(body: Mapping[str, Any], line_ids: Sequence[str]) -> dict[str, Any]:
    """What the import of an electronic invoice is told besides its file.

    Args:
        body: what the definition states, with ids in place.
        line_ids: the file's own names for its lines, in order.
    """
    lines = []
    for line_id, line in zip(line_ids, body["invoice_lines"], strict=True):
        told = {name: line[name] for name in ("product_id", "ledger_account_id") if name in line}
        lines += [{"e_invoice_line_id": line_id, **told}] if told else []
    return {"customer_id": body["customer_id"], **({"invoice_lines": lines} if lines else {})}


def _identified(value: Any, identify: Callable[[Key], object]) -> Any:
    if isinstance(value, Key):
        return int(value.value) if value.field == "id" else identify(value)
    if isinstance(value, Mapping):
        return {name: _identified(member, identify) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_identified(member, identify) for member in value]
    return value
