"""Calls the operations of a package in the ways that users have, and compares both ends."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Self

from pennyform.codegen.client.calls import Call, call_of
from pennyform.findings import Failure
from pennyform.spec import Contract
from pennyform.spec.normaliser.contract import Operation

from .document import Document
from .package import Package
from .python import keywords, misfit, source
from .round_trips import answer_kept, body_kept
from .server import Exchange, Meant, NoValueError, Server
from .values import Maker

# How likely a value is one of a newer contract, in the two answers of each success.
_NEWER = (0.0, 0.08)
_MOST_PAGES = 3


@dataclass(frozen=True)
class Written:
    """One call as a user writes it: the expression, and the body in it, or ""."""

    text: str
    body: str
    raw: bool
    is_list: bool
    numbered: bool
    returns: Any


class Caller:
    """Calls the operations of a package, for threads and for tasks; in use within ``with``."""

    def __init__(self, document: Document, contract: Contract, package: Package, rng: Random) -> None:
        self._document, self._contract, self._package, self._rng = document, contract, package, rng
        self._server = Server()
        retries = package.module.Retries(attempts=2, backoff=0.0)
        settings = {"transport": self._server.transport, "rate_limit": None, "retries": retries}
        self._clients = {
            "client": package.module.Client("token", **settings),
            "async_client": package.module.AsyncClient("token", **settings),
        }
        self.calls = 0
        self.ways: list[str] = []
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self._tasks = asyncio.Runner()
        return self

    def __exit__(self, *_: object) -> None:
        self._tasks.close()

    def stubs(self) -> Iterator[str]:
        """What is left out says so when it is called, and sends nothing."""
        for operation in self._contract.skipped:
            for client in self._clients.values() if operation.resource else ():
                method = getattr(getattr(client, operation.resource), operation.name)
                try:
                    method()
                except self._package.module.errors.SkippedOperationError as error:
                    if operation.reason.split(":")[0] not in str(error):
                        yield f"{operation.operation_id} does not say why it is left out: {error}"
                else:
                    yield f"{operation.operation_id} is left out, and calling it does nothing"

    def operation(self, operation: Operation) -> Iterator[str]:
        """Call one operation, twice for each of its successes and once to be refused."""
        for path, method, raw, item in self._document.operations():
            if (method.upper(), path) == (operation.method, operation.path):
                exchange = Exchange(self._document, path, method, raw, item)
                cases = [(status, newer) for status in exchange.successes() for newer in _NEWER]
                for status, newer in [*cases, ("refused", 0.0)]:
                    try:
                        yield from self._case(operation, exchange, status, newer)
                    except NoValueError:
                        continue  # Nobody can call it as the contract says.
                    except Exception as problem:
                        yield f"{operation.operation_id} ({status}): {said(problem)}"

    def _case(self, operation: Operation, exchange: Exchange, status: str, newer: float) -> Iterator[str]:
        written = self._written(operation, exchange.request(self._rng))
        self.lines.append(written.text)
        self.calls += 1
        problems = (
            self._refused(operation, exchange, written)
            if status == "refused"
            else self._answered(operation, exchange, written, status, newer)
        )
        for problem in problems:
            yield f"{operation.operation_id} ({status}): {problem}\n    {written.text[:600]}"

    # --- what comes back ------------------------------------------------------------------------------------

    def _answered(
        self, operation: Operation, exchange: Exchange, written: Written, status: str, newer: float
    ) -> Iterator[str]:
        maker = Maker(self._document, self._rng, "answer", newer=newer)
        if written.is_list:
            count = self._rng.randrange(1, _MOST_PAGES + 1)
            replies = exchange.pages(status, maker, count, numbered=written.numbered)
            self._note("pages of a list", len(replies) > 1)
        else:
            replies = [exchange.answer(status, maker)]
        self._server.answers(replies)
        got = self._run(written.text)
        if written.raw:
            yield from replies[0].raw_problems(got)
            got = got.parsed
        if written.is_list and not isinstance(got, list):
            got = self._tasks.run(_collected(got)) if hasattr(got, "__aiter__") else list(got)
        reply = replies[0].joined(replies) if written.is_list else replies[0]
        yield from exchange.request_problems(self._server.sent, replies)
        if lost := reply.lost(got):
            yield f"the answer is not what was sent: {lost}"
            return
        if not reply.changed:
            if untyped := misfit(got, written.returns, self._package):
                yield f"the answer is not of its type: {untyped}"
            yield from answer_kept(reply.meant, got)
        if written.body:
            body = self._run(written.body)
            yield from body_kept(exchange.meant.body, body, self._package.module.convert)

    def _refused(self, operation: Operation, exchange: Exchange, written: Written) -> Iterator[str]:
        reply = exchange.refusal(self._rng)
        self._note("answers of errors", True)
        self._server.answers([reply])
        errors = self._package.module.errors
        try:
            self._run(written.text)
        except errors.PennylaneError as error:
            yield from reply.refusal_problems(error, errors, operation.operation_id)
        else:
            yield f"status {reply.status} is taken for a success"
        repeated = reply.status == 429 or (
            reply.status in {500, 502, 503, 504} and operation.method in {"GET", "HEAD"}
        )
        yield from exchange.request_problems(self._server.sent, [reply] * (2 if repeated else 1))

    def _run(self, text: str) -> Any:
        """The value of an expression, for tasks or not."""
        code = compile(text, "call", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        value = eval(code, {**self._package.names, **self._clients})
        return self._tasks.run(value) if inspect.iscoroutine(value) else value

    # --- what is called -------------------------------------------------------------------------------------

    def _note(self, way: str, used: bool) -> bool:
        if used:
            self.ways.append(way)
        return used

    def _written(self, operation: Operation, meant: Meant) -> Written:
        """A call in one of the ways that there are; what is sent unasked is meant from then on."""
        call, rng = call_of(operation, self._contract), self._rng
        tasks = self._note("calls of tasks", rng.random() < 0.5)
        raw = self._note("raw answers", rng.random() < 0.25)
        client = "async_client" if tasks else "client"
        resource = getattr(self._clients[client], operation.resource)
        method = getattr(resource, operation.name)
        signature = inspect.signature(method)
        body = self._body(call, signature, meant)
        named = self._keywords(call, meant) if body and call.variants and rng.random() < 0.5 else ""
        arguments = [*self._arguments(call, signature, meant), named or (f"body={body}" if body else "")]
        text = f"{client}.{operation.resource}{'.with_raw_response' if raw else ''}"
        text += f".{operation.name}({', '.join(filter(None, arguments))})"
        is_list = call.items is not None
        if is_list and not raw:
            text = f"[each {'async ' if tasks else ''}for each in {text}]"
        elif tasks:
            text = f"await {text}"
        returns = self._package.evaluated(signature.return_annotation, sys.modules[method.__module__])
        return Written(text, "" if named else body, raw, is_list, call.numbered, returns)

    def _body(self, call: Call, signature: inspect.Signature, meant: Meant) -> str:
        """The body of a call as Python, or ""."""
        if not meant.has_body:
            return ""
        kind = self._package.evaluated(signature.parameters["body"].annotation, self._module(call))
        return source(meant.body, kind, self._package)

    def _keywords(self, call: Call, meant: Meant) -> str:
        """The same as keyword arguments, or "" where no variant has a place for it."""
        names = [variant.removeprefix("params.") for variant in call.variants]
        return str(self._note("keyword bodies", True) and keywords(meant.body, names, self._package))

    def _arguments(self, call: Call, signature: inspect.Signature, meant: Meant) -> Sequence[str]:
        names = {
            (argument.location, argument.name): argument.declaration.partition(":")[0]
            for argument in (*call.arguments, *filter(None, [call.page]))
        }
        written = []
        for key, value in meant.parameters.items():
            annotation = signature.parameters[names[key]].annotation
            kind = self._package.evaluated(annotation, self._module(call))
            written.append(f"{names[key]}={source(value, kind, self._package)}")
        # A size of pages that nobody asks for is the largest one.
        for name, parameter in signature.parameters.items():
            unsaid = not any(text.startswith(f"{name}=") for text in written)
            if name in ("limit", "per_page") and unsaid and isinstance(parameter.default, int):
                meant.parameters["query", name] = parameter.default
        if call.numbered:
            meant.parameters.setdefault(("query", "page"), 1)
        return written

    def _module(self, call: Call) -> Any:
        resource = getattr(self._clients["client"], call.operation.resource)
        return sys.modules[type(resource).__module__]


async def _collected(page: Any) -> list[Any]:
    return [each async for each in page]


def said(problem: Exception) -> str:
    """What an exception says, and where it was raised."""
    if isinstance(problem, Failure):
        return "; ".join(
            f"{finding.rule}: {finding.summary} {finding.detail}" for finding in problem.findings
        )
    return f"{type(problem).__name__}: {problem}\n{''.join(traceback.format_tb(problem.__traceback__)[-3:])}"
