# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that are put back into the engine, to see that the laws find them.

Each replaces something in the engine while it is in place, and names laws that it breaks. Every law is named.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from unittest import mock

from ansible_collections.amikit.aws.plugins.module_utils._attributes import fleet
from ansible_collections.amikit.aws.plugins.module_utils._attributes import images
from ansible_collections.amikit.aws.plugins.module_utils._attributes import plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes import predicting
from ansible_collections.amikit.aws.plugins.module_utils._attributes import reading
from ansible_collections.amikit.aws.plugins.module_utils._attributes import resource
from ansible_collections.amikit.aws.plugins.module_utils._attributes import result
from ansible_collections.amikit.aws.plugins.module_utils._attributes import sending
from ansible_collections.amikit.aws.plugins.module_utils._attributes import waiting
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Attribute
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import ByCall
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Tags
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Asked
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime import Runtime
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._sharing import answer
from ansible_collections.amikit.aws.plugins.module_utils._sharing import applying
from ansible_collections.amikit.aws.plugins.module_utils._sharing import encrypted
from ansible_collections.amikit.aws.plugins.module_utils._sharing import merge
from ansible_collections.amikit.aws.plugins.module_utils._sharing import passes
from ansible_collections.amikit.aws.plugins.module_utils._sharing import undoing
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import KEY_LEG
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import SNAPSHOT_LEG
from ansible_collections.amikit.aws.plugins.module_utils._sharing.passes import PASSES
from ansible_collections.amikit.aws.plugins.module_utils._sharing.passes import Pass
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Search
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

Patches = t.Iterator[t.ContextManager[t.Any]]


def _guard_passed_by() -> Patches:
    yield mock.patch.object(applying, "guard", return_value=[])


def _owner_on_a_snapshot() -> Patches:
    yield mock.patch.object(AskedPermissions, "but_for", lambda asked, _entries: asked)


def _removal_before_addition() -> Patches:
    turns = plan._turns
    yield mock.patch.object(plan, "_turns", lambda *arguments: turns(*arguments)[::-1])


def _image_of_a_failed_snapshot() -> Patches:
    heedless = tuple(each._replace(hold_back=lambda _work: None) for each in PASSES)
    yield mock.patch.object(applying, "PASSES", heedless)


def _lost_answer() -> Patches:
    """What was not answered counts as not done."""
    ended = Subject.ended

    def certain(subject: Subject, number: int, status: t.Any, failure: Failure | None = None) -> None:
        ended(subject, number, status, replace(failure, uncertain=False) if failure else None)

    yield mock.patch.object(Subject, "ended", certain)


def _additive_purge() -> Patches:
    def applied_to(asked: AskedPermissions, _current: t.Any, _situation: t.Any) -> t.Any:
        return asked.grant - asked.revoke

    yield mock.patch.object(AskedPermissions, "applied_to", applied_to)


def _granted_twice() -> Patches:
    """What failed is sent once more."""
    send_one = sending._send_one

    def insistent(runtime: Runtime, subject: Subject, number: int, *, dry_run: bool) -> None:
        send_one(runtime, subject, number, dry_run=dry_run)
        if subject.steps[number].is_uncertain:
            send_one(runtime, subject, number, dry_run=dry_run)

    yield mock.patch.object(sending, "_send_one", insistent)


def _late_backup() -> Patches:
    """It is kept when all has been sent."""
    late: list[tuple[t.Any, ...]] = []
    keep, see = fleet.keep, fleet.see

    def see_and_keep(runtime: Runtime, subjects: t.Sequence[Subject], *named: t.Callable[[str], str]) -> list[str]:
        while late:
            keep(*late.pop())
        return see(runtime, subjects, *named)

    yield mock.patch.object(fleet, "keep", lambda *arguments: late.append(arguments))
    yield mock.patch.object(fleet, "see", see_and_keep)


def _refused_entry() -> Patches:
    yield mock.patch.object(undoing, "_odd_grants", return_value=frozenset())


def _seen_at_once() -> Patches:
    yield mock.patch.object(fleet, "see", return_value=[])


def _unread_is_well() -> Patches:
    """What cannot be read, or would be refused, keeps nothing else from being changed."""
    yield mock.patch.object(fleet, "healthy", list)


def _request_forgotten() -> Patches:
    make_plan = Subject.make_plan

    def all_but_the_last(subject: Subject, now: float) -> None:
        make_plan(subject, now)
        subject.steps = subject.steps[:-1]

    yield mock.patch.object(Subject, "make_plan", all_but_the_last)


