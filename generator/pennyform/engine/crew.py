"""Several invoices at a time, so that a slow answer does not leave the rate unused.

Each invoice is one piece of work: its steps stay in order, whoever else is being served.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def each(work: Callable[[T], object], items: Sequence[T], *, workers: int) -> None:
    """Do ``work`` on every item, up to ``workers`` of them at once; with one worker, in order.

    Whatever ``work`` raises is raised here, after what was begun has ended; what was not begun is left.
    """
    if workers == 1 or len(items) == 1:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            for done in [pool.submit(work, item) for item in items]:
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
