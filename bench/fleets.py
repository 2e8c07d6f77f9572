# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleets: many Regions, EC2's token buckets, a thousand images, twelve thousand accounts.

Each function measures one of them, of this module alone, and returns its section of the page.
"""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from dataclasses import dataclass

from bench.lines import sent
from bench.lines import within
from bench.report import Section
from bench.side_by_side import ACCOUNTS
from bench.stage import FailedError
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work
from bench.stage import cpu_of
from bench.stage import peak_of
from bench.stage import ratio_of
from bench.stage import requests_of
from bench.stage import seconds_of

TEN_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1"),
    *("eu-west-1", "eu-west-2", "eu-central-1", "ap-southeast-2", "ap-northeast-1"),
)

# (size, refill a second) of the buckets of an action in a Region (EC2 Developer Guide, "Request throttling").
READS = (100, 20)
WRITES = (100, 5)


def regions(stage: Stage) -> Section:
    """The same number of images in ten Regions and in one."""
    works = [Work(100, ACCOUNTS), Work(100, ACCOUNTS, regions=TEN_REGIONS)]
    runs: list[list[Run]] = [[] for _work in works]
    for number in range(stage.rounds):
        for work, measured in zip(works, runs, strict=True):
            label = f"100 images, Regions: {len(work.regions)}, round {number + 1}"
            measured.append(stage.run_whole(label, stage.playbook("attribute.yml"), work))
    rows = [["Regions", "images", "seconds", "CPU seconds", "runs", "requests", "peak MB"]]
    goals = [within("100 images in ten Regions: of the time in one", ratio_of(runs[1], runs[0]))]
    for work, measured in zip(works, runs, strict=True):
        spent = [f"{seconds_of(measured):.2f}", f"{cpu_of(measured):.2f}", str(len(measured))]
        rows.append([str(len(work.regions)), "100", *spent, requests_of(measured), f"{peak_of(measured):.0f}"])
        goals.append(sent(f"100 images, Regions: {len(work.regions)}: requests", (run.requests for run in measured)))
    return Section("Ten Regions", rows, goals, ["One task, 16 requests in flight over all Regions together."])


def buckets(stage: Stage) -> Section:
    """More images than EC2's token buckets hold."""
    work = Work(200, ACCOUNTS)
    what, least = f"{work.images} images under the token buckets", allowed(work.images)
    label = f"{what} ({least:.0f} s at least)"
    run = stage.run(label, stage.program("module_process.py"), work, buckets=True)
    failed = len(work.unshared(stage.ec2))
    requests = stage.ec2.requests()
    throttled = sum(request["code"] == "RequestLimitExceeded" for request in requests)
    share = 100 * throttled / len(requests)
    goals = [
        within(f"{what}: of the time that they allow", run.seconds / least),
        within(f"{what}: requests throttled", share),
        within(f"{what}: failed", failed or abs(run.status)),
    ]
    rows = [["images", "seconds", "the buckets allow", "requests", "throttled"]]
    rows.append([str(work.images), f"{run.seconds:.1f}", f"{least:.1f}", requests_of([run]), str(throttled)])
    return Section("Under EC2's token buckets", rows, goals, [_BUCKETS])


_BUCKETS = (
    f"The module as a process of its own. EC2 lets through {READS[0]} reads of a kind at once and {READS[1]} a second"
    f" from then on, and {WRITES[0]} and {WRITES[1]} of ModifyImageAttribute. So *n* images take"
    f" (n - {READS[0]}) / {READS[1]} s of reading, then (n - {WRITES[0]}) / {WRITES[1]} s of writing, then reading"
    " again with what the bucket of the reads has regained meanwhile. Nothing is allowed for latency or for starting"
    " Python."
)


def allowed(images: int) -> float:
    """Seconds that the buckets allow for reading, writing and reading again, each phase after the one before."""
    read, write = (max(0, images - size) / refill for size, refill in (READS, WRITES))
    regained = min(READS[0], max(0, READS[0] - images) + write * READS[1])
    return read + write + max(0, images - regained) / READS[1]


def thousand(stage: Stage) -> Section:
    """Memory of the module, and CPU of its own part of the work."""
    work = Work(1000, 200)
    what = f"{work.images:,} images x {work.accounts} accounts"
    run = stage.run_whole(f"{what}, --diff", stage.program("module_process.py"), work, latency=0)
    planned = stage.run(f"{what}, planning and presenting only", stage.program("planning.py"), work)
    if planned.status != 0:
        raise FailedError(f"planning.py: exit status {planned.status}\n{planned.output}")
    spent: dict[str, float] = json.loads(planned.output)
    goals = [
        within(f"{what}: peak memory of the module", run.peak),
        within(f"{what}: CPU of planning and presenting", sum(spent.values())),
        sent(f"{what}: requests", [run.requests]),
    ]
    rows = [["images", "accounts", "seconds", "peak MB", *(f"CPU s of {name}" for name in spent)]]
    figures = [f"{run.seconds:.1f}", f"{run.peak:.0f}", *(f"{seconds:.2f}" for seconds in spent.values())]
    rows.append([str(work.images), str(work.accounts), *figures])
    note = "The module as a process of its own, with `--diff`, without latency; the CPU of its pure parts in another."
    return Section("A thousand images", rows, goals, [note])


@dataclass(frozen=True)
class Careful(Work):
    """A task that asks EC2 about all of it first, and keeps a backup."""

    backup: str = ""

    @property
    def described(self) -> dict[str, t.Any]:
        return {**super().described, "options": {"preflight": True, "backup": self.backup}}


def care(stage: Stage) -> Section:
    """What preflight and backup add."""
    careful = Careful(images=100, accounts=50, backup=str(stage.directory / "careful.json"))
    runs = {
        "neither": stage.run_whole("100 images, neither", stage.program("module_process.py"), Work(100, 50)),
        "preflight and backup": stage.run_whole("100 images, both", stage.program("module_process.py"), careful),
    }
    asked = Counter(request["action"] for request in stage.ec2.requests() if request["dry_run"])
    work = Work(1000, 200)
    what = f"backup of {work.images:,} images x {work.accounts} accounts"
    written = stage.run(what, stage.program("backing_up.py"), work)
    if written.status != 0:
        raise FailedError(f"backing_up.py: exit status {written.status}\n{written.output}")
    spent: dict[str, float] = json.loads(written.output)
    goals = [
        sent(f"preflight of {careful.images} planned requests: DryRuns", [asked]),
        within(f"{what}: adds", spent["seconds"]),
    ]
    rows = [["images", "accounts", "with", "seconds", "requests"]]
    rows += [["100", "50", name, f"{run.seconds:.2f}", requests_of([run])] for name, run in runs.items()]
    note = (
        f"The backup of {work.images:,} images is a file of {spent['MB']:.1f} MB. Making, writing and flushing it is"
        " measured in a process of its own, so that the requests of a run do not hide it."
    )
    return Section("Preflight and backup", rows, goals, [note])


def writes(stage: Stage) -> Section:
    """More accounts than one request takes."""
    work = Work(1, 12_000)
    program, quota = stage.program("module_process.py"), work.accounts
    run = stage.run_whole("12,000 accounts on one image", program, work, sharing_quota=quota)
    rows = [["accounts", "seconds", "requests", "peak MB"]]
    rows.append([f"{work.accounts:,}", f"{run.seconds:.2f}", requests_of([run]), f"{run.peak:.0f}"])
    return Section("Twelve thousand accounts", rows, [sent("12,000 accounts on one image: requests", [run.requests])])
