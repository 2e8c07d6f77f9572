# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.
"""Encrypted: which keys are behind the images of a run, and what these are. It reads, and decides nothing.

Each key is described and its policy read once, whatever the number of images, snapshots and policies.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._attributes import reading
from .._attributes.ec2 import EC2Error
from .._attributes.images import IMAGES
from .._attributes.images import snapshot_ids
from .._attributes.keys import KEY_USERS
from .._attributes.keys import KEYS
from .._attributes.managed_keys import snapshots_of
from .._attributes.plan import AskedPermissions
from .._attributes.plan import Failure
from .._attributes.result import failure_text
from .._attributes.snapshots import is_associated
from .._attributes.subject import Subject
from .._attributes.subject import Target
from .._attributes.subject import healthy
from .._attributes.subject import in_batches
from .legs import KEY_LEG
from .legs import looks_at_keys
from .merge import listed
from .merge import speakers_behind
from .merge import wishes

if t.TYPE_CHECKING:
    from .._attributes.attribute import Description
    from .._attributes.managed_keys import Judged
    from .._attributes.runtime import Runtime
    from .work import Work

Behind = dict[Target, tuple[Target, ...]]


def take_keys(runtime: Runtime, work: Work) -> Judged:
    """Take up the keys behind the images whose policies look at them, and return which of them AWS manages.

    A key that is only reported on fails nothing.
    """
    snapshots = _snapshots(work)
    _stop(work, snapshots, _find(runtime, work, snapshots))
    keys = work.snapshot_keys
    _speak(work, {image: _named(keys, found) for image, found in snapshots.items()})
    subjects = [Subject(KEYS, target, asked) for target, asked in _asked(work).items()]
    names = [subject.target for subject in subjects]
    shared = [subject for subject in subjects if work.spoken_of_keys[subject.target]]
    reported = [subject for subject in subjects if not work.spoken_of_keys[subject.target]]
    reading.describe(runtime, shared)
    reading.describe(replace(runtime, patient=False), reported)
    _take_up(runtime, work, dict(zip(names, subjects)))
    _leave_to_aws(runtime, work, {snapshot for behind in snapshots.values() for snapshot in behind})
    for subject in reported:
        if subject.failure:
            work.unread_keys[subject.target], subject.failure = subject.failure, None
            subject.described = reading.known(runtime, subject) or {}
    return {(name.region, name.id): _is_managed(work, subject) for name, subject in zip(names, subjects)}


def _leave_to_aws(runtime: Runtime, work: Work, snapshots: t.Collection[Target]) -> None:
    """Ask nothing of a key that AWS manages if all that is under it is under another key as well."""
    for key in healthy(work.keys.values()):
        under = [each for each in snapshots if work.snapshot_keys.get(each) == key.described["Arn"]]
        is_left = key.described.get("KeyManager") == "AWS" and all(each in work.associated_snapshots for each in under)
        if is_left and key.plan and key.plan.changed:
            key.asked = (AskedPermissions(KEY_USERS),)
            key.make_plan(runtime.clock.time())
            work.warnings.append(
                f"AWS manages the key {key.target}, so nobody is made a user of it. The snapshots under it list another"
                " key as well, of which nothing is known"
            )


def tie_keys(runtime: Runtime, work: Work) -> Judged:
    """Find out which keys of a restoration are behind which of its images, and return which of them AWS manages.

    The keys are known by their ids, and EC2 names them by their ARNs. An image that EC2 did not describe may be under
    any of them.
    """
    images = list(work.images.values()) if work.keys else []
    snapshots = _behind(image for image in images if image.described)
    missing = _find(runtime, work, snapshots)
    if missing:
        why = "; ".join(dict.fromkeys(missing.values()))
        unknown = [image for image, behind in snapshots.items() if any(each in missing for each in behind)]
        work.warnings.append(f"Changes on {listed(unknown)} and on the keys behind do not wait for each other: {why}")
    known = work.snapshot_keys
    named = {image: _named(known, found) for image, found in snapshots.items()}
    keys = {name: Target(name.region, name.id.rpartition("/")[2]) for names in named.values() for name in names}
    keys = {name: key for name, key in keys.items() if key in work.keys}
    work.keys_behind = {
        **{image.target: _in_region(image, work.keys) for image in images},
        **{image: tuple(keys[each] for each in names if each in keys) for image, names in named.items()},
    }
    return {(name.region, name.id): _is_managed(work, work.keys[key]) for name, key in keys.items()}


def tie_snapshots(work: Work) -> None:
    """Write down which snapshots of a restoration are behind which of its images: any, if EC2 did not describe it."""
    for image in work.images.values():
        shown = (Target(image.target.region, snapshot) for snapshot in snapshot_ids(image.described))
        work.behind[image.target] = tuple(shown) if image.described else _in_region(image, work.snapshots)


def _in_region(image: Subject, targets: t.Iterable[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.region == image.target.region)


def _is_managed(work: Work, key: Subject) -> bool | Failure:
    """Tell whether AWS manages a key, or why nobody knows. That of another account is none of the caller's for EBS."""
    failure = key.failure or work.unread_keys.get(key.target)
    if failure and not failure.predicted and "KeyManager" not in key.described:
        return failure
    return bool(key.described.get("KeyManager") == "AWS")


