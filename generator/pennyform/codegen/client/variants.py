"""The two variants of the client, for threads and for asyncio tasks: the words in which they differ."""

from __future__ import annotations

from dataclasses import dataclass

from pennyform.codegen.client.code import Code


@dataclass(frozen=True, slots=True)
class Variant:
    """The words that differ between the synchronous and the asynchronous client."""

    key: str
    name: Code
    verb: Code
    generator: Code
    prefix: Code
    client: Code
    core: Code
    adverb: Code
    async_: Code
    await_: Code
    with_: Code
    enter: Code
    exit: Code
    iterator: Code
    httpx_client: Code
    base_transport: Code
    close: Code
    iter_bytes: Code
    sleep: Code


SYNC = Variant(
    key="sync",
    name=Code("sync"),
    verb=Code(""),
    generator=Code("Generator[httpx.Request, httpx.Response, None]"),
    prefix=Code(""),
    client=Code("Client"),
    core=Code("Core"),
    adverb=Code("blocking the thread"),
    async_=Code(""),
    await_=Code(""),
    with_=Code(""),
    enter=Code("__enter__"),
    exit=Code("__exit__"),
    iterator=Code("Iterator"),
    httpx_client=Code("Client"),
    base_transport=Code("BaseTransport"),
    close=Code("close"),
    iter_bytes=Code("iter_bytes"),
    sleep=Code("sleep"),
)
ASYNC = Variant(
    key="async",
    name=Code("async"),
    verb=Code("a"),
    generator=Code("AsyncGenerator[httpx.Request, httpx.Response]"),
    prefix=Code("Async"),
    client=Code("AsyncClient"),
    core=Code("AsyncCore"),
    adverb=Code("as asyncio tasks"),
    async_=Code("async "),
    await_=Code("await "),
    with_=Code("async "),
    enter=Code("__aenter__"),
    exit=Code("__aexit__"),
    iterator=Code("AsyncIterator"),
    httpx_client=Code("AsyncClient"),
    base_transport=Code("AsyncBaseTransport"),
    close=Code("aclose"),
    iter_bytes=Code("aiter_bytes"),
    sleep=Code("async_sleep"),
)
VARIANTS = (SYNC, ASYNC)
