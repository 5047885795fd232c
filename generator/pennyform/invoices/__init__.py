"""YAML definitions → desired invoices: read, resolve templates and references, check, total."""

from pennyform.invoices.model import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    Key,
    Options,
    Place,
    Repository,
    Settings,
    request_body,
)
from pennyform.invoices.money import UnknownProductError, totals
from pennyform.invoices.repository import load
from pennyform.invoices.totals import Line, Totals, VatAmount

__all__ = [
    "DesiredCustomer",
    "DesiredInvoice",
    "DesiredProduct",
    "Key",
    "Line",
    "Options",
    "Place",
    "Repository",
    "Settings",
    "Totals",
    "UnknownProductError",
    "VatAmount",
    "load",
    "request_body",
    "totals",
]
