"""An account that is asked again only for what changed since the last plan.

A question that was asked before is answered from memory, once the changelog has been heard: it tells which
records were made, changed or deleted, and only those are read again. A changelog is some seconds behind, so
the last minute before the memory was made is heard again, and only plans are made from memory: whatever
writes or verifies reads the account itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pennyform.engine.account.cache_file import Contents, Known, KnownInvoice
from pennyform.engine.account.client import AccountClient, Change
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.limits import PAGE

# More than a changelog was ever seen to be behind: 1 to 4 seconds.
OVERLAP = timedelta(seconds=60)
# The service keeps changes for 4 weeks.
KEPT = timedelta(weeks=4) - timedelta(hours=1)
# Pages of invoices of dates that are new to the memory; with more of them, all are read anew.
_MOST_PAGES = 20


class CachedAccountClient(AccountClient):
    """The account behind ``remote``, and what is known of it.

    Args:
        remote: the account.
        contents: what the last plan saw; kept up to date here.
        volatile: references of invoices of which something is looked at that no changelog tells of.
    """

    def __init__(self, remote: AccountClient, contents: Contents, volatile: Collection[str] = ()) -> None:
        super().__init__(remote._client)
        self._known = contents
        self._volatile = frozenset(volatile)
        self._heard: set[str] = set()
        now = _moment(self._client.server_date)
        self._since = _start(contents.as_of, now)
        if self._since is None:
            self._known = Contents()
        self._as_of = now.isoformat() if now else ""

    def contents(self) -> Contents | None:
        """What is known by now; None when nobody could tell how old it is."""
        self._known.as_of = self._as_of
        return self._known if self._as_of else None

    # --- customers and products ---------------------------------------------------------------------------

    def customers(self, references: Iterable[str]) -> dict[str, Row]:
        """Customers by ``external_reference``; those that do not exist are left out."""
        return self._by_name("customers", references, super().customers, super().customers_by_id)

    def products(self, references: Iterable[str]) -> dict[str, Row]:
        """Products by ``external_reference``; those that do not exist are left out."""
        return self._by_name("products", references, super().products, super().products_by_id)

    def _by_name(
        self,
        kind: str,
        references: Iterable[str],
        look_up: Callable[[Iterable[str]], dict[str, Row]],
        by_id: Callable[[Iterable[int]], dict[int, Row]],
    ) -> dict[str, Row]:
        wanted = set(references)
        known: Known = getattr(self._known, kind)
        if not wanted:
            return {}
        if not self._catch_up(kind, known.rows, lambda ids: _plain(by_id(ids)), anything=bool(known.asked)):
            known.asked, known.rows = set(), {}
        unasked = wanted - known.asked
        known.rows |= _plain({int(row["id"]): row for row in look_up(unasked).values()})
        known.asked |= unasked
        named = {str(row.get("external_reference")): row for row in known.rows.values()}
        return {reference: named[reference] for reference in sorted(wanted) if reference in named}

    # --- invoices -----------------------------------------------------------------------------------------

    def invoices_dated(self, first: str, last: str) -> Iterator[list[RemoteInvoice]]:
        """Pages of the invoices dated from ``first`` to ``last``, both included (ISO dates)."""
        self._hear_of_invoices()
        if not self._widen(first, last):
            yield from self._all_dated(first, last)
            return
        rows = self._fresh(
            {id_: one for id_, one in self._known.invoices.items() if first <= _date(one) <= last}
        )
        for start in range(0, len(rows), PAGE):
            yield rows[start : start + PAGE]

    def invoices_with(self, reference: str) -> list[RemoteInvoice]:
        """All invoices that carry ``reference``, with up to 20 of their lines."""
        self._hear_of_invoices()
        if reference not in self._known.asked:
            self._learn(super().invoices_with(reference))
            self._known.asked.add(reference)
        carrying = {
            id_: one
            for id_, one in self._known.invoices.items()
            if one.header.get("external_reference") == reference
        }
        return self._fresh(carrying)

    def exactly(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with all its lines in the order of the document."""
        known = self._known.invoices.get(invoice.id)
        if known is None:
            return super().exactly(invoice)
        if known.lines is None:
            known.lines = [dict(line) for line in super().exactly(invoice).lines]
        return replace(invoice, lines=tuple(known.lines), exact=True)

    def with_sections(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with its sections."""
        known = self._known.invoices.get(invoice.id)
        if known is None:
            return super().with_sections(invoice)
        if known.sections is None:
            known.sections = [dict(one) for one in super().with_sections(invoice).sections or ()]
        return replace(invoice, sections=tuple(known.sections))

    def _all_dated(self, first: str, last: str) -> Iterator[list[RemoteInvoice]]:
        """Read them all; whoever hears them to the end has made these dates known."""
        for page in super().invoices_dated(first, last):
            self._learn(page)
            yield page
        self._known.first, self._known.last = first, last

    def _widen(self, first: str, last: str) -> bool:
        """Whether all invoices of these dates are known by now; reads those of dates next to known ones."""
        known = self._known
        if not known.first:
            return False
        beside = []
        if first < known.first:
            beside.append((first, _next_day(known.first, -1)))
        if last > known.last:
            beside.append((_next_day(known.last, 1), last))
        for start, end in beside:
            for number, page in enumerate(super().invoices_dated(start, end), start=1):
                if number > _MOST_PAGES:
                    return False
                self._learn(page)
        known.first, known.last = min(first, known.first), max(last, known.last)
        return True

    def _hear_of_invoices(self) -> None:
        anything = bool(self._known.first or self._known.asked)
        if not self._catch_up("customer_invoices", self._known.invoices, self._read_again, anything=anything):
            self._known.invoices, self._known.asked = {}, set()
            self._known.first = self._known.last = ""

    def _read_again(self, ids: Iterable[int]) -> dict[int, KnownInvoice]:
        rows = super().invoices_by_id(ids)
        return {id_: _known(row) for id_, row in rows.items()}

    def _learn(self, rows: Iterable[RemoteInvoice]) -> None:
        self._known.invoices |= {row.id: _known(row) for row in rows}

    def _fresh(self, known: Mapping[int, KnownInvoice]) -> list[RemoteInvoice]:
        """The rows in order of their ids, those that no changelog tells everything of read again."""
        again = [id_ for id_, one in known.items() if one.header.get("external_reference") in self._volatile]
        read = super().invoices_by_id(again) if again else {}
        rows = {id_: _shown(one) for id_, one in known.items() if id_ not in again} | read
        return [row for _, row in sorted(rows.items())]

    # --- changes ------------------------------------------------------------------------------------------

    def _catch_up(
        self,
        kind: str,
        rows: dict[int, Any],
        read: Callable[[Iterable[int]], Mapping[int, Any]],
        *,
        anything: bool,
    ) -> bool:
        """Bring what is known of a kind up to date, once; whether it can be relied on."""
        if kind in self._heard or not anything:
            self._heard.add(kind)
            return True
        self._heard.add(kind)
        try:
            changes = self.changes(kind, self._since) if self._since else None
            if changes is None:
                return False
            gone = {one.id for one in changes if one.operation == "delete"}
            stale = {one.id for one in changes if not _is_known(one, rows.get(one.id))} - gone
            found = read(stale) if stale else {}
        except OutcomeError:
            return False
        for id_ in gone | stale:
            rows.pop(id_, None)
        rows |= found
        return True


def _is_known(change: Change, row: Any) -> bool:
    if row is None:
        return False
    header = row.header if isinstance(row, KnownInvoice) else row
    try:
        return datetime.fromisoformat(header["updated_at"]) >= datetime.fromisoformat(change.updated_at)
    except (KeyError, TypeError, ValueError):
        return False


def _start(as_of: str, now: datetime | None) -> datetime | None:
    """From when on changes are to be heard; None when the service has forgotten them, or time is unknown."""
    try:
        start = datetime.fromisoformat(as_of) - OVERLAP
        return start if now and now - KEPT < start <= now else None
    except (ValueError, TypeError, OverflowError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _next_day(text: str, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days=days)).isoformat()


def _date(one: KnownInvoice) -> str:
    return str(one.header.get("date") or "")


def _known(row: RemoteInvoice) -> KnownInvoice:
    return KnownInvoice(dict(row.header), [dict(line) for line in row.lines], row.exact)


def _shown(one: KnownInvoice) -> RemoteInvoice:
    return RemoteInvoice(one.header, tuple(one.listed), exact=one.exact)


def _plain(rows: Mapping[int, Row]) -> dict[int, dict[str, Any]]:
    return {id_: dict(row) for id_, row in rows.items()}
