# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Beyond one machine: 50,000 images of 20 owner accounts in 30 Regions, under the virtual clock.

Which fleets, what one is compared with, and what follows for forks lives here; how an owner runs is in simulated.py.
"""

from __future__ import annotations

import heapq
import json
import os
import statistics
import subprocess
import time
import typing as t
from collections import Counter
from dataclasses import dataclass
from dataclasses import replace

from bench.catalogue import Catalogue
from bench.lines import shown
from bench.lines import within
from bench.report import Goal
from bench.report import Section
from bench.stage import LATENCY as LOCAL_LATENCY
from bench.stage import FailedError
from bench.stage import Stage
from bench.stage import requests_of


class Owner(t.TypedDict):
    """What simulated.py prints of each."""

    seconds: float
    least: float
    requests: dict[str, int]
    throttled: int
    peak: float


OWNERS, SIMULATED = 20, 2
FORKS = (1, 5, 10, 20)
CORES = os.cpu_count() or 1
LATENCY = (0.15, 0.3)  # seconds, of a request to EC2
# Seconds, and as many of CPU: the role over one image less an empty playbook, of the section "Sharing by policies".
STARTING = 1.3
# 2,500 images of each owner, shared with 50 accounts, and one account more.
ONE_MORE: dict[str, t.Any] = {"images": 2500, "regions": 30, "held": 50, "wanted": 51}
CASES: dict[str, dict[str, t.Any]] = {
    "no change": {**ONE_MORE, "wanted": 50},
    "one account more": ONE_MORE,
    "one account more, `concurrency: 64`": {**ONE_MORE, "concurrency": 64},
    "one account more, images only": {**ONE_MORE, "snapshots": False},
    "first publication, 300 accounts": {**ONE_MORE, "held": 0, "wanted": 300},
    "one account more, 5 Regions": {**ONE_MORE, "regions": 5},
    "one account more, half of the images in one Region": {**ONE_MORE, "at_home": 1250},
    "the same, `concurrency: 64`": {**ONE_MORE, "at_home": 1250, "concurrency": 64},
}


@dataclass(frozen=True)
class Fleet:
    """What the owners of a case took, in virtual seconds but for ``real``. ``cpu`` is of a request, in seconds."""

    owners: list[Owner]
    real: float
    cpu: float
    concurrency: int

    @property
    def requests(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for owner in self.owners:
            counts.update(owner["requests"])
        return dict(counts)

    @property
    def seconds(self) -> float:
        """Of an owner, the median."""
        return statistics.median(owner["seconds"] for owner in self.owners)

    @property
    def least(self) -> float:
        return max(owner["least"] for owner in self.owners)

    @property
    def trips(self) -> float:
        """Of the requests of an owner, side by side, if none had to wait for anything but its answer."""
        return statistics.mean(LATENCY) * sum(self.requests.values()) / len(self.owners) / self.concurrency

    @property
    def throttled(self) -> int:
        return sum(owner["throttled"] for owner in self.owners)

    @property
    def peak(self) -> float:
        return max(owner["peak"] for owner in self.owners)

    @property
    def computing(self) -> float:
        """CPU seconds of all owners together."""
        return sum(self.requests.values()) * self.cpu + len(self.owners) * STARTING

    def within(self, forks: int) -> float:
        """Return the seconds until all owners are done, each on the fork that is free first, on the cores here."""
        free = [0.0] * forks
        for owner in self.owners:
            heapq.heapreplace(free, free[0] + STARTING + owner["seconds"])
        return max(*free, self.computing / CORES)


def fifty_thousand(stage: Stage) -> Section:
    """One case compared with the embedded EC2, and with the CPU that a request took there, the fleets."""
    goals, held, cpu = _held_against(stage, 150)
    note = _NOTE.format(cores=CORES, simulated=SIMULATED, each=OWNERS // SIMULATED)
    rows = [_HEAD]
    for name, options in CASES.items():
        case = {"owners": SIMULATED, "concurrency": 16, "latency": LATENCY, "cpu": cpu, **options}
        few = _simulated(stage, case)
        fleet = replace(few, owners=few.owners * (OWNERS // SIMULATED))
        print(f"  {name:<58}{fleet.real:7.2f} s {sum(fleet.requests.values()):7,d} requests simulated", flush=True)
        rows.append([name, *_figures(fleet)])
    return Section("Fifty thousand images", rows, goals, [note, held])


_HEAD = [
    *("case", "requests", "throttled", "an owner takes", "buckets", "round trips", "x", "CPU of all"),
    *(f"forks: {forks}" for forks in FORKS),
    *("real seconds", "peak MB"),
]
_NOTE = (
    "20 owner accounts with 2,500 images each, spread over 30 Regions unless the case says otherwise, and one policy"
    " that shares all of them and the snapshot of each: a run of the engine for each owner, on a virtual clock, against"
    " an EC2 in memory that has EC2's buckets and answers after 150 to 300 ms. botocore's adaptive mode is its own"
    " code. Owners differ only by chance: {simulated} are simulated, and each stands for {each}. Times are seconds."
    " Under *buckets* is what the emptiest one needs at least, under *round trips* what the latency of all requests"
    " does at that `concurrency`, and *x* is how many times the greater of them an owner takes. Owners are spread over"
    " the forks of one node; where its {cores} cores would need longer for the CPU of all owners, that is the time."
    " Real seconds are what the measurement took, and the peak is that of the process of one owner, with its EC2 in"
    " it."
)
_HELD = (
    "Held against the embedded EC2 with the same buckets: {images} images with a snapshot each, in one Region, 50 ms of"
    " latency. The module as a process of its own took {real}. The simulation says {simulated}. A request took"
    " {cpu:.1f} ms of CPU, which the simulated ones take, too."
)


def _figures(fleet: Fleet) -> list[str]:
    share = 100 * fleet.throttled / sum(fleet.requests.values())
    ratio = f"{fleet.seconds / max(fleet.least, fleet.trips):.2f}"
    waits = [*(f"{each:,.0f}" for each in (fleet.seconds, fleet.least, fleet.trips)), ratio, f"{fleet.computing:,.0f}"]
    forks = [f"{fleet.within(forks):,.0f}" for forks in FORKS]
    return [shown(fleet.requests), f"{share:.1f} %", *waits, *forks, f"{fleet.real:.0f}", f"{fleet.peak:.0f}"]


def _held_against(stage: Stage, images: int) -> tuple[list[Goal], str, float]:
    """Return the lines and the note of the comparison, and the CPU seconds of a request."""
    work = Catalogue(images, 50, policies=1)
    program = stage.program("sharing_process.py")
    one = stage.run_whole("one image", program, replace(work, images=1))
    run = stage.run_whole(f"{images} images and snapshots under the token buckets", program, work, buckets=True)
    throttled = sum(request["code"] == "RequestLimitExceeded" for request in stage.ec2.requests())
    cpu = (run.cpu - one.cpu) / sum(run.requests.values())
    case = {
        "owners": 1,
        "images": images,
        "regions": 1,
        "held": 0,
        "wanted": 50,
        "cpu": cpu,
        "latency": (LOCAL_LATENCY, LOCAL_LATENCY),
    }
    fleet = _simulated(stage, {**case, "concurrency": 16})
    real = run.seconds - one.seconds
    apart = abs(fleet.seconds / real - 1) * 100
    goals = [within(f"{images} images simulated: apart from the embedded EC2 by", apart)]
    note = _HELD.format(
        images=images,
        real=f"{real:.1f} s after {one.seconds:.1f} s of starting ({requests_of([run])}; {throttled} throttled)",
        simulated=f"{fleet.seconds:.1f} s ({shown(fleet.requests)}; {fleet.throttled} throttled)",
        cpu=1000 * cpu,
    )
    return goals, note, cpu


def _simulated(stage: Stage, case: dict[str, t.Any]) -> Fleet:
    begun = time.monotonic()
    done = subprocess.run(
        [*stage.program("simulated.py")[:2], json.dumps(case)],
        env=stage.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FailedError(f"simulated.py: exit status {done.returncode}\n{done.stderr[-3000:]}")
    return Fleet(json.loads(done.stdout), time.monotonic() - begun, case["cpu"], case["concurrency"])
