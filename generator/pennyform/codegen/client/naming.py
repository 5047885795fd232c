"""The names that the client adds to those of the contract."""

from __future__ import annotations

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.annotations import component_of
from pennyform.codegen.client.code import Code
from pennyform.codegen.client.flavours import Flavour
from pennyform.codegen.client.parsing import class_name
from pennyform.spec.contract import Operation
from pennyform.spec.words import pascal_case


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
