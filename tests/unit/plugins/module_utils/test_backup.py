# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Backup: the text leads back to the same values, whatever EC2 held, and what is no backup is refused by name."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Attribute
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Value
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import Backup
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import Entry
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import NotABackupError
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import parse
from ansible_collections.amikit.aws.plugins.module_utils._attributes.backup import to_text
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import PROTECTIONS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.resource import Resource
from ansible_collections.amikit.aws.plugins.module_utils._attributes.snapshots import SNAPSHOTS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target

RESOURCES = (IMAGES, SNAPSHOTS)
MADE = "2026-11-29T10:14:18Z"
IMAGE, SNAPSHOT = "ami-0aaaaaaaaaaaaaaaa", "snap-0aaaaaaaaaaaaaaaa"
ACCOUNT, OTHER = "111122223333", "444455556666"

Json = dict[str, t.Any]

# Any subjects. What EC2 holds is not judged: an entry may be any text.

_TEXTS = st.text(max_size=9)


_KEYS = st.text(min_size=1, max_size=9)
_TAGS = st.dictionaries(_KEYS, _TEXTS, max_size=4).map(lambda tags: tuple(sorted(tags.items())))


_TEXT_VALUES: dict[str, st.SearchStrategy[Value]] = {
    "deprecate_at": st.just("") | st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z"),
    "deregistration_protection": st.sampled_from(PROTECTIONS),
}


def _values(attribute: Attribute) -> st.SearchStrategy[Value]:
    if attribute.has_tags:
        return _TAGS
    if isinstance(attribute.unset, bool):
        return st.booleans()
    if not attribute.kinds:
        return _TEXT_VALUES.get(attribute.option, st.none() | _TEXTS)
    entries = st.builds(Permission, st.sampled_from([kind.option for kind in attribute.kinds]), _TEXTS)
    return st.frozensets(entries, max_size=4)


@st.composite
def _subjects(draw: st.DrawFn) -> list[Subject]:
    subjects = []
    for resource in RESOURCES:
        for digit in draw(st.sets(st.sampled_from("0123"))):
            prefix = {"image_id": "ami", "snapshot_id": "snap"}[resource.id_option]
            target = Target(draw(st.sampled_from(["us-east-1", "eu-west-1"])), f"{prefix}-{digit * 17}")
            name = {"Name": draw(_TEXTS)} if resource is IMAGES else {}
            managed = [attribute for attribute in resource.attributes if draw(st.booleans())]
            before, after = (Attributes(tuple((each, draw(_values(each))) for each in managed)) for _time in range(2))
            subjects.append(Subject(resource, target, (), name, plan=Plan(before, after)))
    return subjects


@given(_subjects(), st.none() | _TEXTS)
@fuzz(60)
def test_the_text_leads_back_to_the_same_values(subjects: list[Subject], caller: str | None) -> None:
    text = to_text(RESOURCES, subjects, MADE, caller)
    entries = [
        Entry(each.resource, each.target, each.name, each.plan.before, each.plan.after)
        for each in subjects
        if each.plan
    ]
    for written in (text, text.encode()):
        assert parse(written, RESOURCES) == Backup(MADE, caller, tuple(entries))


def planned(resource: Resource, resource_id: str, before: Attributes, after: Attributes) -> Subject:
    return Subject(resource, Target("us-east-1", resource_id), (), {"Name": "golden"}, plan=Plan(before, after))


