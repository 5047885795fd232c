"""Bounds: of the API, which are facts, and of the engine, which are choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# The API's: rows per page, rows per page of ledger accounts, lines included with an invoice in a list.
PAGE = 100
LEDGER_PAGE = 1000
INCLUDED_LINES = 20
REQUESTS_PER_PERIOD = 25
# Seconds. The API says 5; the client keeps a little more between a request and the 25th after it.
PERIOD = 5.1

# Rows that one look-up keeps in memory, the lines of invoices among them: some 200 MB.
ROWS = 100_000

# Pages in which invoices with the repository's prefix are looked for that no definition asks for: the newest
# 2,000. At the API's rate, all of them take four seconds.
ORPHAN_PAGES = 20

# Up to this many references are looked up one by one; more of them are looked for in pages of invoices first.
EXACT_LOOKUPS = 25

# Pages of the newest customers that are compared with those about to be created.
CUSTOMER_PAGES = 10

# A customer's card that was read holds for so many invoices that become final, and for so long, in seconds.
CARD_INVOICES = 100
CARD_SECONDS = 60.0

# Whose account the token opens is asked again after so many writes that cannot be taken back, and after so
# many seconds.
COMPANY_WRITES = 100
COMPANY_SECONDS = 60.0

# Invoices that one request reads back.
WAVE = 100

# Drafts to be finalized that are read back together; towards the end of a run fewer and fewer, down to the
# second.
FINALIZE_WAVE = 33
SMALL_WAVE = 10

# Drafts that are written ahead of the invoice that becomes final next. One finalization follows the other,
# so drafts that are left at the end leave the rate unused while they become final.
DRAFTS_AHEAD = 60

# Requests under way at once. Answers of 1.5 s each on average still fill the rate.
WORKERS = 8

# Companies of one repository that a command works on at once, each at its own rate.
COMPANIES = 8

# What is read into memory in one piece: a journal, an attached file.
FILE_BYTES = 1024**3

# A saved plan: some 70,000 invoices of a few lines.
PLAN_BYTES = 256 * 1024**2

# Plans of an agent that the state folder keeps: the oldest are deleted. How long an approval of one holds, in
# seconds.
AGENT_PLANS = 100
APPROVAL_SECONDS = 86_400

# What a journal may grow to within one run, and from what it grew by it is compacted when it is next opened.
JOURNAL_BYTES = 512 * 1024**2
COMPACT_BYTES = 4 * 1024**2

# Outcomes unknown in a row after which nothing new is sent: the API is not well.
UNKNOWN_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the engine waits before it believes what it sees; seconds.

    ``settle`` are the pauses before each look-up after an answer that was lost. Together they outlast a
    request that is still on its way (its time limit) and the lag of reads behind writes, so that only after
    the last of them absence is proven. ``pdf`` are the pauses between attempts at what needs a PDF that is
    still being made. ``lag`` are the pauses before each further reading of an invoice that
    does not look as it was just written. ``attempts`` bounds how often one creation is sent. After ``run``
    nothing new is sent: a day is enough for 200,000 invoices at the API's rate.
    """

    settle: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    lag: tuple[float, ...] = (1.0, 2.0, 4.0)
    attempts: int = 3
    pdf: tuple[float, ...] = (2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0)
    run: float = 86_400.0


def shorten(pauses: Sequence[float], seconds: float) -> tuple[float, ...]:
    """``pauses``, up to ``seconds`` in all; the last one is cut."""
    result: list[float] = []
    for pause in pauses:
        if seconds <= 0:
            break
        result.append(min(pause, seconds))
        seconds -= pause
    return tuple(result)


# The embedded sandbox commits within the call and reads its own writes: there is nothing to wait for.
# Only its PDFs take their time.
IMMEDIATE = Patience(settle=(0.0,), lag=())
