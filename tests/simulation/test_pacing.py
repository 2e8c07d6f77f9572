# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the figures for fleets are based on: workers side by side, and EC2's buckets."""

from __future__ import annotations

import pytest

from simulation.ec2 import Request
from simulation.pacing import Buckets
from simulation.pacing import SharedClock
from simulation.pacing import Workers

WRITE = Request("ec2", "eu-central-1", "modify_image_attribute", {})


def test_workers_share_the_time() -> None:
    clock = SharedClock()
    told: list[tuple[float, str]] = []

    def work(name: str, seconds: float) -> str:
        for _pause in range(2):
            clock.sleep(seconds)
            told.append((clock.now, name))
        return name

    names = ["slow", "fast", "next", "last"]
    assert list(Workers(clock, 2).map(work, names, [3.0, 1.0, 1.5, 2.0])) == names
    slow, fast = [(3.0, "slow"), (6.0, "slow")], [(1.0, "fast"), (2.0, "fast")]
    following = [(3.5, "next"), (5.0, "next"), (7.0, "last"), (9.0, "last")]
    assert told == sorted(slow + fast + following)
    assert clock.now == 9.0


def test_an_error_is_raised_when_all_are_done() -> None:
    clock = SharedClock()

    def work(seconds: float) -> None:
        clock.sleep(seconds)
        if seconds == 1.0:
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        list(Workers(clock, 2).map(work, [1.0, 5.0]))
    assert clock.now == 5.0


def test_a_bucket_gives_what_it_holds_and_then_what_it_gets_back() -> None:
    buckets = Buckets()
    assert [buckets.take(WRITE, 0.0) for _attempt in range(101)] == [True] * 100 + [False]
    assert buckets.take(WRITE._replace(region="eu-west-1"), 0.0)
    assert buckets.take(WRITE._replace(operation="modify_snapshot_attribute"), 0.0)
    assert not buckets.take(WRITE, 0.1)
    assert buckets.take(WRITE, 0.2)
    assert not buckets.take(WRITE, 0.2)
