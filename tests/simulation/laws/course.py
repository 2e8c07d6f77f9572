# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run goes: the laws of its requests and pauses, of runs after it, of backups and the way back."""

from __future__ import annotations

import json
import math
import typing as t
from collections import Counter

from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._sharing.passes import HELD_BACK
from ansible_collections.amikit.aws.plugins.module_utils._sharing.undoing import CANNOT_BE_UNDONE
from local_ec2.state.grants import PUBLIC
from local_ec2.state.sorts import IMAGE
from simulation.ec2 import QUOTAS
from simulation.ec2 import WRITES
from simulation.ec2 import Json
from simulation.edge import Sent
from simulation.laws.view import Theirs
from simulation.laws.view import Violations
from simulation.laws.view import all_resources
from simulation.laws.view import is_permissions
from simulation.laws.view import is_unexplained
from simulation.laws.view import key_of
from simulation.laws.view import requests
from simulation.laws.view import resources
from simulation.laws.view import seen
from simulation.laws.view import structure_of
from simulation.laws.view import target_of
from simulation.laws.view import theirs
from simulation.laws.view import values
from simulation.laws.view import writes
from simulation.principals import ODD
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import DEPRECATION
from simulation.state import Facts
from simulation.state import Grants
from simulation.state import Resource
from simulation.wishes import PASSED
from simulation.wishes import Asked
from simulation.wishes import Key
from simulation.wishes import entries_of_options
from simulation.wishes import fits

_UNDISTURBED = ("restore of rerun", "restore", "restore of restore")


def converges(played: Played) -> Violations:
    """A second run converges once nothing goes wrong, and a third one writes nothing."""
    second, third = played.run("second"), played.run("third")
    if second is None or third is None:
        return
    # What EC2 refuses because of a quota is tried again.
    refused = {target_of(subject) for subject in second.subjects if subject.failure}
    again = [sent.request for sent in writes(third) if key_of(sent) not in refused]
    if again:
        yield f"the third run sent {again}"
    if not second.failed and third.failed:
        yield f"the third run failed, and the second did not: {third.message}"
    if third.result and third.result["changed"] and not third.failed:
        yield "the third run says that it changed something"
    for run in (second, third):
        odd = [subject.failure for subject in run.subjects if subject.failure and is_unexplained(played, subject)]
        if odd:
            yield f"{run.title}: it failed although nothing went wrong: {odd}"


def sends_once(played: Played) -> Violations:
    """No request to change something is sent twice, apart from the attempts of one call, which faults explain."""
    for run in played.runs:
        sent = Counter(
            (sent.request.resource_id, sent.dry_run, str(structure_of(sent)))
            for sent in requests(run)
            if sent.request.is_write
        )
        for (resource_id, _dry_run, what), times in sent.items():
            if times > 1:
                yield f"{run.title}: {what} on {resource_id} was sent {times} times"


def stays_within_the_budget(played: Played) -> Violations:
    """Reads and writes are as few as they can be; only faults, and waiting for what is late, explain more."""
    for run in played.runs:
        yield from _reads_without_end(played, run)
        if run.killed or run.failed or not _is_undisturbed(played, run):
            continue
        counts = Counter(sent.request.operation for sent in run.log)
        for operation, most in _budget(played, run).items():
            if counts[operation] > most:
                yield f"{run.title}: {operation} was sent {counts[operation]} times, and {most} would do"


def _reads_without_end(played: Played, run: Run) -> Violations:
    """What is not there, or not as expected, is read twice more for each pause at most, whatever goes wrong.

    What is hidden for a moment is looked for again at once, each time.
    """
    most = 8 if "flicker" in played.scenario.kinds else 4
    reads = Counter(
        (sent.request.operation, *key_of(sent))
        for sent in run.log
        if not sent.request.is_write and sent.request.resource_id
    )
    for (operation, _region, resource_id), times in reads.items():
        if times > most + 2 * run.pauses:
            yield f"{run.title}: {operation} was sent {times} times for {resource_id}, with {run.pauses} pauses"


def _is_undisturbed(played: Played, run: Run) -> bool:
    return (played.scenario.is_quiet or run.title in ("second", "third")) and not run.restores


