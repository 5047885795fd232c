# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Lists, page by page: what to ask for next, and pages that iterate over all that follows.

A list cut short must not look complete: what is no page, promises more that cannot be reached, or has no end
is an error when it arrives, before its items are given on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from msgspec import UNSET

from ._codec import is_list
from ._parameters import Values
from .errors import OutcomeUnknownError

if TYPE_CHECKING:
    from msgspec import UnsetType

    from ._exchange import Operation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_EMPTY_PAGES = 10
# The largest page that any list of the contract has.
MOST_ITEMS = 1000
LONGEST_CURSOR = 4096


class ListAnswer(Protocol[T_co]):
    """The answer of every list: some items; the rest says where the next ones are."""

    @property
    def items(self) -> Sequence[T_co] | UnsetType:
        """The items of this page."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list that goes on with cursors.

    ``first`` are parameters that go with the first page only. ``past`` are the cursors that led here, and
    ``empty`` is how many pages without items came last.
    """

    operation: str
    most: int
    first: Values
    cursor: str | None
    past: frozenset[str] = frozenset()
    empty: int = 0

    def query(self) -> Values:
        """The parameters that lead to this place."""
        return {"cursor": self.cursor} if self.cursor else self.first

    def after(self, answer: Any) -> Cursor | None:
        """The place after the page that was found here, or None when it was the last.

        Raises:
            OutcomeUnknownError: it is no page, more is promised but cannot be reached, or there is no end to
                it.
        """
        _check_items(answer, self.operation)
        more, cursor = (getattr(answer, name, UNSET) for name in ("has_more", "next_cursor"))
        if not isinstance(more, bool) and not isinstance(cursor, (str, type(None))):
            raise _broken(self.operation, "a page of the list does not say whether it is the last")
        if more is False or not (more or cursor):
            return None
        if not isinstance(cursor, str) or not cursor or cursor in self.past or cursor == self.cursor:
            raise _broken(self.operation, "the list goes on, but the service gave no new cursor for it")
        if len(cursor) > LONGEST_CURSOR:
            raise _broken(self.operation, f"the list goes on with a cursor of {len(cursor)} characters")
        past, empty = self.past | {cursor}, 0 if answer.items else self.empty + 1
        if empty >= MOST_EMPTY_PAGES:
            raise _broken(self.operation, f"the list goes on after {empty} empty pages")
        if len(past) >= self.most:
            raise _broken(self.operation, f"the list goes on after {self.most} pages")
        return replace(self, cursor=cursor, past=past, empty=empty)


@dataclass(frozen=True, slots=True)
class Number:
    """A place in a list whose pages are numbered; the first one is 1. ``pages`` counts those asked for."""

    operation: str
    most: int
    number: int = 1
    pages: int = 1
    cursor = None

    def query(self) -> Values:
        """The parameters that lead to this place."""
        return {"page": self.number}

    def after(self, answer: Any) -> Number | None:
        """The place after the page that was found here, or None when it was the last.

        Raises:
            OutcomeUnknownError: it is another page than was asked for, it has no items or does not say how
                many pages there are, or there is no end to them.
        """
        _check_items(answer, self.operation)
        if not answer.items:
            return None
        number, pages = (getattr(answer, name, UNSET) for name in ("current_page", "total_pages"))
        if number != self.number or not isinstance(pages, int):
            what = f"page {self.number} of the list was asked for; the answer is page {number} of {pages}"
            raise _broken(self.operation, what)
        if self.number >= pages:
            return None
        if self.pages >= self.most:
            raise _broken(self.operation, f"the list goes on after {self.most} pages")
        return replace(self, number=self.number + 1, pages=self.pages + 1)


@dataclass(frozen=True, slots=True)
class ListCall(Generic[T]):
    """What asks for one page of a list: what goes with every page, and a place."""

    operation: Operation[ListAnswer[T]]
    path: Values
    query: Values
    place: Cursor | Number
    headers: Values
    cookies: Values

    def arguments(self) -> tuple[Operation[ListAnswer[T]], Values, Values, None, Values, Values]:
        """What a core's ``call`` takes."""
        query = {**self.query, **self.place.query()}
        return self.operation, self.path, query, None, self.headers, self.cookies

    def after(self, answer: Any) -> ListCall[T] | None:
        """The same for the page after the one that this asked for, or None when there is none."""
        place = self.place.after(answer)
        return None if place is None else replace(self, place=place)


class Fetches(Protocol):
    """What fetches pages: a core."""

    def fetch(self, call: ListCall[T]) -> Page[T]:
        """Fetch one page of a list."""
        ...


class AsyncFetches(Protocol):
    """The same for tasks."""

    async def fetch(self, call: ListCall[T]) -> AsyncPage[T]:
        """Fetch one page of a list."""
        ...


class _Page(Generic[T]):
    """What the pages of both clients have."""

    __slots__ = ("_next", "answer")

    def __init__(self, call: ListCall[T], answer: ListAnswer[T]) -> None:
        self._next = call.after(answer)
        self.answer: Any = answer
        """The answer of the service, ``models.…Page``: for what it has beside its items."""

    @property
    def items(self) -> Sequence[T]:
        """The items of this page."""
        return cast("Sequence[T]", self.answer.items)

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return self._next is not None

    @property
    def next_cursor(self) -> str | None:
        """What to pass as ``cursor`` to begin with the next page; None on the last, and in numbered lists."""
        return self._next.place.cursor if self._next is not None else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.items)} items, has_more={self.has_more})"


class Page(_Page[T]):
    """A page of a list; iterating goes on with the pages after it, each fetched when it is reached."""

    __slots__ = ("_core",)

    def __init__(self, core: Fetches, call: ListCall[T], answer: ListAnswer[T]) -> None:
        super().__init__(call, answer)
        self._core = core

    def next_page(self) -> Page[T] | None:
        """Fetch the next page; None, without a request, after the last.

        Raises:
            PennylaneError: it cannot be had, or the list has no end; see :mod:`.errors`.
        """
        return None if self._next is None else self._core.fetch(self._next)

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.items
            page = page.next_page()


class AsyncPage(_Page[T]):
    """A page of a list, for tasks: ``async for`` goes on with the pages after it."""

    __slots__ = ("_core",)

    def __init__(self, core: AsyncFetches, call: ListCall[T], answer: ListAnswer[T]) -> None:
        super().__init__(call, answer)
        self._core = core

    async def next_page(self) -> AsyncPage[T] | None:
        """Fetch the next page; None, without a request, after the last.

        Raises:
            PennylaneError: it cannot be had, or the list has no end; see :mod:`.errors`.
        """
        return None if self._next is None else await self._core.fetch(self._next)

    async def __aiter__(self) -> AsyncIterator[T]:
        page: AsyncPage[T] | None = self
        while page is not None:
            for item in page.items:
                yield item
            page = await page.next_page()


class AsyncPages(Generic[T]):
    """A list that is not fetched yet: ``await`` gives its first page, ``async for`` all of its items."""

    __slots__ = ("_call", "_core")

    def __init__(self, core: AsyncFetches, call: ListCall[T]) -> None:
        self._core = core
        self._call = call

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return self._core.fetch(self._call).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item


def _check_items(answer: Any, operation: str) -> None:
    items: object = getattr(answer, "items", None)
    if not is_list(items):
        raise _broken(operation, "a page of the list has no items")
    if len(items) > MOST_ITEMS:
        raise _broken(operation, f"a page of the list has {len(items)} items, more than {MOST_ITEMS}")


def _broken(operation: str, what: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(what, operation=operation)