def test_the_text_has_the_form_that_is_promised_and_a_resource_a_line() -> None:
    description, imds, launch, *_others = IMAGES.attributes
    had, has = frozenset({Permission("user_ids", ACCOUNT)}), frozenset({Permission("group_names", "all")})
    image = planned(
        IMAGES,
        IMAGE,
        Attributes(((description, ""), (imds, None), (launch, had))),
        Attributes(((description, "new"), (imds, "v2.0"), (launch, had | has))),
    )
    copied = SNAPSHOTS.permissions
    snapshot = planned(SNAPSHOTS, SNAPSHOT, Attributes(((copied, had),)), Attributes(((copied, has),)))
    text = to_text(RESOURCES, [snapshot, image], MADE, "arn:aws:iam::123456789012:user/ops")
    assert json.loads(text) == {
        "amikit_backup": 1,
        "made": MADE,
        "caller": "arn:aws:iam::123456789012:user/ops",
        "images": [
            {
                "id": IMAGE,
                "region": "us-east-1",
                "name": "golden",
                "before": {"description": "", "imds_support": None, "launch_permissions": permissions([ACCOUNT])},
                "after": {
                    "description": "new",
                    "imds_support": "v2.0",
                    "launch_permissions": permissions([ACCOUNT], ["all"]),
                },
            }
        ],
        "snapshots": [
            {
                "id": SNAPSHOT,
                "region": "us-east-1",
                "name": None,
                "before": {"create_volume_permissions": {"user_ids": [ACCOUNT], "group_names": []}},
                "after": {"create_volume_permissions": {"user_ids": [], "group_names": ["all"]}},
            }
        ],
    }
    assert [line[:6] for line in text.splitlines()] == ['{"amik', '{"id":', '], "sn', '{"id":', "]}"]


def permissions(accounts: list[str], groups: t.Sequence[str] = ()) -> Json:
    return {"user_ids": accounts, "group_names": list(groups), "org_arns": [], "org_unit_arns": []}


# What is no backup


def entry(**others: t.Any) -> Json:
    launch = {"launch_permissions": {"user_ids": [ACCOUNT]}}
    return {"id": IMAGE, "region": "us-east-1", "name": None, "before": launch, "after": launch, **others}


def backup(*images: t.Any, **others: t.Any) -> Json:
    return {"amikit_backup": 1, "made": MADE, "caller": None, "images": list(images), **others}


def held(**values: t.Any) -> Json:
    """Return a backup of one image that had these attributes, and has them again."""
    return backup(entry(before=values, after=values))


