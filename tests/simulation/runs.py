# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine's runs: those of a seed, one after the other, each with all that it asked EC2 and what it returned.

A seed is played as: in a world without faults a preview in check mode; the main run, during which everything in the
scenario goes wrong; where there is a backup, in many seeds the way back; and, once nothing goes wrong any more, a
second and a third run.

The way back is a restoration, sometimes with others around it: before it, one while everything still goes wrong, which
may be killed too; a rerun of the main run, which is undone first; one under guards; and, at the end, one that undoes
the restoration.
"""

from __future__ import annotations

import math
import traceback
import typing as t
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from random import Random

from ansible_collections.amikit.aws.plugins.module_utils._attributes import fleet
from ansible_collections.amikit.aws.plugins.module_utils._attributes import result
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import NotKeptError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import parse as parse_backup
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import KEYS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.modify import argument_spec
from ansible_collections.amikit.aws.plugins.module_utils._attributes.options import parse_task
from ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime import Runtime
from ansible_collections.amikit.aws.plugins.module_utils._attributes.sending import decode_denials
from ansible_collections.amikit.aws.plugins.module_utils._attributes.snapshots import SNAPSHOTS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import NAMED
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._sharing import answer
from ansible_collections.amikit.aws.plugins.module_utils._sharing import options as sharing_options
from ansible_collections.amikit.aws.plugins.module_utils._sharing import restore
from ansible_collections.amikit.aws.plugins.module_utils._sharing import run as sharing
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work
from ansible_collections.amikit.aws.plugins.modules.ec2_ami_sharing import SPEC
from local_ec2.state.sorts import IMAGE
from simulation import wishes
from simulation import worlds
from simulation.clock import Killed
from simulation.clock import VirtualClock
from simulation.clock import VirtualExecutor
from simulation.ec2 import EC2
from simulation.ec2 import Json
from simulation.edge import Edge
from simulation.edge import Sent
from simulation.wishes import Asked
from simulation.wishes import Key
from simulation.worlds import Scenario

PAUSE = 2.0  # seconds from one run to the next: what was on its way to EC2 has arrived by then
CALM = 700.0  # seconds after which nothing of a scenario is still to happen
MADE = "2027-01-15 08:00 UTC"


@dataclass
class Run:
    """One run. ``mode`` is real, check or audit, and ``message`` what a failed one says.

    One that was killed has no result. ``subjects`` are what it worked on, as far as that is known, and ``keys`` what of
    it is KMS's. ``work`` is that of a run over policies. ``backups`` are what it kept, and when. A
    restoration ``restores`` the backup of another run. ``crash`` is an error that the engine let through.
    """

    title: str
    mode: str
    wait: bool
    began: float
    ended: float = math.inf
    slept: float = 0.0
    pauses: int = 0
    log: list[Sent] = field(default_factory=list)
    killed: bool = False
    subjects: t.Sequence[Subject] = ()
    keys: t.Sequence[Subject] = ()
    work: Work | None = None
    result: Json | None = None
    message: str = ""
    warnings: list[str] = field(default_factory=list)
    asked: dict[Key, Asked] = field(default_factory=dict)
    backups: list[tuple[float, str]] = field(default_factory=list)
    crash: str = ""
    restores: Run | None = None

    @property
    def failed(self) -> bool:
        return bool(self.message)

    @property
    def guarded(self) -> bool:
        """Whether guards are given to it: only one restoration has any, as the others are to bring everything back."""
        return self.restores is None or self.title == "guarded restore"

    @property
    def until(self) -> float:
        """The time by which all that it sent has arrived."""
        return self.ended + PAUSE / 2


@dataclass
class Played:
    """A seed that was played to its end."""

    scenario: Scenario
    runs: list[Run]
    next: float = 0.0  # when the next run begins

    def run(self, title: str) -> Run | None:
        return next((run for run in self.runs if run.title == title), None)


def play(seed: int) -> Played:
    """Build the scenario that the seed means, and let the engine run in it."""
    return play_out(worlds.make(seed))


def play_out(scenario: Scenario) -> Played:
    played = Played(scenario, [])
    if scenario.is_quiet and scenario.main == "real":
        _run(played, "preview", "check")
    scenario.begin(played.next)
    main = _run(played, "main", scenario.main, kill_after=scenario.kill_after)
    # A restoration knows no other quota than EC2's default.
    restoring = main.backups and (main.killed or scenario.restores) and scenario.wish.quota is None
    others = scenario.restorations if restoring else ()
    if "first restore" in others:
        _run(played, "first restore", "real", kill_after=scenario.restoration_killed_after, restores=main)
    scenario.end()
    if "rerun" in others:
        rerun = _run(played, "rerun", "real")
        if rerun.backups:
            _run(played, "restore of rerun", "real", restores=rerun)
    if "guarded restore" in others:
        _run(played, "guarded restore", "real", restores=main)
    if restoring:
        restore = _run(played, "restore", "real", restores=main)
        if "restore of restore" in others and restore.backups:
            _run(played, "restore of restore", "real", restores=restore)
    _calm(played)
    _run(played, "second", "real")
    _run(played, "third", "real")
    return played


def _calm(played: Played) -> None:
    """Let everything happen that is still to come."""
    played.next += CALM
    for one in played.scenario.cloud.resources.values():
        one.let_happen(played.next)
    played.scenario.cloud.let_others_write(played.next)


def _run(played: Played, title: str, mode: str, *, kill_after: float = math.inf, restores: Run | None = None) -> Run:
    scenario, clock = played.scenario, VirtualClock(played.next, played.next + kill_after)
    chance = Random(f"{scenario.seed} {title}")
    ec2 = EC2(scenario.cloud, chance, scenario.faults.hides)
    edge = Edge(ec2, clock, chance, scenario.faults)
    run = Run(title, mode, scenario.wait, clock.now, log=edge.log, restores=restores)
    played.runs.append(run)
    try:
        _work(scenario, run, edge, VirtualExecutor(clock, scenario.concurrency, chance))
    except Killed as killed:
        run.killed = True
        scenario.cloud.met["kill"] += 1
        _recover(run, killed)
    except Exception as error:  # noqa: BLE001 a law says that there is none
        run.crash = f"{type(error).__name__}: {error}"
    run.ended, run.slept, run.pauses = clock.now, clock.slept, clock.pauses
    if restores is None:
        run.asked = scenario.wish.asked(scenario.cloud, run.work.selected if run.work else None)
    played.next = run.ended + PAUSE
    return run


def _work(scenario: Scenario, run: Run, edge: Edge, executor: VirtualExecutor) -> None:
    def keep(text: str) -> None:
        if scenario.disk_is_full and run.title == "main":
            scenario.cloud.met["full disk"] += 1
            raise NotKeptError("/backup.json: No space left on device")
        run.backups.append((edge.clock.now, text))

    wanted = keep if scenario.keeps or run.restores else None
    timeout = scenario.wish.options["wait_timeout"]
    runtime = Runtime(edge, executor, scenario.wait, timeout, edge.clock, wanted)
    if run.restores is not None:
        _restore(scenario, run, runtime)
    elif scenario.wish.sort is None:
        _run_policies(scenario, run, runtime)
    else:
        _run_task(scenario, run, runtime)


def _recover(run: Run, killed: Killed) -> None:
    """Look at what a run over policies knew when it was killed."""
    for frame, _line in traceback.walk_tb(killed.__traceback__):
        found = frame.f_locals.get("work")
        if isinstance(found, Work):
            _know(run, found)


def _know(run: Run, work: Work) -> None:
    run.work = work
    run.subjects = [subject for subject in work.subjects if subject.resource is not KEYS]
    run.keys = list(work.keys.values())


def _defaults(spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: option.get("default") for name, option in spec.items()}


_OF_TASKS = {resource.noun: _defaults(argument_spec(resource)) for resource in (IMAGES, SNAPSHOTS)}
_OF_POLICIES = _defaults(SPEC)


def _params(scenario: Scenario, defaults: Json) -> Json:
    care = {"preflight": scenario.preflight, "wait": scenario.wait, "concurrency": scenario.concurrency}
    return {**defaults, **scenario.wish.options, **care}


def _run_task(scenario: Scenario, run: Run, runtime: Runtime) -> None:
    """Do what the modules ec2_ami_attribute and ec2_snapshot_attribute do."""
    wish, check = scenario.wish, run.mode == "check"
    resource = IMAGES if wish.sort is IMAGE else SNAPSHOTS
    params = _params(scenario, _OF_TASKS[resource.noun])
    if wish.quota is not None and resource.quota:
        resource = replace(resource, quota=replace(resource.quota, default=wish.quota))
    task = parse_task(params, resource, None)
    run.subjects = [Subject(resource, target, task.asked) for target in task.targets]
    ended = fleet.work(runtime, run.subjects, dry_run=check, preflight=scenario.preflight)
    decode_denials(runtime, run.subjects, at_most=NAMED)
    run.warnings = ended.warnings
    failed = bool(ended.stopped) or any(subject.failure for subject in run.subjects)
    run.result = {**result.present(run.subjects, resource, diff=True, failed=failed), "stopped": ended.stopped}
    if failed:
        run.message = ended.stopped or result.failure_message(run.subjects, resource.noun, check)


def _run_policies(scenario: Scenario, run: Run, runtime: Runtime) -> None:
    """Do what the module ec2_ami_sharing does."""
    params = {**_params(scenario, _OF_POLICIES), "audit": run.mode == "audit"}
    policies, options = sharing_options.parse(params, None, check_mode=run.mode == "check")
    work = sharing.work_through(runtime, policies, options)
    _end(run, work, answer.present(work, options, diff=True, made=MADE), answer.message(work, options))


def _restore(scenario: Scenario, run: Run, runtime: Runtime) -> None:
    """Do what the module ami_sharing_restore does: one without guards consents to public images."""
    assert run.restores is not None
    backup = parse_backup(run.restores.backups[-1][1], (IMAGES, SNAPSHOTS, KEYS))
    run.asked = wishes.of_backup(scenario.cloud, run.restores.backups[-1][1], run.began, exact=scenario.exact)
    options = sharing_options.parse_options(_params(scenario, _OF_POLICIES), [], check_mode=False)
    if not run.guarded:
        options = replace(options, max_revocations=None, protected=())
    wanted = restore.Wanted(backup, scenario.exact, allow_public=not run.guarded)
    work = restore.restore_through(runtime, wanted, options)
    _end(run, work, restore.present(work, diff=True), restore.message(work, backup, check_mode=False))


def _end(run: Run, work: Work, presented: Json, message: str) -> None:
    _know(run, work)
    run.warnings = work.warnings
    run.result, run.message = presented, message