def _newest_ignored() -> Patches:
    pick = Search.pick
    yield mock.patch.object(Search, "pick", lambda search, found: pick(replace(search, newest=0), found))


def _error_let_through() -> Patches:
    def read_attributes(runtime: Runtime, subject: Subject) -> bool:
        for asked in subject.asked:
            if isinstance(asked.attribute.read, ByCall):
                subject.read[asked.attribute.option] = reading.read(runtime, subject.target, asked.attribute)
        return True

    yield mock.patch.object(reading, "read_attributes", read_attributes)


def _doubt_left_out() -> Patches:
    yield mock.patch.object(result, "_became", return_value="Nothing was changed")
    yield mock.patch.object(answer, "_became", return_value="nothing was changed")


def _check_mode_for_real() -> Patches:
    send_one = sending._send_one

    def for_real(runtime: Runtime, subject: Subject, number: int, **_options: bool) -> None:
        send_one(runtime, subject, number, dry_run=False)

    yield mock.patch.object(sending, "_send_one", for_real)


def _read_twice() -> Patches:
    """Twice to be sure."""
    read_at_once = reading.read_at_once

    def twice(runtime: Runtime, described: t.Iterable[Subject], read: t.Iterable[Subject]) -> None:
        some, others = list(described), list(read)
        read_at_once(runtime, some, others)
        read_at_once(runtime, some, others)

    yield mock.patch.object(reading, "read_at_once", twice)


def _patience() -> Patches:
    poll = waiting._poll

    def long(runtime: Runtime, *arguments: t.Any, **_options: float) -> None:
        poll(replace(runtime, wait_timeout=10 * runtime.wait_timeout), *arguments)

    yield mock.patch.object(waiting, "_poll", long)


def _no_preflight() -> Patches:
    yield mock.patch.object(fleet, "is_authorized", return_value=True)


def _cut_off_unasked() -> Patches:
    """An image is disabled although others can launch it."""
    refusal = resource.refusal

    def heedless(kind: resource.Resource, *arguments: t.Any) -> Failure | None:
        rules = tuple(rule for rule in kind.rules if rule is not images._disabled)
        return refusal(replace(kind, rules=rules), *arguments)

    yield mock.patch.object(predicting, "refusal", heedless)


def _refused_together() -> Patches:
    """What EC2 refuses of many together is not sent for each of them."""
    send_batch = sending._send_batch

    def once(runtime: Runtime, parts: t.Sequence[sending.Part], *, dry_run: bool) -> t.Sequence[sending.Part]:
        alone = send_batch(runtime, parts, dry_run=dry_run)
        return alone if len(parts) == 1 else ()

    yield mock.patch.object(sending, "_send_batch", once)


def _held_back_for_nothing() -> Patches:
    """No removal on a snapshot is ever sent."""

    def hold_back(work: Work) -> None:
        for snapshot in work.snapshots.values():
            if snapshot.lacks("remove"):
                passes._hold_back(snapshot, "remove", "revoking on", ())

    anxious = tuple(
        each._replace(hold_back=hold_back) if each.leg is SNAPSHOT_LEG and "remove" in each.operations else each
        for each in PASSES
    )
    yield mock.patch.object(applying, "PASSES", anxious)


def _date_of_a_public_image() -> Patches:
    """What EC2 refuses keeps all else from being taken back."""
    yield mock.patch.object(undoing, "_refused", return_value={})


def _tag_with_many_values() -> Patches:
    """Tags are removed with their values."""
    tag_requests = plan._tag_requests

    def exact(attribute: Attribute, before: Tags, after: Tags, most: int | None) -> t.Iterator[plan.Request]:
        for request in tag_requests(attribute, before, after, most):
            held = tuple(tag for tag in before if tag[0] in dict(t.cast("Tags", request.value)))
            yield replace(request, value=held) if request.operation == "remove" else request

    yield mock.patch.object(plan, "_tag_requests", exact)


def _tags_side_by_side() -> Patches:
    yield mock.patch.object(sending, "_turn", return_value=sending._ADDS)


def _no_room_for_tags() -> Patches:
    """Nothing is taken off first."""
    tag_requests = plan._tag_requests

    def heedless(attribute: Attribute, before: Tags, after: Tags, _most: int | None) -> t.Iterator[plan.Request]:
        return tag_requests(attribute, before, after, None)

    yield mock.patch.object(plan, "_tag_requests", heedless)


def _looked_at_too_late() -> Patches:
    yield mock.patch.object(waiting, "look_before_disabling")


