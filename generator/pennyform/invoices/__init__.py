"""YAML definitions → desired invoices: read, resolve templates and references, check, total."""

from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.desired.json_bodies import request_body
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
)
from pennyform.invoices.money.totals import Line, Totals, UnknownProductError, VatAmount, totals
from pennyform.invoices.repository.loader import load

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
    "ResolvedInvoice",
    "Settings",
    "Totals",
    "UnknownProductError",
    "VatAmount",
    "load",
    "request_body",
    "totals",
]
