"""Virtual time: tasks of which exactly one runs, each until it sleeps, in an order that nothing disturbs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import Any

_NEVER = float("inf")


class Task:
    """One thread of control. ``process`` is the simulated process that it belongs to."""

    def __init__(self, process: Any, turn: int) -> None:
        self.process = process
        self.turn = turn
        self.wake = 0.0
        self.waiter: Task | None = None
        self.done = False
        self.error: BaseException | None = None
        self.baton = threading.Semaphore(0)


class Loop:
    """Runs the task that wakes first; time passes only when all of them sleep.

    Real threads carry the tasks, because what is simulated is ordinary blocking code, but they hand one baton
    around: the order is a function of the sleeps alone.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._turns = count()
        self.current = Task(None, next(self._turns))
        self._tasks = [self.current]

    def sleep(self, seconds: float) -> None:
        """Let others run until ``seconds`` have passed."""
        me = self.current
        me.wake = self.now + max(0.0, seconds)
        me.turn = next(self._turns)
        self._pass_on(me)

    def spawn(self, work: Callable[[], object], process: Any = None) -> Task:
        """Begin ``work`` as a task of ``process``, by default of the one that asks."""
        task = Task(process or self.current.process, next(self._turns))
        task.wake = self.now
        self._tasks.append(task)
        threading.Thread(target=self._run, args=(task, work), daemon=True).start()
        return task

    def join(self, tasks: Sequence[Task]) -> None:
        """Wait until all ``tasks`` have ended."""
        me = self.current
        for task in tasks:
            while not task.done:
                task.waiter, me.wake = me, _NEVER
                self._pass_on(me)

    def join_any(self, tasks: Sequence[Task]) -> None:
        """Wait until one of ``tasks`` has ended."""
        me = self.current
        while not any(task.done for task in tasks):
            for task in tasks:
                task.waiter = me
            me.wake = _NEVER
            self._pass_on(me)
        for task in tasks:
            task.waiter = None

    def _run(self, task: Task, work: Callable[[], object]) -> None:
        task.baton.acquire()
        try:
            work()
        except BaseException as error:
            task.error = error
        task.done = True
        self._tasks.remove(task)
        if task.waiter:
            task.waiter.wake, task.waiter = self.now, None
        self._next().baton.release()

    def _pass_on(self, me: Task) -> None:
        following = self._next()
        if following is not me:
            following.baton.release()
            me.baton.acquire()

    def _next(self) -> Task:
        following = min(self._tasks, key=lambda task: (task.wake, task.turn))
        assert following.wake < _NEVER, "every task waits for another"
        self.now = max(self.now, following.wake)
        self.current = following
        return following


class Pool:
    """An executor whose threads are tasks of ``loop``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._tasks = list[Task]()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.join(self._tasks)

    def submit(self, work: Callable[[], object]) -> Future:
        """Begin ``work``; never more of it than there are workers."""
        future = Future(self._loop.spawn(work))
        self._tasks.append(future.task)
        return future

    def wait_for_any(self, futures: Collection[Future]) -> None:
        """Wait until one of ``futures`` is done."""
        self._loop.join_any([future.task for future in futures])


class Future:
    """What becomes of a piece of work."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def done(self) -> bool:
        return self.task.done

    def result(self) -> None:
        if self.task.error:
            raise self.task.error