NO_TIME = "is not a time such as 2026-11-29T10:14:18Z"
NO_DATE = "is not a time such as 2027-12-31T18:00:00.000Z"
NOT_BACKUPS: dict[str, tuple[t.Any, str]] = {
    "a list": ([], "it is not a backup of this collection: it has no amikit_backup"),
    "another dictionary": ({"images": []}, "it is not a backup of this collection: it has no amikit_backup"),
    "a later version": (
        backup(amikit_backup=2),
        "it is a backup of another version of the collection (amikit_backup: 2)",
    ),
    "no time": ({"amikit_backup": 1}, f"made: None {NO_TIME}"),
    "a time that would be a path": (backup(made="../../x"), f"made: '../../x' {NO_TIME}"),
    "a time with a line break": (backup(made=f"{MADE}\n"), f"made: '{MADE}\\n' {NO_TIME}"),
    "keys": (backup(keys=[]), "it holds keys, which this version of the collection cannot restore"),
    "images that are no list": (backup(images={}), "images is not a list"),
    "snapshots that are null": (backup(snapshots=None), "snapshots is not a list"),
    "an image that is an id": (backup(entry(), IMAGE), "images[1] is not a dictionary"),
    "an id of something else": (
        backup(entry(id=SNAPSHOT)),
        f"images[0]: '{SNAPSHOT}' is not the id of an AMI (ami- and 8 or 17 hexadecimal digits, or REGION:ami-…)",
    ),
    "no id": (backup(entry(id=None)), "images[0]: 'None' is not the id of an AMI"),
    "no Region": (backup(entry(region=None)), "images[0]: region: '' is not the name of a Region"),
    "a Region that is a host": (
        backup(entry(region="evil.example.com/")),
        "images[0]: region: 'evil.example.com/' is not the name of a Region",
    ),
    "an image twice": (backup(entry(), entry()), f"{IMAGE} (us-east-1) is in it twice"),
    "no before": (backup(entry(before=None)), "images[0].before is not a dictionary"),
    "an unknown attribute": (held(colour="red"), "images[0].before: unknown: 'colour'"),
    "before and after of different attributes": (
        backup(entry(after={"description": "d"})),
        "images[0]: before and after are not of the same attributes",
    ),
    "a description that is a number": (held(description=5), "images[0].before.description is not text"),
    "a flag that is text": (held(enabled="yes"), "images[0].before.enabled is neither true nor false"),
    "a flag that is null": (held(enabled=None), "images[0].before.enabled is neither true nor false"),
    "a date in words": (held(deprecate_at="soon"), f"images[0].before.deprecate_at: 'soon' {NO_DATE}"),
    "an age in place of a date": (held(deprecate_at="90d"), f"images[0].before.deprecate_at: '90d' {NO_DATE}"),
    "a date that is null": (held(deprecate_at=None), "images[0].before.deprecate_at is not text"),
    "a date afterwards": (
        backup(entry(before={"deprecate_at": ""}, after={"deprecate_at": "soon"})),
        f"images[0].after.deprecate_at: 'soon' {NO_DATE}",
    ),
    "a protection that there is not": (
        held(deregistration_protection="foo"),
        "images[0].before.deregistration_protection: 'foo' is not one of enabled, enabled-with-cooldown, disabled",
    ),
    "a protection that is null": (
        held(deregistration_protection=None),
        "images[0].before.deregistration_protection is not text",
    ),
    "a tag that is null": (held(shared_tags={"a": None}), "images[0].before.shared_tags.a is not text"),
    "a tag that is a number": (held(shared_tags={"a": 5}), "images[0].before.shared_tags.a is not text"),
    "a tag that is too long": (
        held(shared_tags={"a": "v" * 257}),
        "images[0].before.shared_tags: the value of 'a' has 257 characters, and EC2 takes 256",
    ),
    "tags that are a list": (held(shared_tags=["status"]), "images[0].before.shared_tags is not a dictionary"),
    "permissions that are a list": (
        held(launch_permissions=[ACCOUNT]),
        "images[0].before.launch_permissions is not a dictionary",
    ),
    "an unknown kind of principal": (
        held(launch_permissions={"roles": []}),
        "images[0].before.launch_permissions: unknown: 'roles'",
    ),
    "accounts that are text": (
        held(launch_permissions={"user_ids": ACCOUNT}),
        "images[0].before.launch_permissions.user_ids is not a list",
    ),
    "an account that is a number": (
        held(launch_permissions={"user_ids": [111122223333]}),
        "images[0].before.launch_permissions.user_ids does not hold texts only",
    ),
    "a snapshot for an organization": (
        backup(snapshots=[entry(id=SNAPSHOT, before={"create_volume_permissions": {"org_arns": []}})]),
        "snapshots[0].before.create_volume_permissions: unknown: 'org_arns'",
    ),
}


@pytest.mark.parametrize(("content", "problem"), NOT_BACKUPS.values(), ids=list(NOT_BACKUPS))
def test_what_is_no_backup_is_refused_with_its_reason(content: t.Any, problem: str) -> None:
    with pytest.raises(NotABackupError) as refused:
        parse(json.dumps(content), RESOURCES)
    assert str(refused.value).startswith(problem)


GARBAGE = {
    "nothing": b"",
    "half a backup": json.dumps(backup(entry())).encode()[:-9],
    "no text": b"\x80\x81\xff",
    "brackets without end": b"[" * 100_000,
    "a number without end": b"1" * 100_000,
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=list(GARBAGE))
def test_what_is_not_json_is_refused_as_that(content: bytes) -> None:
    # A number is JSON where Python reads one of any length, as it did before 3.10.7.
    with pytest.raises(NotABackupError, match=r"^it is not (JSON|a backup of this collection: .*)$"):
        parse(content, RESOURCES)


def test_a_backup_by_hand_may_leave_out_what_is_empty() -> None:
    by_hand = {"amikit_backup": 1, "made": MADE, "images": [entry(name="golden")]}
    launch = Attributes(((IMAGES.permissions, frozenset({Permission("user_ids", ACCOUNT)})),))
    expected = Entry(IMAGES, Target("us-east-1", IMAGE), "golden", launch, launch)
    assert parse(json.dumps(by_hand), RESOURCES) == Backup(MADE, None, (expected,))
