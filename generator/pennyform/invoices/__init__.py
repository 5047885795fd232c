"""YAML definitions → desired invoices: read, resolve templates and references, check, total."""

from pennyform.invoices.model import (
    Attachment,
    CategoryWeight,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    EmailOption,
    Key,
    Options,
    Place,
    Policies,
    Repository,
    Settings,
    request_body,
)
from pennyform.invoices.money import UnknownProductError, totals
from pennyform.invoices.references import Resolved
from pennyform.invoices.repository import load
from pennyform.invoices.totals import Line, Totals, VatAmount

__all__ = [
    "Attachment",
    "CategoryWeight",
    "DesiredCustomer",
    "DesiredInvoice",
    "DesiredProduct",
    "EmailOption",
    "Key",
    "Line",
    "Options",
    "Place",
    "Policies",
    "Repository",
    "Resolved",
    "Settings",
    "Totals",
    "UnknownProductError",
    "VatAmount",
    "load",
    "request_body",
    "totals",
]
