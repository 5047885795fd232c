"""What is fuzzed: functions of bytes that return, whatever the bytes are.

A target calls a reader the way the product does, and lets through what the reader documents: findings, a
:class:`Failure`, an error of its own type. Any other exception is a defect, as is an answer with an error of
the server's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Target:
    """``name`` is that of a function in ``readers``, which reads one input.

    ``longest`` is in bytes. What a fuzzer should know of the inputs is in ``words/``.
    """

    name: str
    longest: int = 8 * 1024

    @property
    def run(self) -> Callable[[bytes], object]:
        """The function; its module is imported when it is first asked for."""
        module, _, name = self.name.partition(".")
        function: Callable[[bytes], object] = getattr(import_module(f"tests.fuzz.readers.{module}"), name)
        return function


TARGETS: Mapping[str, Target] = {
    "yaml": Target("definitions.read_yaml_alone"),
    "definitions": Target("definitions.read_definition", 4 * 1024),
    "settings": Target("definitions.read_settings", 4 * 1024),
    "csv": Target("definitions.read_csv", 4 * 1024),
    "expressions": Target("definitions.read_expression", 512),
    "e-invoices": Target("e_invoices.read_e_invoice"),
    "pdfs": Target("e_invoices.read_pdf", 16 * 1024),
    "plans": Target("state.read_plan"),
    "journals": Target("state.read_journal"),
    "contracts": Target("contracts.read_contract"),
    "overlays": Target("contracts.read_overlay", 2 * 1024),
    "answers": Target("answers.read_answers"),
    "requests": Target("sandbox.read_request"),
    "calls": Target("sandbox.read_call"),
}
