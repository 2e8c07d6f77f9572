# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who has access: the laws of what a run may do to anybody, judged by what EC2 holds and by what was asked."""

from __future__ import annotations

import math

from local_ec2.state.grants import PUBLIC
from local_ec2.state.grants import USER
from simulation.edge import Sent
from simulation.laws.view import READS
from simulation.laws.view import Seen
from simulation.laws.view import Violations
from simulation.laws.view import added
from simulation.laws.view import changes
from simulation.laws.view import held
from simulation.laws.view import key_of
from simulation.laws.view import removed
from simulation.laws.view import requests
from simulation.laws.view import resources
from simulation.laws.view import seen
from simulation.laws.view import structure_of
from simulation.laws.view import target_of
from simulation.laws.view import theirs
from simulation.laws.view import values
from simulation.laws.view import writes
from simulation.principals import all_covered
from simulation.principals import names
from simulation.runs import Played
from simulation.runs import Run
from simulation.state import Grants
from simulation.state import Resource
from simulation.wishes import Asked
from simulation.wishes import Key
from simulation.wishes import of_policy
from simulation.wishes import principal


def keeps_access(played: Played) -> Violations:
    """Whoever has access before and after, under one principal or another, has it at every instant.

    Additions that a failure on a snapshot holds back do not count as after, nor do those that a restoration reports as
    refused: removals are sent all the same.
    """
    for run in played.runs:
        saw = seen(run)
        for key, one, asked in resources(played, run):
            if key in saw:
                yield from _lost(played, run, one, asked, saw[key])


def _lost(played: Played, run: Run, one: Resource, asked: Asked, saw: Seen) -> Violations:
    after = asked.entries_after(saw.last) - _given_up(run, one, asked)
    keep = all_covered(saw.last) & all_covered(after)
    for before, change in changes(one, run):
        touched = all_covered(theirs(played, run, one, saw.time, change.time).entries)
        lost = keep & all_covered(before.grants) & ~all_covered(change.facts.grants) & ~touched
        if lost:
            yield f"{run.title}: {names(lost)} should keep access to {one.id}, and lost it when the run {change.what}"


def _given_up(run: Run, one: Resource, asked: Asked) -> Grants:
    """Return what was to be added but, for a reason that the run names, was not even sent."""
    subject = next((subject for subject in run.subjects if target_of(subject) == (one.region, one.id)), None)
    sent = frozenset(entry for sent in writes(run) if key_of(sent) == (one.region, one.id) for entry in added(sent))
    refused = run.restores and subject and subject.failure and subject.failure.predicted
    return asked.grant - sent if subject and (refused or "add" in subject.held_back) else frozenset()


def keeps_tags(played: Played) -> Violations:
    """No shared tag is taken off before those that are asked for are there, unless there is no room for them."""
    for run in played.runs:
        for _key, one, asked in resources(played, run):
            for before, change in changes(one, run):
                gone = dict(held(before, "sharedTags")).keys() - dict(held(change.facts, "sharedTags")).keys()
                missing = asked.tags_missing(change.facts)
                touched = theirs(played, run, one, run.began, change.time).texts
                if gone and missing and one.has_room_for(before, missing) and not touched:
                    yield f"{run.title}: {one.id} lost the tags {sorted(gone)}, and has no {sorted(missing)} yet"


def nobody_is_cut_off(played: Played) -> Violations:
    """To disable an image takes it from nobody but the owner whom the run has not seen, or was not asked to revoke.

    If it revokes some, it looks after that: what others do after its latest look cannot be seen.
    """
    for run in played.runs:
        saw = seen(run)
        for key, one, asked in resources(played, run):
            for before, change in changes(one, run):
                if change.facts.status == "disabled" and key in saw:
                    latest = _latest_look(run, key, change.time)
                    touched = theirs(played, run, one, latest, change.time).entries
                    revoked = frozenset(entry for entry in saw[key].ever if asked.takes_away(entry)) | asked.revoke
                    lost = before.grants - touched - revoked - {(USER, one.owner)}
                    if lost:
                        yield f"{run.title}: {values(lost)} was cut off when {one.id} was disabled"