def _budget(played: Played, run: Run) -> dict[str, int]:
    """Return the most requests of each operation that a run which meets no fault needs."""
    wish = played.scenario.wish
    images = [subject for subject in run.subjects if subject.resource.noun == "image"]
    snapshots = [subject for subject in run.subjects if subject.resource.noun == "snapshot"]
    regions = len({subject.target.region for subject in run.subjects})
    searches = {
        (str(policy.get("filters")), region) for policy in wish.policies for region in policy.get("regions", ())
    }
    named = bool(wish.sort) or any("image_ids" in policy for policy in wish.policies)
    texts = any(not step.request.attribute.kinds for subject in images for step in subject.steps)
    limits = _limits(played, images)
    keys = regions if any(one.key for one in all_resources(played)) else 0
    verified = run.mode == "real" and run.wait
    needed = _writes(run.subjects, asks=run.mode == "check" or played.scenario.preflight, sends=run.mode == "real")
    enabled = {subject.target.region for subject in images if subject.plan and subject.plan.enables}
    return {
        **{operation: needed[operation] for operation in WRITES},
        "describe_images": len(searches)
        + regions * named
        + regions * (texts and verified)
        + len(limits.public)
        + len(enabled) * (run.mode == "real"),
        "get_service_quota": len(limits.public) + len(limits.near),
        # Where policies look at keys, their snapshots are described apart from those that a prediction asks for.
        "describe_snapshots": (regions if snapshots else 0) + keys * (2 if run.keys else 1),
        "describe_image_attribute": _reads(images, verified),
        "describe_snapshot_attribute": _reads(snapshots, verified),
        "get_image_block_public_access_state": regions,
        "get_snapshot_block_public_access_state": regions,
        "get_caller_identity": 1,
        "describe_key": len(played.scenario.cloud.keys),
        "get_key_policy": len(run.keys) + (1 + verified) * _due(run),
        "put_key_policy": _due(run),
    }


def _due(run: Run) -> int:
    """Return how many keys the run changes."""
    return sum(bool(key.steps) for key in run.keys) if run.mode == "real" else 0


class _Limits(t.NamedTuple):
    """The Regions where a quota has to be known: something becomes public, or a list may pass what AWS allows first."""

    public: set[str]
    near: set[str]


def _limits(played: Played, images: t.Sequence[Subject]) -> _Limits:
    default = played.scenario.wish.quota or QUOTAS["L-70015FFA"]
    plans = [(subject.target.region, subject.plan) for subject in images if subject.plan]
    public = {region for region, plan in plans if any(entry.value == PUBLIC[1] for entry in plan.granted)}
    return _Limits(public, {region for region, plan in plans if plan.nears(default)})


def _writes(subjects: t.Sequence[Subject], *, asks: bool, sends: bool) -> Counter[str]:
    """Return the writes that the plans need: one for each of their requests, and one for tags that many get.

    Tags that make room for others are taken off before those are added, and so apart from the same ones elsewhere.

    A run that ``asks`` sends the first DryRun alone, and others until each action is authorized: here, all of them.
    """
    calls = [
        (subject.target.region, _makes_room(subject, number), step.request.call(subject.target.id))
        for subject in subjects
        for number, step in enumerate(subject.steps)
    ]
    alone = Counter(call.operation for _region, _first, call in calls)
    alike = {(region, first, call.operation, str(call.arguments.get("Tags", call))) for region, first, call in calls}
    together = Counter(operation for _region, _first, operation, _what in alike)
    return (alone if asks else Counter()) + (together if sends else Counter())


def _makes_room(subject: Subject, number: int) -> bool:
    tags = [step.request.operation for step in subject.steps[number:] if step.request.attribute.has_tags]
    return subject.steps[number].request.attribute.has_tags and tags[0] == "remove" and "add" in tags


def _reads(subjects: t.Sequence[Subject], verified: bool) -> int:
    managed = [subject for subject in subjects if any(wish.attribute.kinds for wish in subject.asked)]
    shared = [each for each in managed if any(step.request.attribute.kinds for step in each.steps)]
    return len(managed) + (len(shared) if verified else 0)


def waits_no_longer(played: Played) -> Violations:
    """No run pauses for longer than the timeouts of its waits together, and without ``wait`` none pauses.

    The policy of a key is not left to botocore's retries, so the pauses after throttling are the run's own.
    """
    for run in played.runs:
        timeout = played.scenario.wish.options["wait_timeout"]
        short = min(timeout, 15.0)
        # A task waits to be found (twice) and for missing answers, then to be ready, to be enabled, and to be shown.
        most = 3 * short + 3 * timeout if run.work is None else 9 * short + (4 if run.restores else 2) * timeout
        most = (most if run.wait else 0.0) + 15.0 * len(run.keys)
        if run.slept > most + 1e-6:
            yield f"{run.title}: it paused for {run.slept:.1f} s, and its timeouts allow {most:.1f} s"
        if not math.isfinite(run.ended):
            yield f"{run.title}: it did not end"


def backup_comes_first(played: Played) -> Violations:
    """Where a backup is asked for, nothing is changed before it is kept, and it holds what is changed, as it was."""
    for run in played.runs:
        written = writes(run)
        asked_for = bool(played.scenario.keeps or run.restores) and run.mode == "real"
        if len(run.backups) > asked_for:
            yield f"{run.title}: {len(run.backups)} backups were kept"
        elif written and asked_for and (not run.backups or run.backups[0][0] > written[0].began):
            yield f"{run.title}: something was changed before there was a backup"
        elif run.backups:
            yield from (f"{run.title}: {why}" for why in _unkept(run, json.loads(run.backups[0][1])))


