"""The simulation with journals in a database, whose connections are lost besides: the same oracles."""

from __future__ import annotations

import os
import random
from pathlib import Path

import psycopg
import pytest

from tests.simulation.episode import play

from .test_lost_connections import Network

_ALL = os.environ.get("PENNYFORM_TESTS_POSTGRESQL") == "needed"
# What happens to processes, to the network and among people; a disk has nothing to do with these journals.
KINDS = (
    "none",
    "killed before a request",
    "killed after a request",
    "killed, and look-ups lag behind",
    "interrupted by Ctrl-C",
    "a second apply on this machine",
    "a second apply on another machine",
    "everything is 503 for a while",
    "delivered late",
    "slow answers",
    "the machine's clock jumps",
    "a person edits a draft",
)
_SEEDS = 3 if _ALL else 1


@pytest.mark.parametrize("kind", KINDS if _ALL else KINDS[1:8:3])
def test_everything_once_whatever_happens(
    kind: str, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(_SEEDS):
        with psycopg.connect(own_database) as connection:
            connection.execute("TRUNCATE pennyform.lease CASCADE")
        rng = random.Random(f"{kind} {seed}")
        network = Network(rng.randint(1, 40), rng.choice(("before", "after")))
        with network.installed():
            verdict = play(seed, only=kind, database=own_database)
        assert verdict.wrong == [], f"seed {seed}"
        assert network.count, "the journal is not in the database"
