"""One seed: a changed contract, generated, imported, and every operation of it called."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pennyform.codegen.client.calls import call_of
from pennyform.findings import Failure
from pennyform.spec import Contract
from pennyform.spec.normaliser.contract import Operation

from .changes import change
from .document import Document, cut
from .package import Package, contract_of, files_of
from .python import source
from .server import Exchange, NoValueError, Server
from .values import Maker


@dataclass
class Verdict:
    """What one seed came to."""

    seed: int
    kinds: list[str] = field(default_factory=list)
    operations: int = 0
    skipped: int = 0
    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    program: str = ""
    document: Any = None


def play(
    seed: int, spoil: Callable[[dict[str, str]], dict[str, str]] = dict, only: frozenset[str] = frozenset()
) -> Verdict:
    """Play one seed.

    Args:
        seed: which.
        only: the kinds of changes and of schemas to make; all when left out.
        spoil: what is done to the emitted modules before they are imported: a planted bug.
    """
    verdict = Verdict(seed)
    rng = Random(seed)
    document = cut(rng)
    document.only = only
    for _ in range(rng.randrange(1, 6)):
        change(document)
    verdict.kinds, verdict.document = document.used, document.json
    try:
        contract = contract_of(document.json)
        files = files_of(contract)
    except Exception as problem:
        verdict.wrong.append(f"nothing is generated: {_said(problem)}")
        return verdict
    verdict.files = files = spoil(files)
    verdict.operations, verdict.skipped = len(contract.operations), len(contract.skipped)
    verdict.wrong += _accounted(document, contract)
    lines: list[str] = []
    try:
        with Package(files) as package:
            caller = Caller(document, contract, package, rng)
            verdict.wrong += caller.stubs()
            for operation in contract.operations:
                verdict.wrong += caller.operation(operation)
            verdict.calls, lines = caller.calls, caller.lines
    except Exception as problem:
        verdict.wrong.append(f"the package cannot be used: {_said(problem)}")
    verdict.program = "\n".join(lines)
    return verdict


def _said(problem: Exception) -> str:
    if isinstance(problem, Failure):
        return "; ".join(
            f"{finding.rule}: {finding.summary} {finding.detail}" for finding in problem.findings
        )
    return f"{type(problem).__name__}: {problem}\n{''.join(traceback.format_tb(problem.__traceback__)[-3:])}"


def _accounted(document: Document, contract: Contract) -> Iterator[str]:
    """Every operation of the contract is emitted, or left out for a reason that a change gives."""
    declared = {(method.upper(), path) for path, method, _, _ in document.operations()}
    emitted = {(operation.method, operation.path) for operation in contract.operations}
    left_out = {(operation.method, operation.path) for operation in contract.skipped}
    if emitted | left_out != declared or emitted & left_out:
        yield f"{sorted(declared ^ (emitted | left_out))} are neither emitted nor left out"
    for operation in contract.skipped:
        if not any(reason in operation.reason for reason in document.excused):
            yield f"{operation.operation_id} is left out: {operation.reason}"


class Caller:
    """Calls the operations of a package, and compares both ends."""

    def __init__(self, document: Document, contract: Contract, package: Package, rng: Random) -> None:
        self._document, self._contract, self._package, self._rng = document, contract, package, rng
        self._server = Server()
        self._client = package.module.Client("token", transport=self._server.transport, rate_limit=None)
        self.calls = 0
        self.lines: list[str] = []

    def stubs(self) -> Iterator[str]:
        """What is left out says so when it is called, and sends nothing."""
        for operation in self._contract.skipped:
            if operation.resource:
                method = getattr(getattr(self._client, operation.resource), operation.name)
                try:
                    method()
                except self._package.module.errors.SkippedOperationError as error:
                    if operation.reason.split(":")[0] not in str(error):
                        yield f"{operation.operation_id} does not say why it is left out: {error}"
                else:
                    yield f"{operation.operation_id} is left out, and calling it does nothing"

    def operation(self, operation: Operation) -> Iterator[str]:
        """Call one operation, once for each of its successes."""
        for path, method, raw, item in self._document.operations():
            if (method.upper(), path) == (operation.method, operation.path):
                exchange = Exchange(self._document, path, method, raw, item)
                for status in exchange.successes():
                    for newer in (0.0, 0.08):
                        try:
                            yield from self._call(operation, exchange, status, newer)
                        except NoValueError:
                            continue  # Nobody can call it as the contract says.
                        except Exception as problem:
                            yield f"{operation.operation_id} ({status}): {_said(problem)}"

    def _call(self, operation: Operation, exchange: Exchange, status: str, newer: float) -> Iterator[str]:
        method = getattr(getattr(self._client, operation.resource), operation.name)
        signature, is_list = inspect.signature(method), call_of(operation, self._contract).items is not None
        meant = exchange.request(self._rng)
        arguments = self._arguments(operation, signature, meant)
        text = f"client.{operation.resource}.{operation.name}({', '.join(arguments)})"
        accept = operation.answers[0].media_type
        answer = exchange.answer(status, accept, Maker(self._document, self._rng, "answer", newer=newer))
        self._server.answers(answer)
        self.lines.append(text)
        self.calls += 1
        got = self._package.evaluated(text, _Names(self._client, self._package))
        returns = self._package.evaluated(signature.return_annotation, sys.modules[method.__module__])
        if is_list:
            got, answer = list(got), answer.items()
        for problem in exchange.problems(self._server.sent, answer, got, returns, self._package):
            yield f"{operation.operation_id} ({status}): {problem}\n    {text[:600]}"

    def _arguments(self, operation: Operation, signature: inspect.Signature, meant: Any) -> Iterator[str]:
        """The arguments of a call as Python; what is sent unasked is meant from then on."""
        call = call_of(operation, self._contract)
        names = {
            (argument.location, argument.name): argument.declaration.partition(":")[0]
            for argument in (*call.arguments, *filter(None, [call.page]))
        }
        module = sys.modules[type(getattr(self._client, operation.resource)).__module__]
        written = []
        for key, value in meant.parameters.items():
            name = names[key]
            kind = self._package.evaluated(signature.parameters[name].annotation, module)
            written.append(f"{name}={source(value, kind, self._package)}")
        if meant.has_body:
            kind = self._package.evaluated(signature.parameters["body"].annotation, module)
            written.append(f"body={source(meant.body, kind, self._package)}")
        # A size of pages that nobody asks for is the largest one.
        for name, parameter in signature.parameters.items():
            unsaid = not any(text.startswith(f"{name}=") for text in written)
            if name in ("limit", "per_page") and unsaid and isinstance(parameter.default, int):
                meant.parameters["query", name] = parameter.default
        if call.numbered:
            meant.parameters.setdefault(("query", "page"), 1)
        return iter(written)


class _Names:
    """What the text of a call refers to."""

    def __init__(self, client: Any, package: Package) -> None:
        self.client, self.models, self.types = client, package.models, package.types
