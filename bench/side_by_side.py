# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Side by side: the same work by this module, amazon.aws.ec2_ami in a loop, and boto3 alone; and an empty playbook.

Who takes part, in how many rounds, and what is compared with what lives here.
"""

from __future__ import annotations

from collections import defaultdict

from bench.lines import sent
from bench.lines import within
from bench.report import Goal
from bench.report import Section
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work
from bench.stage import cpu_of
from bench.stage import peak_of
from bench.stage import ratio_of
from bench.stage import requests_of
from bench.stage import seconds_of

ACCOUNTS = 50
OURS = "amikit.aws.ec2_ami_attribute"
LOOP = "amazon.aws.ec2_ami in a loop"
BARE = "boto3, 16 threads"
EMPTY = "an empty playbook"
CONTESTANTS = [OURS, LOOP, BARE, EMPTY]

HEAD = ["images", "case", "contestant", "seconds", "from, to", "CPU seconds", "runs", "requests", "peak MB"]

Measured = dict[str, list[Run]]


def side_by_side(stage: Stage) -> Section:
    rows = [HEAD]
    goals: list[Goal] = []
    for images in (1, 20, 100):
        for done in (False, True):
            work = Work(images, ACCOUNTS, done)
            measured = take_turns(stage, work)
            rows += [row(work, name, measured[name]) for name in CONTESTANTS if measured[name]]
            goals += _goals(work, measured)
    note = (
        f"The images are to be shared with {ACCOUNTS} accounts. In the case *change* nothing is shared at first; in"
        " *no change* all is. boto3 alone reads, compares and writes. This module also plans everything before it"
        " writes anything, verifies each write by reading again, and reports every image. ec2_ami takes a second for"
        " each image, so its loop runs over 20 images once and not over 100, and where nothing is to be changed not at"
        " all."
    )
    return Section("Side by side", rows, goals, [note])


def loops(stage: Stage, work: Work) -> int:
    """Return in how many rounds the loop takes part."""
    if work.done or work.images > 20:
        return 0
    return stage.rounds if work.images == 1 else int(stage.slow)


def take_turns(stage: Stage, work: Work) -> Measured:
    """Run each contestant once in each round. Every round begins with another, so that none is always first."""
    measured: Measured = defaultdict(list)
    loop_rounds = loops(stage, work)
    for number in range(stage.rounds):
        first = number % len(CONTESTANTS)
        for name in CONTESTANTS[first:] + CONTESTANTS[:first]:
            if name != LOOP or number < loop_rounds:
                label = f"{_what(work)}, round {number + 1}: {name}"
                measured[name].append(_run(stage, label, name, work))
    return measured


def _run(stage: Stage, label: str, name: str, work: Work) -> Run:
    if name == EMPTY:
        return stage.run(label, stage.playbook("empty.yml"), work)
    command = {
        OURS: stage.playbook("attribute.yml"),
        LOOP: stage.playbook("ec2_ami.yml"),
        BARE: stage.program("bare.py"),
    }[name]
    return stage.run_whole(label, command, work)


def row(work: Work, name: str, runs: list[Run]) -> list[str]:
    times = sorted(run.seconds for run in runs)
    spent = [f"{seconds_of(runs):.2f}", f"{times[0]:.2f}, {times[-1]:.2f}", f"{cpu_of(runs):.2f}"]
    return [str(work.images), work.case, name, *spent, str(len(runs)), requests_of(runs), f"{peak_of(runs):.0f}"]


def _goals(work: Work, measured: Measured) -> list[Goal]:
    what = _what(work)
    goals = [sent(f"{what}: requests", (run.requests for run in measured[OURS]))]
    if work.images == 1 and not work.done:
        goals.append(within(f"{what}: of ec2_ami's time", ratio_of(measured[OURS], measured[LOOP])))
    if work.images == 100:
        floor = seconds_of(measured[BARE]) + seconds_of(measured[EMPTY])
        goals.append(within(f"{what}: of boto3 alone and an empty playbook", seconds_of(measured[OURS]) / floor))
    return goals


def _what(work: Work) -> str:
    return f"{work.images} image{'s' if work.images > 1 else ''}, {work.case}"
