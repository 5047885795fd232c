"""The names that the client adds to those of the contract."""

from __future__ import annotations

import re

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import Code
from pennyform.codegen.client.models.annotations import component_of
from pennyform.codegen.client.operations.variants import Flavour
from pennyform.codegen.client.parsing import class_name
from pennyform.spec.normaliser.contract import Contract, Operation
from pennyform.spec.normaliser.identifiers import pascal_case

# What every path starts with, up to the version: "/api/external/v2".
_BASE = re.compile(r"(/[A-Za-z0-9_.~-]+)*?/v\d+(?=/)")


def base_path(contract: Contract) -> str:
    """The start that all paths of a contract share, or ""."""
    starts = {match[0] if (match := _BASE.match(each.path)) else "" for each in contract.operations}
    return starts.pop() if len(starts) == 1 else ""


def short_path(path: str) -> str:
    """A path as users speak of it: without its start."""
    return _BASE.sub("", path, count=1)


def resource_class(name: str, flavour: Flavour) -> ClassName:
    """``customer_invoices`` → ``CustomerInvoices`` or ``AsyncCustomerInvoices``."""
    return class_name(Code(f"{flavour.prefix}{pascal_case(name)}"))


def answer_name(operation: Operation) -> ClassName:
    """The class or alias of an operation's answer: its component's, or one named after the operation."""
    component = component_of(operation.answer or {})
    return class_name(component or f"{pascal_case(operation.operation_id)}Answer")


def body_name(operation: Operation) -> ClassName:
    """The class or alias of an operation's body: its component's, or one named after the operation."""
    component = component_of(operation.request.schema) if operation.request else ""
    return class_name(component or f"{pascal_case(operation.operation_id)}Body")
