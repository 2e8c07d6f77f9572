# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Predicting: what EC2 would refuse and its DryRun does not show. Reads only what decides that, and writes nothing."""

from __future__ import annotations

import typing as t
from types import MappingProxyType

from . import dates
from . import quotas
from .ec2 import EC2Error
from .managed_keys import Judged
from .managed_keys import ManagedKeys
from .plan import Failure
from .resource import Resource
from .resource import Surroundings
from .resource import becomes_public
from .resource import blocks_public_access
from .resource import refusal
from .subject import Subject
from .subject import Target
from .subject import first_of
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
    limits = quotas.read(runtime, subjects[0].resource, subjects) if subjects else quotas.Limits()
    cautions: dict[str, list[Target]] = {}
    blocked = _public_access_blocked(runtime, subjects)
    managed, unread = _under_managed_keys(runtime, subjects, keys, judged)
    for subject in healthy(subjects):
        if subject.plan is None:
            continue
        answer = blocked.get(subject.target.region, False)
        if isinstance(answer, Failure) and becomes_public(subject.plan):
            subject.failure = answer
            continue
        # When it was planned: a run may have waited since, and a date that was the next minute is worked out again.
        planned = subject.planned or dates.EPOCH
        revoked = subject.named_to_revoke if subject.resource.document else frozenset()
        surroundings = Surroundings(answer is True, _under(managed, subject), planned, subject.in_turns, revoked)
        if subject.target.region in limits.entries:
            subject.keep_within(limits.entries[subject.target.region])
        others = quotas.exceeded(subject.resource, subject, limits)
        subject.failure = refusal(subject.resource, subject.plan, subject.described, surroundings, others)
        for caution in () if subject.failure else subject.resource.cautions:
            cautions.setdefault(caution(subject.plan, subject.described, surroundings), []).append(subject.target)
    return limits.warnings + unread + [f"{text}: {first_of(targets)}" for text, targets in cautions.items() if text]


def _under(managed: set[Target], subject: Subject) -> tuple[str, ...]:
    encrypted = subject.resource.encrypted_snapshots(subject.described)
    return tuple(snapshot for snapshot in encrypted if Target(subject.target.region, snapshot) in managed)


def _under_managed_keys(
    runtime: Runtime, subjects: t.Sequence[Subject], known: t.Mapping[Target, str], judged: Judged | None
) -> tuple[set[Target], list[str]]:
    """Return the snapshots behind what is about to be shared that are under an AWS managed key, and warnings."""
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
        return blocks_public_access(resource, runtime.ec2.call(region, resource.batched.public_access_operation))
    except EC2Error as error:
        return error.failure
