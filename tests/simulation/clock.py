# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time without waiting, and workers without threads.

Every item that an executor is given runs on the timeline of the worker that is free first, and the run goes on when the
last of them has ended. That is what threads do, but for the order in which this process gets round to the items: it is
drawn from a seed. So what happens between items follows from their times alone, and a run can be replayed.
"""

from __future__ import annotations

import heapq
import math
import typing as t
from concurrent.futures import Executor
from random import Random

EPOCH = 1_800_000_000.0  # when a simulation begins, in seconds since 1970: January 2027
Result = t.TypeVar("Result")


class Killed(BaseException):
    """The process was killed. Nothing in the engine may catch it."""


class VirtualClock:
    """A clock that advances only with work and pauses. ``kill_at`` is when the process ends, whatever it is doing."""

    def __init__(self, now: float = 0.0, kill_at: float = math.inf) -> None:
        self.now = now
        self.kill_at = kill_at
        self.slept = 0.0
        self.pauses = 0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return EPOCH + self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept += seconds
        self.pauses += 1
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let something take time; raise Killed if the process is killed before it ends."""
        self.now += seconds
        if self.now >= self.kill_at:
            raise Killed


class VirtualExecutor(Executor):
    """``concurrency`` workers on a virtual clock. Without ``order``, items are begun in the order given."""

    def __init__(self, clock: VirtualClock, concurrency: int, order: Random | None = None) -> None:
        self._clock = clock
        self._concurrency = concurrency
        self._order = order

    def map(
        self,
        fn: t.Callable[..., Result],
        *iterables: t.Iterable[t.Any],
        timeout: float | None = None,  # noqa: ARG002 concurrent.futures' signature
        chunksize: int = 1,  # noqa: ARG002
    ) -> t.Iterator[Result]:
        items = list(zip(*iterables, strict=False))
        numbers = list(range(len(items)))
        if self._order:
            self._order.shuffle(numbers)
        results: dict[int, Result] = {}

        def work(number: int) -> None:
            results[number] = fn(*items[number])

        self._run(work, numbers)
        return iter([results[number] for number in range(len(items))])

    def _run(self, work: t.Callable[[int], None], numbers: t.Sequence[int]) -> None:
        """Run the jobs, each on the worker that is free first. A kill ends only what is under way at that time."""
        clock = self._clock
        free = [clock.now] * min(self._concurrency, len(numbers))
        raised: BaseException | None = None
        for number in numbers:
            clock.now = free[0]
            try:
                clock.advance(0.0)
                work(number)
            except BaseException as error:  # noqa: BLE001 the other workers do not see it
                raised = error if raised is None or isinstance(error, Killed) else raised
            heapq.heapreplace(free, clock.now)
        clock.now = clock.kill_at if isinstance(raised, Killed) else max(free, default=clock.now)
        if raised is not None:
            raise raised
