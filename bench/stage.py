# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stage: images on the embedded EC2, and one process at a time that works on them, measured.

What is measured, and against what, is not decided here. Nothing large may be imported or kept here: on Linux a process
is charged with the peak memory of the one that started it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from bench.lines import shown
from local_ec2.client import LocalEC2

HERE = Path(__file__).resolve().parent
LATENCY = 0.05  # seconds
ROUNDS = 2


@dataclass(frozen=True)
class Work:
    """Images, spread evenly over the Regions, to be shared with accounts; with ``done`` they are already."""

    images: int
    accounts: int
    done: bool = False
    regions: tuple[str, ...] = ("us-east-1",)

    @property
    def case(self) -> str:
        return "no change" if self.done else "change"

    @property
    def user_ids(self) -> list[str]:
        return [f"{100_000_000_000 + number}" for number in range(self.accounts)]

    @property
    def targets(self) -> list[tuple[str, str]]:
        """(Region, id) of every image."""
        count = len(self.regions)
        return [(self.regions[number % count], f"ami-{number:017x}") for number in range(self.images)]

    @property
    def image_ids(self) -> list[str]:
        """The images as a task names them: without the Region when it is the task's own, as ec2_ami takes them."""
        return [image_id if len(self.regions) == 1 else f"{region}:{image_id}" for region, image_id in self.targets]

    @property
    def described(self) -> dict[str, t.Any]:
        """What a contestant is given."""
        return {"image_ids": self.image_ids, "user_ids": self.user_ids}

    @property
    def seeds(self) -> list[dict[str, t.Any]]:
        """The images as the embedded EC2 is to make them."""
        held = {"launch_permissions": {"user_ids": self.user_ids}} if self.done else {}
        return [{"image_id": image_id, "region": region, **held} for region, image_id in self.targets]

    @property
    def key_seeds(self) -> list[dict[str, t.Any]]:
        """The keys that the images are encrypted under."""
        return []

    def make(self, ec2: LocalEC2) -> None:
        """Make what the work is about on an empty embedded EC2."""
        ec2.seed_keys(*self.key_seeds)
        ec2.seed(*self.seeds)

    def unshared(self, ec2: LocalEC2) -> list[str]:
        """Return the ids of what is not shared as it should be."""
        images = {image_id: ec2.image(image_id, region) for region, image_id in self.targets}
        return [
            image_id
            for image_id, image in images.items()
            if image is None or image["launch_permissions"]["user_ids"] != self.user_ids
        ]


@dataclass(frozen=True)
class Run:
    """One process, and what it cost. ``cpu`` is the seconds of its whole tree, ``peak`` the MB of the largest of it."""

    status: int
    output: str
    seconds: float
    cpu: float
    peak: float
    requests: dict[str, int]


class FailedError(Exception):
    """A contestant did not do its work, so that its time means nothing."""


class Stage:
    """The embedded EC2 and a directory for the work's description. Every run starts from freshly made images.

    Contestants that take turns do so in so many ``rounds``. Those that take half a minute take part if ``slow``.
    """

    def __init__(self, ec2: LocalEC2, directory: Path, *, rounds: int = ROUNDS, slow: bool = True) -> None:
        self.ec2 = ec2
        self.directory = directory
        self.rounds = rounds
        self.slow = slow
        self.collections = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
        self.work_file = directory / "work.json"

    def playbook(self, name: str) -> list[str]:
        return ["ansible-playbook", str(HERE / name), "-e", f"@{self.work_file}"]

    def program(self, name: str) -> list[str]:
        return [sys.executable, str(HERE / name), str(self.work_file)]

    def run(self, label: str, command: list[str], work: Work, **switches: t.Any) -> Run:
        """Make the images, run the command on them, and say in a line what it cost."""
        self._prepare(work, switches)
        run = self._measured(command)
        cost = (
            f"{run.seconds:7.2f} s {run.cpu:6.2f} s of CPU {sum(run.requests.values()):5d} requests  {run.peak:4.0f} MB"
        )
        print(f"  {label:<58}{cost}{'' if run.status == 0 else '  FAILED'}", flush=True)
        return run

    def run_whole(self, label: str, command: list[str], work: Work, **switches: t.Any) -> Run:
        """Like run, of a command that must share every image: raise FailedError when it did not."""
        run = self.run(label, command, work, **switches)
        if run.status != 0:
            raise FailedError(f"{label}: exit status {run.status}\n{run.output[-3000:]}")
        unshared = work.unshared(self.ec2)
        if unshared:
            raise FailedError(f"{label}: {unshared[0]} is not shared as it should be")
        return run

    def _prepare(self, work: Work, switches: dict[str, t.Any]) -> None:
        self.ec2.reset()
        work.make(self.ec2)
        self.ec2.switch(**{"latency": LATENCY, **switches})
        self.work_file.write_text(json.dumps(work.described), encoding="utf-8")

    def _measured(self, command: list[str]) -> Run:
        with tempfile.TemporaryFile() as output:
            begun = time.monotonic()
            process = subprocess.Popen(
                command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(max(0, output.tell() - 10_000))
            text = output.read().decode(errors="replace")
        cpu = usage.ru_utime + usage.ru_stime
        return Run(process.returncode, text, seconds, cpu, usage.ru_maxrss / 1024, self.ec2.summary())

    def environment(self) -> dict[str, str]:
        # A program is no module that Ansible has packed, so it finds the collection by Python's own means.
        paths = [self.collections, str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        found = {
            "ANSIBLE_COLLECTIONS_PATH": self.collections,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        return {**os.environ, **self.ec2.environment(), **found, "ANSIBLE_NOCOLOR": "1"}


def seconds_of(runs: t.Sequence[Run]) -> float:
    """Return the median of their wall times."""
    return statistics.median(run.seconds for run in runs)


def ratio_of(runs: t.Sequence[Run], others: t.Sequence[Run]) -> float:
    """Return the time of these runs as a fraction of the others' time."""
    return seconds_of(runs) / seconds_of(others)


def peak_of(runs: t.Sequence[Run]) -> float:
    return statistics.median(run.peak for run in runs)


def cpu_of(runs: t.Sequence[Run]) -> float:
    return statistics.median(run.cpu for run in runs)


def requests_of(runs: t.Sequence[Run]) -> str:
    """Return their requests by action, in each form that occurred."""
    return " or ".join(dict.fromkeys(shown(run.requests) for run in runs))