def _unkept(run: Run, content: Json) -> Violations:
    kept = {(each["region"], each["id"]): each for key in ("images", "snapshots") for each in content.get(key, ())}
    saw = seen(run)
    for sent in writes(run):
        entry = kept.get(key_of(sent))
        if entry is None:
            yield f"{sent.request.resource_id} was changed, and is not in the backup"
        elif is_permissions(sent):
            before = entry["before"].get("launch_permissions", entry["before"].get("create_volume_permissions", {}))
            if entries_of_options(before) not in saw[key_of(sent)].answers:
                yield f"{sent.request.resource_id} is not in the backup as it was seen: {before}"


def preflight_comes_first(played: Played) -> Violations:
    """With preflight, everything is tried before anything is changed, and nothing is changed if anything is refused."""
    for run in played.runs:
        if not played.scenario.preflight or run.mode != "real":
            continue
        tried = [sent for sent in requests(run) if sent.dry_run]
        if writes(run) and any(sent.response is None for sent in tried):
            yield f"{run.title}: something was refused in advance, and something was changed"
        first = min((sent.began for sent in writes(run)), default=math.inf)
        allowed = [(key_of(sent), _but_for_the_minute(sent)) for sent in tried if sent.began < first]
        for sent in writes(run):
            if (key_of(sent), _but_for_the_minute(sent)) not in allowed:
                yield f"{run.title}: {structure_of(sent)} on {sent.request.resource_id} was not tried in advance"


def _but_for_the_minute(sent: Sent) -> tuple[str, Json]:
    """Return what a request is about. A date for an age that has passed is worked out when it is sent."""
    attribute, structure = structure_of(sent)
    is_soon = fits(structure.get(DEPRECATION, ""), PASSED)
    return attribute, {**structure, DEPRECATION: PASSED} if is_soon else structure


def restores(played: Played) -> Violations:
    """A restoration brings back the earlier state, but for what others did since, what is gone, and what EC2 keeps.

    If things go wrong, it does so if it succeeds; under guards, it does so if they let it through.
    """
    for run in played.runs:
        if run.restores is not None and (not run.failed or run.title in _UNDISTURBED) and not run.killed:
            yield from (f"{run.title}: {why}" for why in _unrestored(played, run, run.restores))


def _unrestored(played: Played, run: Run, undone: Run) -> Violations:
    before = seen(undone)
    failed = {target_of(subject): subject for subject in run.subjects if subject.failure}
    for key, one, asked in resources(played, run):
        failure = failed[key].failure if key in failed else None
        touched = theirs(played, undone, one, before[key].time if key in before else undone.began, run.until)
        if run.title == "first restore":  # EC2 may not have shown it yet what the run before it did
            touched = touched.also(theirs(played, run, one, run.began, run.until))
        if failure and not (_is_fair(one, failure, touched) or _is_held_back(played, one, failure, failed)):
            yield f"{one.id} was not restored: {failure}"
        if touched.status:
            continue
        facts = one.at(run.until)
        if failure and failure.predicted and one.at(run.began).status in one.sort.changeable:
            # Only grants can be refused, so nothing keeps a revocation from being sent.
            stays = frozenset(filter(asked.takes_away, facts.grants - touched.entries))
            if stays:
                yield f"{one.id} is still shared with {values(stays)}: {failure}"
        if failure is None or failure.code == CANNOT_BE_UNDONE:
            was = before[key].last if key in before else facts.grants
            yield from _not_as_before(one, facts, was, asked, touched, failure)


def _is_fair(one: Resource, failure: Failure, touched: Theirs) -> bool:
    """Tell whether a restoration may fail like that: EC2 cannot, or somebody has changed it back."""
    changed_back = failure.code == "Timeout" and touched.anything
    return failure.predicted or changed_back or one.now.status not in one.sort.changeable


def _is_held_back(played: Played, one: Resource, failure: Failure, failed: t.Mapping[Key, Subject]) -> bool:
    """Tell whether it waits for another that failed: a snapshot's removals for an image's, an image's additions."""
    if failure.code != HELD_BACK:
        return False
    on = [other for other in all_resources(played) if one in other.behind]
    waits_for = one.behind if one.sort is IMAGE else on
    found = [failed[other.region, other.id] for other in waits_for if (other.region, other.id) in failed]
    return any(subject.lacks("add" if one.sort is IMAGE else "remove") for subject in found)


def _not_as_before(
    one: Resource, facts: Facts, was: Grants, asked: Asked, touched: Theirs, failure: Failure | None
) -> Violations:
    wrong = (facts.grants ^ was) - touched.entries
    if wrong - ({ODD} if failure else frozenset()):
        yield f"{one.id} is not as before: {values(wrong)}"
    if not touched.texts and not asked.texts_met(facts):
        yield f"{one.id} is not as before: {dict(facts.texts)}"
