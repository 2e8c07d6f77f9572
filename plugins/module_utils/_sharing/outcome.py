# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Outcome: what became, or would become, of each policy and of the run, counted from what became of each resource.

Pure: this is asked when a run is over, or when its plan is all there will be.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._attributes import result
from .._attributes.permissions import EVERYONE
from .._attributes.permissions import Permission
from .._attributes.permissions import Permissions
from .._attributes.plan import Asked
from .._attributes.plan import AskedPermissions
from .._attributes.subject import DONE
from .guards import Revocation
from .recipients import of_key

if t.TYPE_CHECKING:
    from .._attributes.attribute import Attribute
    from .._attributes.attribute import Value
    from .._attributes.subject import Subject
    from .._attributes.subject import Target
    from .work import Part
    from .work import Work


def revocations(work: Work) -> list[Revocation]:
    """Return what the plans take away, and which policies ask for that. Whatever has failed loses nothing."""
    return [
        Revocation(subject.target, subject.plan.revoked, _taken_by(part, subject, subject.plan.revoked))
        for part in work.parts
        for subject in part.subjects
        if subject.plan and subject.plan.revoked and not subject.failure
    ]


def _taken_by(part: Part, subject: Subject, entries: Permissions) -> dict[int, Permissions]:
    return {
        number: frozenset(entry for entry in entries if _takes_away(asked, entry))
        for number, asked in part.asked(subject).items()
    }


def _takes_away(asked: t.Iterable[Asked], entry: Permission) -> bool:
    return any(isinstance(wish, AskedPermissions) and wish.takes_away(entry) for wish in asked)


@dataclass
class Credit:
    """What one policy has to do with one resource: an entry that several ask for belongs to the first of them."""

    granted: int = 0
    revoked: int = 0
    others: int = 0

    @property
    def is_change(self) -> bool:
        return bool(self.granted or self.revoked or self.others)


def credits_of(part: Part, subject: Subject) -> dict[int, Credit]:
    """Return what each policy is credited with on the subject, as far as it was, or would be, carried out."""
    granted, revoked, others = subject.granted, subject.revoked, _changed_others(subject)
    credited: dict[int, Credit] = {}
    for number, asked in part.asked(subject).items():
        credit = credited[number] = Credit()
        for wish in asked:
            if not isinstance(wish, AskedPermissions):
                mine_too = others & {wish.attribute.option}
                credit.others, others = credit.others + len(mine_too), others - mine_too
            else:
                gains = granted & wish.grant
                losses = frozenset(entry for entry in revoked if wish.takes_away(entry))
                credit.granted, credit.revoked = len(gains), len(losses)
                granted, revoked = granted - gains, revoked - losses
    return credited


def _changed_others(subject: Subject) -> frozenset[str]:
    return frozenset(changed_others(subject))


def changed_others(subject: Subject) -> list[str]:
    """Return the options that were, or would be, changed, permissions aside."""
    if subject.plan is None or subject.after is None:
        return []
    pairs = zip(subject.plan.before.values, subject.after.values)
    return [attribute.option for (attribute, was), (_same, now) in pairs if not attribute.kinds and was != now]


def shown(subject: Subject) -> Permissions:
    """Return who has access: as EC2 showed it last or, in a run that sends nothing, as it would be."""
    attribute = subject.resource.permissions
    if subject.verified:
        return _entries(subject.current(attribute))
    if subject.after is not None:
        return _entries(dict(subject.after.values).get(attribute))
    return _entries(subject.read.get(attribute.option))


def value(subject: Subject, attribute: Attribute) -> Value:
    """Return the value of an attribute that the description contains, as EC2 showed it last.

    If EC2 does not show what was set, because the run did not wait or sends nothing, it is the value that was, or would
    be, set.
    """
    steps = [step for step in subject.steps if step.request.attribute == attribute]
    done = [step.request for step in steps if step.status in DONE or subject.foreseen]
    current = subject.current(attribute)
    if subject.after is None or all(request.is_visible_in(current) for request in done):
        return current
    return dict(subject.after.values)[attribute]


def _entries(value: t.Any) -> Permissions:
    return value if isinstance(value, frozenset) else frozenset()


def granted_by(work: Work, image: Subject) -> Permissions:
    """Return who is granted the image by some policy that selects it."""
    return frozenset().union(*(work.policies[number].grants for number in work.spoken_of_images[image.target]))


def summary(work: Work) -> dict[str, int]:
    """Return the counts of the whole run. An image changes, or fails, when a snapshot or key behind it does.

    Entries are counted on images and snapshots.
    """
    images = list(work.images.values())
    concerned = {image.target: [image, *work.shared_behind(image)] for image in images}
    failed = {target for target, subjects in concerned.items() if any(each.failure for each in subjects)}
    changed = {target for target, subjects in concerned.items() if any(each.changed for each in subjects)}
    everything = result.summary([*images, *work.snapshots.values()])
    return {
        "policies": len(work.policies),
        "images": len(images),
        "changed": len(changed - failed),
        "unchanged": len(images) - len(changed | failed),
        "failed": len(failed),
        "granted": everything["granted"],
        "revoked": everything["revoked"],
        "regions": len({image.target.region for image in images}),
        "snapshots": len(work.snapshots),
        "public": sum(EVERYONE in shown(image) for image in images),
        "outside": sum(len(shown(image) - granted_by(work, image)) for image in images),
        "left_out": len(work.left_out - set(work.images)),
    }


def by_policy(work: Work, present: t.Callable[[Subject], t.Any]) -> list[dict[str, t.Any]]:
    """Return each policy with its counts, and its images, snapshots and keys as ``present`` makes them, each once."""
    items = {subject.target: present(subject) for subject in work.subjects}
    items.update(
        {key.target: {**items[key.target], **of_key(work, key, items[key.target])} for key in work.keys.values()}
    )
    credited = {subject.target: credits_of(part, subject) for part in work.parts for subject in part.subjects}
    return [_of_policy(work, number, items, credited) for number in range(len(work.policies))]


def _of_policy(
    work: Work, number: int, items: t.Mapping[Target, t.Any], credited: t.Mapping[Target, t.Mapping[int, Credit]]
) -> dict[str, t.Any]:
    policy = work.policies[number]
    images = [work.images[target] for target in work.selected[number]]
    subjects = {part.leg.resource.result_key: part.of(number) for part in work.parts}
    mine = {each.target: credited[each.target][number] for every in subjects.values() for each in every}
    # In the order in which they were asked for; and keys that the policy only reports on as well.
    subjects.update(images=images, keys=work.keys_of(number))
    concerned = {
        image.target: [image, *(each for each in work.shared_behind(image) if each.target in mine)] for image in images
    }
    entries = [mine[each.target] for each in (*images, *subjects["snapshots"])]
    failed = {target for target, every in concerned.items() if any(each.failure for each in every)}
    changed = {target for target, every in concerned.items() if any(mine[each.target].is_change for each in every)}
    return {
        "name": policy.name,
        "pattern": policy.pattern.name,
        "selected": len(images),
        "changed": len(changed - failed),
        "granted": sum(credit.granted for credit in entries),
        "revoked": sum(credit.revoked for credit in entries),
        "failed": len(failed),
        **result.with_kms_keys({key: [items[subject.target] for subject in every] for key, every in subjects.items()}),
    }