def _latest_look(run: Run, key: Key, until: float) -> float:
    """Return when the run last read the list before that, and after it had revoked anybody if it waits."""
    revoked = [sent.began for sent in writes(run) if key_of(sent) == key and removed(sent) and sent.applied]
    looks = [sent.began for sent in run.log if key_of(sent) == key and sent.request.operation in READS]
    since = max(revoked, default=-math.inf) if run.wait else -math.inf
    return max((look for look in looks if since < look <= until), default=until)


def snapshots_first(played: Played) -> Violations:
    """Nobody is granted an image before its snapshots, or loses a snapshot before the images, where both are asked."""
    for run in played.runs:
        if run.work is not None and run.mode != "audit":
            saw, asked = seen(run), _asked_of_snapshots(played, run)
            for image in _sharing_images(played, run):
                yield from _granted_too_early(played, run, image, asked, saw)
                yield from _revoked_too_early(played, run, image, saw)


def _sharing_images(played: Played, run: Run) -> list[Resource]:
    """Return the images whose snapshots some policy shares too, as far as EC2 has shown these to the run."""
    policies = played.scenario.wish.policies
    selected = run.work.selected if run.work else []
    pairs = zip(policies, selected, strict=False)
    sharing = {key for policy, keys in pairs if of_policy(policy)[1] for key in keys}
    images = (one for key, one, _asked in resources(played, run) if key in sharing or (run.restores and one.behind))
    return [one for one in images if one.behind_shown <= run.began or _has_shown_snapshots(run, one)]


def _has_shown_snapshots(run: Run, image: Resource) -> bool:
    described = (each for sent in run.log if sent.response for each in sent.response.get("Images", ()))
    mappings = [each["BlockDeviceMappings"] for each in described if each["ImageId"] == image.id]
    return any("SnapshotId" in mapping["Ebs"] for found in mappings for mapping in found)


def _asked_of_snapshots(played: Played, run: Run) -> dict[Key, Asked]:
    """Return what is asked, without what only images that are still pending ask for: these fail alone."""
    if run.restores or run.work is None:
        return run.asked
    alone = run.work.alone
    selected = [[(each.region, each.id) for each in targets if each not in alone] for targets in run.work.selected]
    return played.scenario.wish.asked(played.scenario.cloud, selected)


def _granted_too_early(
    played: Played, run: Run, image: Resource, asked: dict[Key, Asked], saw: dict[Key, Seen]
) -> Violations:
    for before, change in changes(image, run):
        for snapshot in image.behind:
            key = snapshot.region, snapshot.id
            if key in asked and key in saw:
                read = saw[key]
                granted = (change.facts.grants - before.grants) & asked[key].grant
                touched = theirs(played, run, snapshot, read.time, change.time).entries
                early = granted - snapshot.at(change.time).grants - touched
                if early:
                    yield f"{run.title}: {values(early)} got {image.id} before {snapshot.id}, which is behind it"


def _revoked_too_early(played: Played, run: Run, image: Resource, saw: dict[Key, Seen]) -> Violations:
    key = image.region, image.id
    asked, read = run.asked.get(key), saw.get(key)
    if asked is None or read is None:
        return
    for snapshot in image.behind:
        for before, change in changes(snapshot, run):
            revoked = before.grants - change.facts.grants
            touched = theirs(played, run, image, read.time, change.time).entries
            left = frozenset(entry for entry in revoked & image.at(change.time).grants if asked.takes_away(entry))
            if left & read.last - touched:
                yield f"{run.title}: {values(left)} lost {snapshot.id} while still on {image.id}, which stands on it"


