"""The definitions of a repository as they were resolved: what is wanted, and where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pennyform.invoices.model.bodies import Body, CustomerBody, Id, ProductBody
from pennyform.invoices.model.keys import Key, Place
from pennyform.invoices.model.settings import Settings


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
    ``body`` is all that it should say once it is final. It never holds ``draft``, which pennyform sets
    itself, nor the id of an imported file.
    ``digest`` is the SHA-256 of all that is asked for: two invoices with one digest ask for the same.

    ``kind`` is ``invoice``, ``imported_invoice`` (``file`` is what to import; ``e_invoice_lines`` are its own
    names for its lines, when it is an electronic invoice) or ``credit_note``
    (``credit_note_of`` is the invoice to link it to). ``expect`` are amounts that the author states, under
    the API's names; they must be the ones computed.
    """

    external_reference: str
    operation: str
    body: Body
    options: Options
    place: Place
    digest: str
    kind: str = "invoice"
    file: Attachment | None = None
    credit_note_of: Key | None = None
    expect: Mapping[str, Decimal] | None = None
    e_invoice_lines: tuple[str, ...] = ()


class DesiredCustomer(NamedTuple):
    """A customer declared beside the invoices. ``customer_type`` is ``company`` or ``individual``."""

    external_reference: str
    customer_type: str
    operation: str
    body: CustomerBody
    place: Place


class DesiredProduct(NamedTuple):
    """A product declared beside the invoices."""

    external_reference: str
    operation: str
    body: ProductBody
    place: Place


class Repository(NamedTuple):
    """Everything one run works on. ``files`` maps each path that was read to the SHA-256 of its bytes."""

    root: Path
    settings: Settings
    invoices: tuple[DesiredInvoice, ...]
    customers: Mapping[str, DesiredCustomer]
    products: Mapping[str, DesiredProduct]
    files: Mapping[str, str]

    def product(self, key: Id) -> ProductBody | None:
        """The fields of a product declared here, or None when only the account may know it."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        declared = self.products.get(str(key.value))
        return declared.body if declared else None

    def customer(self, key: Id) -> CustomerBody | None:
        """The fields of a customer declared here, or None when only the account may know it."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        declared = self.customers.get(str(key.value))
        return declared.body if declared else None
