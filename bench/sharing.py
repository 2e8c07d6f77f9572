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

from bench.catalogue import Catalogue
from bench.custodian import custodian
from bench.custodian import version
from bench.lines import sent
from bench.lines import within
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

MANY = 200
# What the lines call them.
SHORT = {ROLE: "the role", REPORT: REPORT, MODULE: "the module"}


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


def sharing(stage: Stage) -> Section:
    rows = [HEAD]
    goals: list[Goal] = []
    for images in (1, MANY):
        for done in (False, True):
            turns = Turns(Catalogue(images, 3, done))
            take_turns(stage, turns)
            rows += [row(turns.work, name, runs) for name, runs in turns.measured.items()]
            goals += _goals(turns)
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
    " it writes as much when nothing is to be changed, and does not verify. It works on one image after another. It"
    " runs once over one image and once over many, where nothing is shared at first."
)


def take_turns(stage: Stage, turns: Turns) -> None:
    """Run each contestant once in each round. Every round begins with another, so that none is always first."""
    names = contestants(turns.work, slow=stage.slow)
    turns.measured.update({name: [] for name in names})
    for number in range(stage.rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            if name != CUSTODIAN or number == 0:
                label = f"{turns.work.images}, {turns.work.case}, round {number + 1}: {name}"
                turns.measured[name].append(_run(stage, label, name, turns.work))
                turns.dry_runs[name] += dry_runs(stage) if name in OURS else 0


def contestants(work: Catalogue, *, slow: bool) -> list[str]:
    report = [REPORT] if work.images == 1 else []
    custodian_too = [CUSTODIAN] if not work.done and (slow or work.images == 1) else []
    return [ROLE, *report, MODULE, BARE, *custodian_too, EMPTY, PING]


def dry_runs(stage: Stage) -> int:
    return sum(request["dry_run"] for request in stage.ec2.requests())


def _run(stage: Stage, label: str, name: str, work: Catalogue) -> Run:
    if name in NOTHING:
        return stage.run(label, stage.playbook(NOTHING[name]), work)
    if name == CUSTODIAN:
        images = replace(work, snapshots=False)
        return stage.run_whole(label, custodian(stage.directory, images), images)
    return stage.run_whole(label, command(stage, name), work)


def command(stage: Stage, name: str) -> list[str]:
    role = ["ansible-playbook", "amikit.aws.share", *stage.playbook("sharing.yml")[2:]]
    return {
        ROLE: role,
        REPORT: [*role, "-e", f"ami_sharing_report={stage.directory / 'sharing.html'}"],
        MODULE: stage.playbook("sharing.yml"),
        BARE: stage.program("bare_sharing.py"),
    }[name]


def _goals(turns: Turns) -> list[Goal]:
    ours = (run.requests for name in OURS for run in turns.measured[name])
    goals = [
        sent(f"{turns.label}: requests", ours),
        within(f"{turns.label}: DryRuns", sum(turns.dry_runs.values())),
    ]
    return goals + (_few(turns) if turns.work.images == 1 else _many(turns))


def _few(turns: Turns) -> list[Goal]:
    """One image: most of the time goes by before the first request, as it does in a ping."""
    ping = turns.seconds(PING)
    return [within(f"{turns.label}, {SHORT[name]}: of a ping", turns.seconds(name) / ping) for name in (ROLE, REPORT)]


def _many(turns: Turns) -> list[Goal]:
    floor = turns.seconds(EMPTY) + turns.seconds(BARE)
    return [
        within(f"{turns.label}, {SHORT[name]}: of boto3 alone and an empty playbook", turns.seconds(name) / floor)
        for name in (MODULE, ROLE)
    ]