def only_what_was_asked(played: Played) -> Violations:
    """Nothing is granted that was not asked for, and nothing is revoked that was not asked for and seen."""
    for run in played.runs:
        saw = seen(run)
        for sent in requests(run):
            if sent.request.is_write:
                asked = run.asked.get(key_of(sent), Asked(permissions=False))
                yield from (f"{run.title}: {why}" for why in _unasked(sent, asked, saw.get(key_of(sent))))


def _unasked(sent: Sent, asked: Asked, saw: Seen | None) -> Violations:
    attribute, structure = structure_of(sent)
    resource_id = sent.request.resource_id
    if attribute != "permissions":
        unasked = {name: text for name, text in structure.items() if not asked.allows(name, text)}
        if unasked:
            yield f"nobody asked for {unasked} on {resource_id}"
        return
    if added(sent) - asked.grant:
        yield f"nobody asked to grant {resource_id} to {values(added(sent) - asked.grant)}"
    kept = frozenset(entry for entry in removed(sent) if not asked.takes_away(entry))
    if kept:
        yield f"nobody asked to revoke {resource_id} from {values(kept)}"
    unseen = removed(sent) - (saw.ever if saw else frozenset())
    if unseen:
        yield f"{values(unseen)} was revoked from {resource_id}, and the run had not seen it there"


def guarded(played: Played) -> Violations:
    """Guards hold: nobody protected and no more than the limit is revoked, and a run that is stopped sends nothing."""
    options = played.scenario.wish.options
    protected = frozenset(map(principal, options.get("protected_principals", ())))
    limit = options.get("max_revocations")
    for run in played.runs:
        if not run.guarded:
            continue
        revoked = {(key_of(sent), entry) for sent in requests(run) if sent.request.is_write for entry in removed(sent)}
        lost = frozenset(entry for _key, entry in revoked) & protected
        if lost:
            yield f"{run.title}: {values(lost)} is protected, and was revoked"
        if limit is not None and len(revoked) > limit:
            yield f"{run.title}: {len(revoked)} entries were revoked, and the limit is {limit}"
        tried = [sent for sent in requests(run) if sent.request.is_write and not played.scenario.preflight]
        if run.result and run.result.get("stopped") and (writes(run) or tried):
            yield f"{run.title}: it was stopped, and something was sent"
        if run.restores and any(PUBLIC in added(sent) for sent in writes(run)):
            yield f"{run.title}: something became public without consent"


def all_are_planned_first(played: Played) -> Violations:
    """If one cannot be read, or a refusal is predicted, nothing is changed anywhere."""
    for run in played.runs:
        if not writes(run) or run.restores or (run.work is not None and run.work.alone):
            continue
        for subject in run.subjects:
            unplanned = subject.plan is None and not run.killed
            refused = subject.failure is not None and subject.failure.predicted
            if unplanned or refused:
                why = "was never planned" if unplanned else "would be refused"
                yield f"{run.title}: {subject.target} {why}, and something was changed"


def success_is_success(played: Played) -> Violations:
    """After a run that did not fail, things are as asked, unless somebody else has changed them."""
    for run in played.runs:
        if run.killed or run.failed or run.mode != "real":
            continue
        for _key, one, asked in resources(played, run):
            facts = one.at(run.until)
            touched = theirs(played, run, one, run.began, run.until)
            wrong = (asked.entries_after(facts.grants) ^ facts.grants) - touched.entries if asked.permissions else None
            if (wrong and not touched.status) or not (touched.texts or touched.status or asked.texts_met(facts)):
                yield f"{run.title}: it succeeded, and {one.id} is not as asked: {values(wrong or ())} {facts}"


def selects(played: Played) -> Violations:
    """When nobody interferes, policies select what their filters say."""
    for run in played.runs:
        if run.work is None or not played.scenario.is_quiet or run.restores:
            continue
        for policy, selected in zip(played.scenario.wish.policies, run.work.selected, strict=True):
            expected = played.scenario.wish.selected(played.scenario.cloud, policy)
            if sorted(map(tuple, selected)) != sorted(dict.fromkeys(expected)):
                yield f"{run.title}: {policy['name']} selects {expected}, and the run selected {selected}"
