"""Virtual time: tasks of which exactly one runs, each until it sleeps, in an order that nothing disturbs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")
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


def crew(loop: Loop) -> Callable[..., None]:
    """What stands in for :func:`pennyform.engine.crew.each`: the same, in tasks of ``loop``."""

    def each(work: Callable[[T], object], items: Sequence[T], *, workers: int) -> None:
        queue, errors = deque(items), list[BaseException]()

        def take() -> None:
            while queue and not errors:
                try:
                    work(queue.popleft())
                except BaseException as error:
                    errors.append(error)

        if workers == 1 or len(items) == 1:
            take()
        else:
            loop.join([loop.spawn(take) for _ in range(min(workers, len(items)))])
        if errors:
            raise errors[0]

    return each
