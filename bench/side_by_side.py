# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Side by side: the same work by this module, amazon.aws.ec2_ami in a loop, and boto3 alone; and an empty playbook.

Who takes part, in how many rounds, and what is compared with what lives here.
"""

from __future__ import annotations

from collections import defaultdict

from bench.budget import budget_goal
from bench.report import Goal
from bench.report import Section
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work
from bench.stage import cpu_of
from bench.stage import peak_of
from bench.stage import requests_of
from bench.stage import seconds_of

ACCOUNTS = 50
OURS = "amikit.aws.ec2_ami_attribute"
LOOP = "amazon.aws.ec2_ami in a loop"
BARE = "boto3, 16 threads"
EMPTY = "an empty playbook"
CONTESTANTS = [OURS, LOOP, BARE, EMPTY]

# Rounds by number of images, and in how many of them the loop takes part: with many images it takes minutes.
ROUNDS = {1: (7, 7), 20: (3, 1), 100: (5, 1)}
QUICK = {1: (2, 2), 20: (1, 0), 100: (1, 0)}

HEAD = ["images", "case", "contestant", "seconds", "from, to", "CPU seconds", "runs", "requests", "peak MB"]

Measured = dict[str, list[Run]]


def side_by_side(stage: Stage, quick: bool, rounds: int | None) -> Section:
    rows = [HEAD]
    goals: list[Goal] = []
    for images, (all_rounds, loop_rounds) in (QUICK if quick else ROUNDS).items():
        for done in (False, True):
            work = Work(images, ACCOUNTS, done)
            measured = take_turns(stage, work, rounds or all_rounds, loop_rounds)
            rows += [row(work, name, measured[name]) for name in CONTESTANTS if measured[name]]
            goals += _goals(work, measured)
    note = (
        f"The images are to be shared with {ACCOUNTS} accounts. In the case *change* nothing is shared at first; in"
        " *no change* all is. boto3 alone reads, compares and writes. This module also plans everything before it"
        " writes anything, verifies each write by reading again, and reports every image."
    )
    return Section("Side by side", rows, goals, [note])


def take_turns(stage: Stage, work: Work, rounds: int, loop_rounds: int) -> Measured:
    """Run each contestant once in each round. Every round begins with another, so that none is always first."""
    measured: Measured = defaultdict(list)
    for number in range(rounds):
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
    ours = seconds_of(measured[OURS])
    what = _what(work)
    goals = [budget_goal(what, work, measured[OURS])]
    if work.images == 1 and not work.done:
        goals.append(Goal.at_most(f"{what}: of ec2_ami's time", ours / seconds_of(measured[LOOP]), 0.9, " x"))
    if work.images == 100:
        floor = seconds_of(measured[BARE]) + seconds_of(measured[EMPTY])
        goals.append(Goal.at_most(f"{what}: of boto3 alone and an empty playbook", ours / floor, 1.3, " x"))
    return goals


def _what(work: Work) -> str:
    return f"{work.images} image{'s' if work.images > 1 else ''}, {work.case}"
