"""Many seeds, on all cores: counted by kind of change, and every failure with its seed."""

from __future__ import annotations

import gc
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryDirectory

from pennyform.codegen import client as emitter
from pennyform.codegen.client import Importer

from .batch import type_errors
from .episode import Verdict, play
from .package import fast

# Seeds whose types are checked at once.
_CHUNK = 250


@dataclass
class Campaign:
    """What all seeds came to."""

    seeds: int = 0
    operations: int = 0
    skipped: int = 0
    calls: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    failures: list[Verdict] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count one seed."""
        self.seeds += 1
        self.operations += verdict.operations
        self.skipped += verdict.skipped
        self.calls += verdict.calls
        self.kinds.update({*verdict.kinds, *verdict.ways})
        if verdict.wrong:
            self.failures.append(verdict)


def conduct(
    seeds: Sequence[int],
    *,
    jobs: int = 0,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Campaign:
    """Play ``seeds`` on ``jobs`` processes, by default one per core."""
    started, campaign = time.monotonic(), Campaign()
    jobs = jobs or os.cpu_count() or 1
    size = min(_CHUNK, -(-len(seeds) // jobs))
    parts = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    with TemporaryDirectory(prefix="contracts-") as cache:
        for verdicts, processor in _on(jobs, parts, partial(play_some, cache=cache)):
            campaign.processor += processor
            for verdict in verdicts:
                campaign.add(verdict)
            progress(campaign.seeds, len(seeds))
    campaign.seconds = time.monotonic() - started
    return campaign


def _on(
    jobs: int, parts: Sequence[Sequence[int]], play: Callable[[Sequence[int]], tuple[list[Verdict], float]]
) -> Iterable[tuple[list[Verdict], float]]:
    if jobs == 1 or len(parts) == 1:
        yield from map(play, parts)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(play, parts)


def play_some(seeds: Sequence[int], cache: str = os.devnull) -> tuple[list[Verdict], float]:
    """Play some seeds in this process, and check the types of all of them at once.

    Args:
        seeds: which.
        cache: a folder for what mypy knows of libraries.

    Returns:
        What came of each, and the processor's time in seconds.
    """
    gc.freeze()
    start = _processor()
    prove = emitter.prove
    with fast():
        verdicts = [_played(seed) for seed in seeds]
    emitted = [verdict for verdict in verdicts if verdict.files]
    if emitted:
        # The last step of emitting in full, once.
        try:
            with Importer() as importer:
                prove(emitted[0].files, importer)
        except Exception:
            emitted[0].wrong.append(traceback.format_exc())
    packages = {verdict.seed: (verdict.files, verdict.program.splitlines()) for verdict in emitted}
    errors = type_errors(packages, cache)
    for verdict in verdicts:
        verdict.wrong += errors.get(verdict.seed, [])
        verdict.files = {}
    if -1 in errors:
        verdicts[0].wrong += errors[-1]
    return verdicts, _processor() - start


def _played(seed: int) -> Verdict:
    try:
        return play(seed)
    except Exception:
        verdict = Verdict(seed)
        verdict.wrong.append(traceback.format_exc())
        return verdict


def _processor() -> float:
    """The time that this process and those it started have used."""
    return sum(os.times()[:4])