def _taken_off_keys() -> Patches:
    """What is exclusive on images is exclusive on their keys."""

    def exact(policy: Policy) -> tuple[Asked, ...]:
        return tuple(
            replace(wish, purge=policy.pattern.exact) if isinstance(wish, AskedPermissions) else wish
            for wish in KEY_LEG.asked(policy)
        )

    yield mock.patch.object(encrypted, "KEY_LEG", KEY_LEG._replace(asked=exact))


def _policies_of_keys_unheeded() -> Patches:
    """The first policy that is about a key decides about it."""
    speakers_behind = merge.speakers_behind

    def first_of(*arguments: t.Any) -> t.Any:
        return {target: numbers[:1] for target, numbers in speakers_behind(*arguments).items()}

    yield mock.patch.object(encrypted, "speakers_behind", first_of)


def _keys_first_either_way() -> Patches:
    """All that changes on a key is written at once, before its images."""
    at_once = Pass(KEY_LEG, frozenset({"add", "remove"}), lambda _work: None)
    others = tuple(each for each in PASSES if each.leg is not KEY_LEG)
    yield mock.patch.object(applying, "PASSES", (at_once, *others))


def _images_of_failed_keys() -> Patches:
    yield mock.patch.object(Work, "keys_shared_behind", return_value=[])


def _written_over_others() -> Patches:
    yield mock.patch.object(sending, "_bases", lambda subject, _document: [subject.described])


class Fault(t.NamedTuple):
    """What is put back, and the laws that find it."""

    patches: t.Callable[[], Patches]
    laws: tuple[str, ...]


FAULTS = {
    "guard passed by": Fault(_guard_passed_by, ("guarded",)),
    "owner on a snapshot": Fault(_owner_on_a_snapshot, ("only what was asked", "converges", "check mode predicts")),
    "removal before addition": Fault(_removal_before_addition, ("keeps access",)),
    "image of a failed snapshot": Fault(_image_of_a_failed_snapshot, ("snapshots first",)),
    "lost answer": Fault(_lost_answer, ("statuses are true", "results are true")),
    "backup written late": Fault(_late_backup, ("backup comes first",)),
    "additive purge": Fault(_additive_purge, ("only what was asked", "keeps access", "sums agree")),
    "granted twice": Fault(_granted_twice, ("sends once",)),
    "taken off keys": Fault(_taken_off_keys, ("keys are only shared",)),
    "policies of keys unheeded": Fault(_policies_of_keys_unheeded, ("keys are as asked", "keys first")),
    "keys first either way": Fault(_keys_first_either_way, ("keys last",)),
    "images of failed keys": Fault(_images_of_failed_keys, ("keys first",)),
    "written over others": Fault(_written_over_others, ("keys are written as planned",)),
    # Others, so that every law finds something.
    "seen at once": Fault(_seen_at_once, ("is shown", "interference is reported")),
    "unread is well": Fault(_unread_is_well, ("all are planned first",)),
    "request forgotten": Fault(_request_forgotten, ("success is success",)),
    "newest ignored": Fault(_newest_ignored, ("selects",)),
    "error let through": Fault(_error_let_through, ("ends with a result",)),
    "doubt left out": Fault(_doubt_left_out, ("doubt is reported",)),
    "check mode for real": Fault(_check_mode_for_real, ("check mode changes nothing",)),
    "read twice": Fault(_read_twice, ("stays within the budget",)),
    "patience": Fault(_patience, ("waits no longer",)),
    "no preflight": Fault(_no_preflight, ("preflight comes first",)),
    "cut off unasked": Fault(_cut_off_unasked, ("keeps access",)),
    "held back for nothing": Fault(_held_back_for_nothing, ("restores",)),
    # What found.py has scenarios for.
    "refused entry": Fault(_refused_entry, ("restores",)),
    "date of a public image": Fault(_date_of_a_public_image, ("restores",)),
    "refused together": Fault(_refused_together, ("success is success",)),
    "tag with many values": Fault(_tag_with_many_values, ("stays within the budget",)),
    "looked at too late": Fault(_looked_at_too_late, ("nobody is cut off",)),
    "tags side by side": Fault(_tags_side_by_side, ("keeps tags",)),
    "no room for tags": Fault(_no_room_for_tags, ("converges",)),
}


@contextlib.contextmanager
def put_back(name: str) -> t.Iterator[None]:
    """Let the engine have that fault."""
    with contextlib.ExitStack() as stack:
        for patch in FAULTS[name].patches():
            stack.enter_context(patch)
        yield