def _snapshots(work: Work) -> dict[Target, dict[Target, str | None]]:
    """Return the encrypted snapshots behind each image whose policies look at keys, and their keys as far as known."""
    looking = {number for number, policy in enumerate(work.policies) if looks_at_keys(policy)}
    images = healthy(work.images.values())
    return _behind(image for image in images if looking.intersection(work.spoken_of_images[image.target]))


def _behind(images: t.Iterable[Subject]) -> dict[Target, dict[Target, str | None]]:
    return {
        image.target: {
            Target(image.target.region, snapshot): key
            for snapshot, key in IMAGES.encrypted_snapshots(image.described).items()
        }
        for image in images
    }


def _find(
    runtime: Runtime, work: Work, snapshots: t.Mapping[Target, t.Mapping[Target, str | None]]
) -> dict[Target, str]:
    """Find the keys of snapshots that have not been read, and return which cannot be found, and why."""
    found = {snapshot: key for behind in snapshots.values() for snapshot, key in behind.items()}
    known = work.snapshot_keys
    unknown = [snapshot for snapshot, key in found.items() if not key and not known.get(snapshot)]
    work.encrypted_under.update({snapshot: key for snapshot, key in found.items() if key})
    batches = in_batches(unknown, lambda target: target)
    missing: dict[Target, str] = {}
    for batch, answer in zip(batches, runtime.each(lambda batch: _described(runtime, batch), batches)):
        described = {} if isinstance(answer, Failure) else answer
        keys = {snapshot: each["KmsKeyId"] for snapshot, each in described.items() if each.get("KmsKeyId")}
        work.encrypted_under.update(keys)
        work.associated.update(snapshot for snapshot, each in described.items() if is_associated(each))
        why = failure_text(answer) if isinstance(answer, Failure) else "EC2 does not show the key of the snapshot"
        missing.update({snapshot: why for snapshot in batch if not keys.get(snapshot)})
    return missing


def _described(runtime: Runtime, batch: t.Sequence[Target]) -> dict[Target, Description] | Failure:
    try:
        return snapshots_of(runtime, batch)
    except EC2Error as error:
        return error.failure


def _stop(work: Work, snapshots: t.Mapping[Target, t.Iterable[Target]], missing: t.Mapping[Target, str]) -> None:
    """What cannot be found stops the policies that share keys."""
    for number, policy in enumerate(work.policies):
        mine = [image for image in snapshots if number in work.spoken_of_images[image]] if KEY_LEG.asked(policy) else []
        lost: dict[str, dict[Target, None]] = {}
        for snapshot in (each for image in mine for each in snapshots[image] if each in missing):
            lost.setdefault(missing[snapshot], {})[snapshot] = None
        work.stop(f"{policy}: {listed(list(behind))}: {why}" for why, behind in lost.items())


def _named(keys: t.Mapping[Target, str], snapshots: t.Iterable[Target]) -> tuple[Target, ...]:
    """Return the keys of these snapshots, each once, as EC2 names them."""
    return tuple(dict.fromkeys(Target(each.region, keys[each]) for each in snapshots if keys.get(each)))


def _speak(work: Work, behind: Behind) -> None:
    """Write down which keys are behind which images, and which policies share them or look at them."""
    work.keys_behind = behind
    images = work.spoken_of_images
    work.spoken_of_keys = speakers_behind(work.policies, KEY_LEG.asked, images, behind)
    work.looking_at_keys = speakers_behind(work.policies, looks_at_keys, images, behind)


def _asked(work: Work) -> dict[Target, tuple[t.Any, ...]]:
    """Return what is asked of each key. Of one that is only looked at, that is nothing about its users."""
    asked = wishes(KEY_LEG, work.policies, work.spoken_of_keys)
    return {target: asked.get(target) or (AskedPermissions(KEY_USERS),) for target in work.looking_at_keys}


def _take_up(runtime: Runtime, work: Work, read: t.Mapping[Target, Subject]) -> None:
    """Know the keys by their ids from now on, which are the same however EC2 names them, and plan them."""
    behind = {
        image: tuple(dict.fromkeys(read[name].target for name in names)) for image, names in work.keys_behind.items()
    }
    _speak(work, behind)
    asked = _asked(work)
    for subject in read.values():
        subject.asked = asked[subject.target]
        work.keys.setdefault(subject.target, subject)
    for key in healthy(work.keys.values()):
        key.make_plan(runtime.clock.time())
