# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The virtual clock and its workers: time passes as it would for threads."""

from __future__ import annotations

from random import Random

import pytest

from simulation.clock import Killed
from simulation.clock import VirtualClock
from simulation.clock import VirtualExecutor


@pytest.mark.parametrize(("concurrency", "ends"), [(1, 10.0), (2, 6.0), (4, 4.0), (16, 4.0)])
def test_workers_share_the_work(concurrency: int, ends: float) -> None:
    clock = VirtualClock()
    VirtualExecutor(clock, concurrency).map(clock.sleep, [4.0, 2.0, 1.0, 3.0])
    assert clock.now == ends


def test_no_work_takes_no_time() -> None:
    clock = VirtualClock(5.0)
    assert list(VirtualExecutor(clock, 4).map(str, [])) == []
    assert clock.now == 5.0


def test_results_are_in_order_whatever_the_order_of_work() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    executor = VirtualExecutor(VirtualClock(), 2, Random(1))
    assert list(executor.map(work, range(20))) == list(range(20)) == sorted(begun) != begun


def test_a_kill_ends_what_is_under_way_at_that_time_and_nothing_before() -> None:
    clock = VirtualClock(kill_at=3.0)
    done: list[float] = []

    def work(seconds: float) -> None:
        clock.sleep(seconds)
        done.append(seconds)

    with pytest.raises(Killed):
        VirtualExecutor(clock, 2).map(work, [5.0, 1.0, 1.5, 1.0])
    assert (done, clock.now) == ([1.0, 1.5], 3.0)


def test_an_error_of_one_does_not_keep_the_others_from_their_work() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 0:
            raise ValueError(item)
        done.append(item)

    with pytest.raises(ValueError, match="0"):
        VirtualExecutor(VirtualClock(), 1).map(work, range(3))
    assert done == [1, 2]
