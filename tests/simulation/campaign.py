"""Many seeds, on all cores: counted by kind of fault, and every failure with the seed that shows it again."""

from __future__ import annotations

import gc
import hashlib
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from .episode import Verdict, play

# Every so many seeds one is played twice, and must leave the same trace.
_TWICE = 50
_CHUNK = 25


@dataclass
class Tally:
    """What the seeds with one kind of fault, and no other, came to."""

    seeds: int = 0
    met: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    calm: Counter[int] = field(default_factory=Counter)
    wrong: int = 0


@dataclass
class Campaign:
    """What all seeds came to."""

    verdicts: int = 0
    runs: int = 0
    requests: int = 0
    invoices: int = 0
    seconds: float = 0.0
    failures: list[Verdict] = field(default_factory=list)
    kinds: dict[str, Tally] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def digest(self) -> str:
        """One value for all traces."""
        return self._hash.hexdigest()[:16]

    def add(self, verdict: Verdict) -> None:
        """Count one seed."""
        self.verdicts += 1
        self.runs += len(verdict.runs)
        self.requests += verdict.requests
        self.invoices += verdict.invoices
        self._hash.update(verdict.digest.encode())
        if verdict.wrong:
            self.failures.append(verdict)
        if verdict.met:
            self.met.update(verdict.kinds)
        if len(verdict.kinds) == 1:
            self._tell(self.kinds.setdefault(verdict.kinds[0], Tally()), verdict)

    def _tell(self, tally: Tally, verdict: Verdict) -> None:
        tally.seeds += 1
        tally.wrong += bool(verdict.wrong)
        if not verdict.met:
            return
        tally.met += 1
        stormy = [place for place, run in enumerate(verdict.runs) if run.stormy]
        tally.endings.update(verdict.runs[place].ending for place in stormy)
        tally.messages.update(filter(None, (verdict.runs[place].message for place in stormy)))
        after = [run for run in verdict.runs[stormy[-1] + 1 :] if run.words[0] == "apply"] if stormy else []
        tally.calm[next((n for n, run in enumerate(after, 1) if run.exit == 0), 0)] += 1


def conduct(
    seeds: Sequence[int],
    *,
    only: str = "",
    jobs: int = 0,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Campaign:
    """Play ``seeds`` on ``jobs`` processes, by default one per core.

    The same seeds give the same campaign, however many processes there are.

    Args:
        seeds: which.
        only: the name of one kind of fault.
        jobs: how many processes.
        progress: is told how many seeds are played, and how many there are.
    """
    started, campaign = time.monotonic(), Campaign()
    jobs = jobs or os.cpu_count() or 1
    parts = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    for verdicts in _on(jobs, parts, only):
        for verdict in verdicts:
            campaign.add(verdict)
        progress(campaign.verdicts, len(seeds))
    campaign.seconds = time.monotonic() - started
    return campaign


def _on(jobs: int, parts: Sequence[Sequence[int]], only: str) -> Iterable[list[Verdict]]:
    some = partial(play_some, only=only)
    if jobs == 1 or len(parts) == 1:
        yield from map(some, parts)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(some, parts)


def play_some(seeds: Sequence[int], *, only: str = "") -> list[Verdict]:
    """Play a few seeds one after the other in this process."""
    gc.freeze()
    return [verdict for seed in seeds for verdict in _played(seed, only)]


def _played(seed: int, only: str) -> Iterator[Verdict]:
    try:
        verdict = play(seed, only=only)
        if seed % _TWICE == 0 and play(seed, only=only).digest != verdict.digest:
            verdict.wrong.append("the same seed left another trace")
    except Exception:
        verdict = Verdict(seed, ())
        verdict.wrong.append(traceback.format_exc())
    for run in verdict.runs:
        run.forget()
    yield verdict
