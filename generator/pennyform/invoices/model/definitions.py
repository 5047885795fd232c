"""The definitions of a repository as they were resolved, and its settings from ``pennyform.yaml``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pennyform.invoices.model.bodies import (
    Body,
    CustomerBody,
    Id,
    ImportedInvoiceBody,
    Key,
    Place,
    ProductBody,
)
from pennyform.invoices.model.seller import Seller

# Named tuples for the same reason as the bodies: commit hooks import them.


class Policies(NamedTuple):
    """Limits that the folder sets itself; a definition beyond them is an error.

    ``never_finalize`` refuses ``options.finalize`` and imports. ``max_invoices`` bounds the invoices that one
    run creates or changes; ``max_amount`` the amount of each and ``max_total`` that of all of them, tax
    included, by currency; ``vat_rates`` are the only codes allowed. ``company_id`` is the only company to
    talk to. None, or no amounts, is no limit.

    ``max_days_ahead`` and ``max_days_back`` bound the date of an invoice, seen from the day of the run, and
    ``max_days_to_pay`` its deadline, seen from its date; None leaves it at a usual number of days.
    ``closed_until`` is the last day of the closed books. ``import_tolerance`` is how far amounts of imports
    may be from what they are computed to be, by currency; for others, the quantity of a line says it.

    ``duplicate_customers`` says what two customers of one legal identity are, here or one of them in the
    account: ``forbid`` an error, ``warn`` a warning.

    ``number_order`` is ``by-date``, ``strict`` (also holds back later dates once an invoice does not become
    final) or ``any``. ``older_dates`` is ``warn`` or ``forbid``: what is done about an invoice that would get
    its number after one with a later date.

    ``e_invoice`` says which invoices must be valid as electronic ones: all (``required``), those that are
    about to be given to the platform (``send_to_pa``), or none (``optional``). ``approval`` is ``required``
    where a fleet applies nothing but approved plans, or ``optional``.
    ``document`` is ``required`` where the document must be what was asked for before it is mailed or given to
    the platform.
    """

    never_finalize: bool = False
    max_invoices: int | None = None
    max_amount: Mapping[str, Decimal] = MappingProxyType({})
    max_total: Mapping[str, Decimal] = MappingProxyType({})
    import_tolerance: Mapping[str, Decimal] = MappingProxyType({})
    vat_rates: tuple[str, ...] | None = None
    company_id: int | None = None
    max_days_ahead: int | None = None
    max_days_back: int | None = None
    max_days_to_pay: int | None = None
    closed_until: dt.date | None = None
    duplicate_customers: str = "forbid"
    number_order: str = "by-date"
    older_dates: str = "warn"
    e_invoice: str = "send_to_pa"
    approval: str = "optional"
    document: str = "optional"


class ContractSettings(NamedTuple):
    """The contract that a repository owns: ``contract`` in ``pennyform.yaml``.

    ``root`` is the repository's folder. ``specs`` and ``output`` are folders in it: what is pinned, and what
    is emitted. The emitted packages are called ``<package>_<api>``. ``sources`` are addresses by API, for
    those that are not fetched from where the vendor publishes them.
    """

    root: Path
    specs: Path
    output: Path
    package: str
    apis: tuple[str, ...]
    sources: Mapping[str, str] = MappingProxyType({})


class TokenSource(NamedTuple):
    """Where the token of a repository's account is kept, and under which name: never the token itself.

    ``kind`` is ``env`` (an environment variable), ``file`` (in the user's folder of tokens) or ``keyring``.
    """

    kind: str
    name: str


class Settings(NamedTuple):
    """``pennyform.yaml``: which environment is meant, how amounts are rounded, where state lies.

    ``environment`` is ``sandbox`` or ``production``; ``rounding`` is ``line`` or ``document``;
    ``reference_prefix`` begins every ``external_reference`` of an invoice (the definitions already have it);
    ``environments`` are the policies of each environment. ``declared`` is what is done about customers and
    products that differ from their declarations: ``update`` keeps them in step, ``create-only`` leaves them.

    ``contract`` is what the repository owns, None where pennyform's own contract holds; ``schemas`` is the
    folder of the schemas that follow from the contract that holds.

    ``company`` is the name of a company that a root lists, "" for any other repository; ``companies`` are the
    patterns of a root, for the folders of its companies. ``token`` is where the token is kept, None where the
    settings do not say. ``seller`` is who issues the
    invoices, None where the settings do not say. ``template_language`` is the language of the texts of
    templates, or ``customer``: that of each invoice, else of its customer.
    """

    root: Path
    environment: str
    rounding: str
    sandbox_database: Path
    reference_prefix: str = ""
    environments: Mapping[str, Policies] = MappingProxyType({})
    declared: str = "update"
    contract: ContractSettings | None = None
    schemas: Path = Path()
    company: str = ""
    companies: tuple[str, ...] = ()
    token: TokenSource | None = None
    seller: Seller | None = None
    template_language: str = "en_GB"

    @property
    def policies(self) -> Policies:
        """The policies of ``environment``, also after it has been replaced."""
        return self.environments.get(self.environment, Policies())


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


class Deduction(NamedTuple):
    """A deposit that a balance invoice takes off.

    ``deposit`` names the deposit invoice, by ``external_reference`` or ``invoice_number``. ``label`` is the
    text that its author wants on the lines; None for the usual one. ``lines`` is how many lines of the body
    take it off: they are the last ones, those of the first deduction first. It is 0 until they are known.
    """

    deposit: Key
    label: str | None = None
    lines: int = 0


class CreditedLine(NamedTuple):
    """A line that a credit note takes back: its number, from 1, and how much of it; None for what is left."""

    line: int
    quantity: Decimal | None = None


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
    the API's names; they must be the ones computed. ``deductions`` are the deposits that it takes off.
    ``credit`` are the lines of the credited invoice that it takes back, none of them for all that is left;
    None when it says its lines itself.
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
    deductions: tuple[Deduction, ...] = ()
    credit: tuple[CreditedLine, ...] | None = None

    @property
    def draws_on_others(self) -> bool:
        """Whether lines of it follow from what other invoices say."""
        return bool(self.deductions) or self.credit is not None

    @property
    def has_tasks(self) -> bool:
        """Whether it asks for more than its content: categories, files, payments, mail, a link."""
        return self.credit_note_of is not None or self.options._replace(finalize=False) != Options()

    @property
    def legal_number(self) -> str:
        """The legal number that an imported invoice states; empty for every other one."""
        return self.body.invoice_number or "" if isinstance(self.body, ImportedInvoiceBody) else ""

    @property
    def e_invoice_number(self) -> str:
        """The legal number that an electronic invoice will have; empty for every other one."""
        return self.legal_number if self.e_invoice_lines else ""


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
    """Everything one run works on. ``files`` maps each path that was read to the SHA-256 of its bytes.

    ``requested`` are the kinds and references of the customers and products that are declared in the files
    asked for, which are all of them when that is the whole repository.
    """

    root: Path
    settings: Settings
    invoices: tuple[DesiredInvoice, ...]
    customers: Mapping[str, DesiredCustomer]
    products: Mapping[str, DesiredProduct]
    files: Mapping[str, str]
    requested: frozenset[tuple[str, str]] = frozenset()

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
