"""Several threads that meet a model for the first time at once: a crash of the process, unless they wait."""

from __future__ import annotations

import threading
from typing import Any

from pennylane_company import _codec

ENTERED, GO_ON = threading.Event(), threading.Event()
READINGS: list[str] = []


class Held:
    """An annotation that takes its time to be read."""

    def __class_getitem__(cls, _: Any) -> type[int]:
        READINGS.append(threading.current_thread().name)
        ENTERED.set()
        assert GO_ON.wait(20)
        return int


class Inner(_codec.Request):
    number: Held[int]  # type: ignore[type-arg]


class Outer(_codec.Request):
    inner: Inner


def test_a_class_is_met_by_one_thread_at_a_time() -> None:
    read: list[Any] = []
    done = threading.Event()

    def meet(kind: Any, value: Any) -> None:
        read.append(_codec.convert(value, kind))
        done.set()

    first = threading.Thread(target=meet, daemon=True, args=(Inner, {"number": 1}))
    second = threading.Thread(target=meet, daemon=True, args=(Outer, {"inner": {"number": 2}}))
    first.start()
    assert ENTERED.wait(20)
    second.start()
    # However long this lasts, it must not end: the first has not read the class yet.
    assert not done.wait(0.2)
    GO_ON.set()
    first.join()
    second.join()
    assert len(READINGS) == 1
    assert {type(one) for one in read} == {Inner, Outer}
