# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Predicting: what EC2 would refuse and its DryRun does not show. Only what decides it is read; nothing is written."""

from __future__ import annotations

import typing as t
from types import MappingProxyType

from .ec2 import EC2Error
from .managed_keys import Judged
from .managed_keys import ManagedKeys
from .plan import Failure
from .resource import Resource
from .resource import Surroundings
from .resource import becomes_public
from .resource import blocks_public_access
from .resource import exceeds_quota
from .resource import quota_warning
from .resource import refusal
from .subject import Subject
from .subject import Target
from .subject import healthy

if t.TYPE_CHECKING:
    from .runtime import Runtime


def predict(
    runtime: Runtime,
    subjects: t.Sequence[Subject],
    keys: t.Mapping[Target, str] = MappingProxyType({}),
    judged: Judged | None = None,
) -> list[str]:
    """Fail the subjects whose plan EC2 would refuse, and return warnings. All are of one kind of resource.

    ``keys`` are those of encrypted snapshots, as far as they have been read. ``judged`` remembers whether AWS manages a
    key, for a run that predicts for several kinds.
    """
    warnings = _quota_warnings(subjects)
    blocked = _public_access_blocked(runtime, subjects)
    managed, unread = _under_managed_keys(runtime, subjects, keys, judged)
    for subject in healthy(subjects):
        if subject.plan is None:
            continue
        answer = blocked.get(subject.target.region, False)
        if isinstance(answer, Failure) and becomes_public(subject.plan):
            subject.failure = answer
            continue
        surroundings = Surroundings(answer is True, _under(managed, subject))
        subject.failure = refusal(subject.resource, subject.plan, subject.described, surroundings)
    return warnings + unread


def _quota_warnings(subjects: t.Sequence[Subject]) -> list[str]:
    over = [each for each in subjects if each.plan and exceeds_quota(each.resource, each.plan)]
    quota = over[0].resource.quota if over else None
    if quota is None:
        return []
    return [quota_warning(over[0].resource, quota, [subject.target.id for subject in over])]


def _under(managed: set[Target], subject: Subject) -> tuple[str, ...]:
    encrypted = subject.resource.encrypted_snapshots(subject.described)
    return tuple(snapshot for snapshot in encrypted if Target(subject.target.region, snapshot) in managed)


def _under_managed_keys(
    runtime: Runtime, subjects: t.Sequence[Subject], known: t.Mapping[Target, str], judged: Judged | None
) -> tuple[set[Target], list[str]]:
    """Return the snapshots behind what is about to be shared that are under a key of AWS, and warnings."""
    encrypted = {
        Target(subject.target.region, snapshot): key
        for subject in healthy(subjects)
        if subject.plan and subject.plan.granted
        for snapshot, key in subject.resource.encrypted_snapshots(subject.described).items()
    }
    keys = ManagedKeys(
        runtime,
        {target: key or known.get(target) for target, key in encrypted.items()},
        {} if judged is None else judged,
    )
    managed = keys.managed()
    return managed, keys.warnings


def _public_access_blocked(runtime: Runtime, subjects: t.Sequence[Subject]) -> dict[str, bool | Failure]:
    """Return, for every Region where something becomes public, whether that is blocked, or why that is unknown."""
    public = [each for each in healthy(subjects) if each.plan and becomes_public(each.plan)]
    regions = list(dict.fromkeys(subject.target.region for subject in public))
    return dict(zip(regions, runtime.each(lambda region: _is_blocked(runtime, public[0].resource, region), regions)))


def _is_blocked(runtime: Runtime, resource: Resource, region: str) -> bool | Failure:
    try:
        return blocks_public_access(resource, runtime.ec2.call(region, resource.api.public_access_operation))
    except EC2Error as error:
        return error.failure
