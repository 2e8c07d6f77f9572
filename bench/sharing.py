# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Sharing by policies: the role, the module, boto3 alone, Cloud Custodian; and playbooks that do nothing.

Who takes part, in how many rounds, and what is compared with what lives here.
"""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from bench.budget import exactly
from bench.catalogue import Catalogue
from bench.catalogue import counted
from bench.catalogue import requests
from bench.custodian import custodian
from bench.custodian import version
from bench.report import Goal
from bench.report import Section
from bench.side_by_side import HEAD
from bench.side_by_side import Measured
from bench.side_by_side import row
from bench.stage import Run
from bench.stage import Stage
from bench.stage import seconds_of

ROLE = "amikit.aws.ami_sharing, the role"
REPORT = "the role, with its report"
MODULE = "amikit.aws.ec2_ami_sharing"
BARE = "boto3, 16 threads, verifying"
CUSTODIAN = "Cloud Custodian, images only"
EMPTY = "an empty playbook"
PING = "a playbook of one ping"
OURS = (ROLE, REPORT, MODULE)
NOTHING = {EMPTY: "empty.yml", PING: "ping.yml"}

# Rounds by number of images, and in how many of them Cloud Custodian takes part, which works on one image at a time.
ROUNDS = {1: (7, 3), 200: (5, 1)}
QUICK = {1: (2, 1), 200: (1, 0)}
MANY = 200


@dataclass
class Turns:
    """The runs of every contestant at one work, and how many requests of this collection's were DryRuns."""

    work: Catalogue
    measured: Measured = field(default_factory=lambda: defaultdict(list))
    dry_runs: Counter[str] = field(default_factory=Counter)

    @property
    def label(self) -> str:
        return f"{self.work.what}, {self.work.case}"

    def seconds(self, name: str) -> float:
        return seconds_of(self.measured[name])


def sharing(stage: Stage, quick: bool, rounds: int | None) -> Section:
    all_turns = []
    for images, (all_rounds, few) in (QUICK if quick else ROUNDS).items():
        for done in (False, True):
            turns = Turns(Catalogue(images, 3, done))
            take_turns(stage, turns, rounds or all_rounds, few)
            all_turns.append(turns)
    rows = [HEAD]
    goals: list[Goal] = []
    for turns in all_turns:
        rows += [row(turns.work, name, runs) for name, runs in turns.measured.items()]
        goals += _goals(turns)
    print(f"\nFor the table of README.md:\n\n{readme(all_turns)}\n", flush=True)
    return Section("Sharing by policies", rows, goals, [_NOTE, _CUSTODIAN.format(version=version())])


_NOTE = (
    "Three policies select all images, and each shares them, and the snapshot that each has, with another account. In"
    " the case *change* nothing is shared at first; in *no change* all is. boto3 alone makes the requests that the"
    " module may make, verifying ones too, and neither validates, guards nor reports. The role is run by"
    " `ansible-playbook amikit.aws.share`, the module in a playbook of one task."
)
_CUSTODIAN = (
    "Cloud Custodian (c7n {version}) runs three policies with the action `set-permissions`, which shares images"
    " and not their snapshots. It searches once for all policies, does not read whom an image is shared with, so that"
    " it writes as much when nothing is to be changed, and does not verify. It works on one image after another."
)


def take_turns(stage: Stage, turns: Turns, rounds: int, few: int) -> None:
    """Run each contestant once in each round. Every round begins with another, so that none is always first."""
    names = contestants(turns.work)
    turns.measured.update({name: [] for name in names if name != CUSTODIAN or few})
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            if name != CUSTODIAN or number < few:
                label = f"{turns.work.images}, {turns.work.case}, round {number + 1}: {name}"
                turns.measured[name].append(_run(stage, label, name, turns.work))
                turns.dry_runs[name] += dry_runs(stage) if name in OURS else 0


def contestants(work: Catalogue) -> list[str]:
    report = [REPORT] if work.images == 1 else []
    return [ROLE, *report, MODULE, BARE, CUSTODIAN, EMPTY, PING]


def dry_runs(stage: Stage) -> int:
    return sum(request["dry_run"] for request in stage.ec2.requests())


def _run(stage: Stage, label: str, name: str, work: Catalogue) -> Run:
    if name in NOTHING:
        return stage.run(label, stage.playbook(NOTHING[name]), work)
    if name == CUSTODIAN:
        images = replace(work, snapshots=False)
        return stage.run_whole(label, custodian(stage.directory, images), images)
    role = ["ansible-playbook", "amikit.aws.share", *stage.playbook("sharing.yml")[2:]]
    command = {
        ROLE: role,
        REPORT: [*role, "-e", f"ami_sharing_report={stage.directory / 'sharing.html'}"],
        MODULE: stage.playbook("sharing.yml"),
        BARE: stage.program("bare_sharing.py"),
    }[name]
    return stage.run_whole(label, command, work)


def _goals(turns: Turns) -> list[Goal]:
    ours = [name for name in OURS if name in turns.measured]
    goals = [exactly(f"{turns.label}, {name}", requests(turns.work), turns.measured[name]) for name in ours]
    sent = sum(turns.dry_runs.values())
    goals.append(Goal(f"{turns.label}: DryRuns", str(sent), "0", sent == 0))
    return goals + (_few(turns) if turns.work.images == 1 else _many(turns))


def _few(turns: Turns) -> list[Goal]:
    """One image: most of the time goes by before the first request, as it does in a ping."""
    ping = turns.seconds(PING)
    limits = {ROLE: 2.5, REPORT: 4.5}
    return [
        Goal.at_most(f"{turns.label}, {name}: of a ping", turns.seconds(name) / ping, limit, " x")
        for name, limit in limits.items()
    ]


def _many(turns: Turns) -> list[Goal]:
    floor = turns.seconds(EMPTY) + turns.seconds(BARE)
    limits = {MODULE: 1.15, ROLE: 1.35}
    return [
        Goal.at_most(
            f"{turns.label}, {name}: of boto3 alone and an empty playbook", turns.seconds(name) / floor, limit, " x"
        )
        for name, limit in limits.items()
    ]


def readme(all_turns: list[Turns]) -> str:
    """Return a table of the medians: a row for each contestant, a column for each work."""
    heads = [f"{counted(turns.work.images, 'image')}, {turns.work.case}" for turns in all_turns]
    rows = [["three policies, snapshots too", *heads, f"requests for {MANY}, change"], ["---"] * (len(heads) + 2)]
    for name in (ROLE, MODULE, BARE, CUSTODIAN, EMPTY):
        runs = [turns.measured.get(name, []) for turns in all_turns]
        times = [f"{seconds_of(each):.1f} s" if each else "" for each in runs]
        sent = next((sum(each[0].requests.values()) for each in runs[2:] if each), None)
        rows.append([name, *times, "" if sent is None else f"{sent:,}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
