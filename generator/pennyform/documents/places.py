"""Where a part of a document comes from: a line of the definition, the customer's card, or the settings."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path as FilePath

from pennyform.findings import Finding, Severity
from pennyform.invoices import DesiredCustomer, Place, Repository, ResolvedInvoice
from pennyform.invoices.model import Key
from pennyform.invoices.yaml.document import Document as YamlDocument
from pennyform.invoices.yaml.document import Path, pointer
from pennyform.invoices.yaml.reader import read_file

SETTINGS = "pennyform.yaml"


class Places:
    """Finds the places of one invoice.

    A place is named ``seller.FIELD``, ``customer.FIELD``, ``line.N.FIELD`` (N from 0) or ``invoice.FIELD``;
    with no field it is the whole.
    """

    def __init__(self, resolved: ResolvedInvoice, repository: Repository) -> None:
        self._resolved = resolved
        self._repository = repository

    def finding(
        self,
        rule: str,
        summary: str,
        at: str,
        *,
        severity: Severity = Severity.ERROR,
        detail: str = "",
        fix: str = "",
    ) -> Finding:
        """A finding about the invoice that points at ``at``."""
        place, path = self.find(at)
        return Finding(
            rule,
            severity,
            summary,
            *place,
            pointer=pointer(path),
            detail=detail,
            fix=fix,
            subject=f"invoice {self._resolved.invoice.external_reference}",
        )

    def find(self, at: str) -> tuple[Place, Path]:
        """The place that ``at`` names, and the path of the value in its file."""
        subject, _, field = at.partition(".")
        if subject == "seller":
            seller = self._repository.settings.seller
            place = seller.place(field) if seller else None
            return place or Place(SETTINGS, 1, 1), ("seller", field) if field else ("seller",)
        if subject == "customer" and self._customer:
            return self._of_customer(self._customer, field)
        if subject == "line":
            index, _, field = field.partition(".")
            return self._of_line(int(index), field)
        return self._of_invoice((field,) if field else ())

    def _of_invoice(self, path: Path) -> tuple[Place, Path]:
        document = self._resolved.document
        return (_place(document, path) if path in document.marks else self._resolved.invoice.place), path

    def _of_line(self, index: int, field: str) -> tuple[Place, Path]:
        """A line of the definition; those that pennyform wrote are where it was told to."""
        document, path = self._resolved.document, ("invoice_lines", index)
        if path not in document.marks:
            origin = next(
                (name for name in ("deduct", "credit") if (name,) in document.marks), "invoice_lines"
            )
            return self._of_invoice((origin,))
        # A value that the product gives, or nobody, has no place: then the line.
        return document.place((*path, field)), (*path, field)

    @cached_property
    def _customer(self) -> DesiredCustomer | None:
        key = self._resolved.invoice.body.customer_id
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        return self._repository.customers.get(str(key.value))

    def _of_customer(self, customer: DesiredCustomer, field: str) -> tuple[Place, Path]:
        """A value of the card; what is not there is where the card begins."""
        path: Path = tuple(field.split("/")) if field else ()
        document = self._card
        while path and (document is None or path not in document.marks):
            path = path[:-1]
        return (_place(document, path) if document and path else customer.place), path

    @cached_property
    def _card(self) -> YamlDocument | None:
        """The file of the customer's card, unless it is a row of data; read once more, for findings."""
        if self._customer is None:
            return None
        # Findings name files from the working directory, or whole.
        name = self._customer.place.file
        path = FilePath(name)
        document, _, _ = read_file(path, name, path.parent)
        is_card = document and isinstance(document.value, dict) and "for_each" not in document.value
        return document if is_card else None


def _place(document: YamlDocument, path: Path) -> Place:
    """Where a value is written; of several values together, where their name is."""
    value = document.value
    for step in path:
        value = value[step]
    return document.place(path, key=isinstance(value, dict | list))
