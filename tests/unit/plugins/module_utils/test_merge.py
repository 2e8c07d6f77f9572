# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Merging: a table of policies to what they ask together, what contradicts what, and the laws of both."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz
from unit.sharing import ALL
from unit.sharing import COPY
from unit.sharing import LAUNCH
from unit.sharing import ODD
from unit.sharing import ORG
from unit.sharing import OU
from unit.sharing import SOME_IMAGES
from unit.sharing import TEXTS
from unit.sharing import WEST
from unit.sharing import A
from unit.sharing import B
from unit.sharing import C
from unit.sharing import D
from unit.sharing import World
from unit.sharing import agreeing
from unit.sharing import before_and_after
from unit.sharing import found_in
from unit.sharing import image
from unit.sharing import images_of
from unit.sharing import planned
from unit.sharing import plans
from unit.sharing import policy
from unit.sharing import snapshot
from unit.sharing import some_policies
from unit.sharing import some_policy
from unit.sharing import worlds

from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import AUTOSCALING
from ansible_collections.amikit.aws.plugins.module_utils._attributes.keys import KEY_USERS
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Asked
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedOfEntries
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedText
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import KEY_LEG
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import looks_at_keys
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import needed_of_keys
from ansible_collections.amikit.aws.plugins.module_utils._sharing.legs import unshareable
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import Speakers
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import disputed
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import listed
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import speakers
from ansible_collections.amikit.aws.plugins.module_utils._sharing.merge import wishes
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

DESCRIPTION, IMDS = TEXTS


def launch(
    *, grant: t.Iterable[Permission] = (), revoke: t.Iterable[Permission] = (), purge: bool = False
) -> AskedPermissions:
    return AskedPermissions(LAUNCH, frozenset(grant), frozenset(revoke), purge)


def copy(
    *, grant: t.Iterable[Permission] = (), revoke: t.Iterable[Permission] = (), purge: bool = False
) -> AskedPermissions:
    return AskedPermissions(COPY, frozenset(grant), frozenset(revoke), purge)


# What policies ask together

# One image, which all policies of a row select, with one snapshot behind it.
ONE, ONE_COPY = image(1), snapshot(1)
TWO = image(2)
Row = tuple[list[Policy], tuple[Asked, ...], tuple[Asked, ...]]
WISHES: dict[str, Row] = {
    # rule: (policies, asked of the image, asked of the snapshot behind it)
    "share grants": ([policy("share", A, ORG)], (launch(grant=[A, ORG]),), ()),
    "exclusive leaves nobody else": ([policy("exclusive", A, OU)], (launch(grant=[A, OU], purge=True),), ()),
    "revoke revokes": ([policy("revoke", A, ORG)], (launch(revoke=[A, ORG]),), ()),
    "public grants everyone": ([policy("public")], (launch(grant=[ALL]),), ()),
    "private leaves nobody": ([policy("private")], (launch(purge=True),), ()),
    "share, with snapshots for accounts alone": (
        [policy("share", A, ORG, OU, snapshots=True)],
        (launch(grant=[A, ORG, OU]),),
        (copy(grant=[A]),),
    ),
    "revoke, with snapshots for accounts alone": (
        [policy("revoke", A, OU, snapshots=True)],
        (launch(revoke=[A, OU]),),
        (copy(revoke=[A]),),
    ),
    "nothing is asked of snapshots for organizations": (
        [policy("share", ORG, snapshots=True), policy("revoke", OU, snapshots=True)],
        (launch(grant=[ORG], revoke=[OU]),),
        (),
    ),
    "exclusive for an organization leaves nobody on snapshots": (
        [policy("exclusive", ORG, snapshots=True)],
        (launch(grant=[ORG], purge=True),),
        (copy(purge=True),),
    ),
    "public, with snapshots": ([policy("public", snapshots=True)], (launch(grant=[ALL]),), (copy(grant=[ALL]),)),
    "private, with snapshots": ([policy("private", snapshots=True)], (launch(purge=True),), (copy(purge=True),)),
    "texts stand beside permissions": (
        [policy("share", A, description="golden", imds_support="v2.0")],
        (AskedText(DESCRIPTION, "golden"), AskedText(IMDS, "v2.0"), launch(grant=[A])),
        (),
    ),
    "an empty description is asked for": (
        [policy("private", description="")],
        (AskedText(DESCRIPTION, ""), launch(purge=True)),
        (),
    ),
    "two shares add up": ([policy("share", A), policy("share", B, A)], (launch(grant=[A, B]),), ()),
    "a share and a revocation": ([policy("share", A), policy("revoke", B)], (launch(grant=[A], revoke=[B]),), ()),
    "exclusive and a share of some of them": (
        [policy("exclusive", A, B), policy("share", B)],
        (launch(grant=[A, B], purge=True),),
        (),
    ),
    "exclusive and a revocation of others": (
        [policy("revoke", C), policy("exclusive", A)],
        (launch(grant=[A], revoke=[C], purge=True),),
        (),
    ),
    "one with snapshots and one without": (
        [policy("share", A), policy("share", B, snapshots=True)],
        (launch(grant=[A, B]),),
        (copy(grant=[B]),),
    ),
    "public and a share": ([policy("public"), policy("share", A)], (launch(grant=[ALL, A]),), ()),
    "texts of several policies, in the order of the table": (
        [policy("share", A, imds_support="v2.0"), policy("share", B, description="golden")],
        (AskedText(DESCRIPTION, "golden"), AskedText(IMDS, "v2.0"), launch(grant=[A, B])),
        (),
    ),
    "the same text twice": (
        [policy("share", A, description="golden"), policy("share", A, description="golden")],
        (AskedText(DESCRIPTION, "golden"), launch(grant=[A])),
        (),
    ),
}


@pytest.mark.parametrize(("policies", "of_image", "of_snapshot"), WISHES.values(), ids=list(WISHES))
def test_what_policies_ask_together(
    policies: list[Policy], of_image: tuple[Asked, ...], of_snapshot: tuple[Asked, ...]
) -> None:
    work = planned(policies, World(behind={ONE: [ONE_COPY]}))
    assert work.images[ONE].asked == of_image
    assert {target: subject.asked for target, subject in work.snapshots.items()} == (
        {ONE_COPY: of_snapshot} if of_snapshot else {}
    )


def test_each_image_is_asked_what_its_own_policies_ask() -> None:
    policies = [policy("share", A, on=[ONE, TWO]), policy("revoke", B, on=[TWO]), policy("private", on=[image(3)])]
    work = planned(policies, World())
    assert {target: subject.asked for target, subject in work.images.items()} == {
        ONE: (launch(grant=[A]),),
        TWO: (launch(grant=[A], revoke=[B]),),
        image(3): (launch(purge=True),),
    }


def test_the_same_id_in_two_regions_is_two_images() -> None:
    here, there = image(1), image(1, WEST)
    work = planned([policy("share", A, on=[here]), policy("private", on=[there])], World())
    assert [subject.asked for subject in work.images.values()] == [(launch(grant=[A]),), (launch(purge=True),)]
    assert found_in(work) == []


def test_a_snapshot_behind_two_images_is_asked_what_the_policies_of_both_ask() -> None:
    policies = [policy("share", A, on=[ONE], snapshots=True), policy("share", B, on=[TWO], snapshots=True)]
    work = planned(policies, World(behind={ONE: [ONE_COPY], TWO: [ONE_COPY]}))
    assert work.snapshots[ONE_COPY].asked == (copy(grant=[A, B]),)


SPEAKERS: dict[str, tuple[list[list[Target]], dict[Target, Speakers]]] = {
    "no policy": ([], {}),
    "policies that select nothing": ([[], []], {}),
    "in the order of the policies": ([[TWO, ONE], [ONE]], {TWO: (0,), ONE: (0, 1)}),
}


@pytest.mark.parametrize(("selected", "spoken"), SPEAKERS.values(), ids=list(SPEAKERS))
def test_who_speaks_of_an_image(selected: list[list[Target]], spoken: dict[Target, Speakers]) -> None:
    assert speakers(selected) == spoken


UNSHAREABLE: dict[str, tuple[list[Policy], list[str]]] = {
    "without snapshots": ([policy("share", ORG)], []),
    "accounts": ([policy("share", A, snapshots=True), policy("public", snapshots=True)], []),
    "those who are revoked": ([policy("revoke", ORG, snapshots=True)], []),
    "each once, in order": (
        [policy("share", OU, A, ORG, snapshots=True), policy("exclusive", ORG, snapshots=True)],
        [OU.value, ORG.value],
    ),
}


@pytest.mark.parametrize(("policies", "principals"), UNSHAREABLE.values(), ids=list(UNSHAREABLE))
def test_who_cannot_be_given_snapshots(policies: list[Policy], principals: list[str]) -> None:
    assert unshareable(policies) == principals


# Keys


def of_keys(one: Policy, kms: str, *, autoscaling: bool = False) -> Policy:
    return dataclasses.replace(one, kms=kms, kms_autoscaling=autoscaling)


def users(*grant: Permission) -> AskedPermissions:
    return AskedPermissions(KEY_USERS, frozenset(grant))


def groups_of(*grant: Permission) -> AskedOfEntries:
    return AskedOfEntries(AUTOSCALING, users(*grant), AskedPermissions(AUTOSCALING, frozenset(grant)))


KEY = Target("us-east-1", "1234abcd-12ab-34cd-56ef-1234567890ab")
EXACT, PUBLIC = policy("exclusive", A, OU), policy("public")
# Each: a policy, what it asks of keys, what those whom it grants images need of them, whether it looks at them.
OF_KEYS: dict[str, tuple[Policy, tuple[Asked, ...], tuple[Asked, ...], bool]] = {
    "reported": (policy("share", A, ORG), (), (users(A, ORG),), True),
    "shared": (of_keys(EXACT, "share"), (users(A, OU),), (users(A, OU),), True),
    "ignored": (of_keys(EXACT, "ignore"), (), (), False),
    "with Auto Scaling groups": (
        of_keys(EXACT, "share", autoscaling=True),
        (users(A, OU), groups_of(A, OU)),
        (users(A, OU), groups_of(A, OU)),
        True,
    ),
    "revoked, and reported": (policy("revoke", A), (), (), False),
    "revoked, and shared": (of_keys(policy("revoke", A), "share"), (), (), True),
    "private": (policy("private"), (), (), False),
    "public": (PUBLIC, (), (), False),
}


@pytest.mark.parametrize(("one", "asked", "needed", "looks"), OF_KEYS.values(), ids=list(OF_KEYS))
def test_what_a_policy_asks_of_keys(
    one: Policy, asked: tuple[Asked, ...], needed: tuple[Asked, ...], looks: bool
) -> None:
    assert (KEY_LEG.asked(one), needed_of_keys(one), looks_at_keys(one)) == (asked, needed, looks)


def test_policies_that_share_a_key_ask_together_and_contradict_nobody() -> None:
    both = [of_keys(policy("exclusive", each), "share", autoscaling=True) for each in (A, B)]
    merged = wishes(KEY_LEG, both, {KEY: (0, 1)})
    assert merged == {KEY: (users(A, B), groups_of(A, B))}
    assert disputed(*map(KEY_LEG.asked, both)) == ()
    one_alone = [both[0], of_keys(policy("share", B), "share")]
    assert wishes(KEY_LEG, one_alone, {KEY: (0, 1)}) == {KEY: (users(A, B), groups_of(A))}


# What contradicts what

# Two images with a snapshot in common, and one that stands alone.
COMMON = World(behind={ONE: [ONE_COPY], TWO: [ONE_COPY, snapshot(2)], image(3): [snapshot(3)]})
MANY = [image(number) for number in range(1, 8)]


def about(entries: str, targets: str, one: str = "one", other: str = "other") -> str:
    return f"the policies '{one}' and '{other}' contradict each other about {entries}, on {targets}"


def pair(first: Policy, second: Policy) -> list[Policy]:
    return [dataclasses.replace(first, name="one"), dataclasses.replace(second, name="other")]


ON_ONE = "us-east-1:ami-00000001"
CONTRADICTIONS: dict[str, tuple[list[Policy], list[str]]] = {
    # what meets: (policies, messages)
    "one policy": ([policy("private")], []),
    "a share and a revocation of the same": (
        pair(policy("share", A, ORG), policy("revoke", ORG, A)),
        [about(f"{A.value}, {ORG.value}", ON_ONE)],
    ),
    "a share and a revocation of others": (pair(policy("share", A), policy("revoke", B)), []),
    "a share and a revocation of the same, on different images": (
        pair(policy("share", A), policy("revoke", A, on=[TWO])),
        [],
    ),
    "exclusive and a share of all of them": (pair(policy("exclusive", A, B), policy("share", B, A)), []),
    "exclusive and a share of some of them": (pair(policy("exclusive", A, B), policy("share", A)), []),
    "exclusive and a share of others": (pair(policy("exclusive", A), policy("share", A, B)), [about(B.value, ON_ONE)]),
    "a share of others and exclusive": (pair(policy("share", B), policy("exclusive", A)), [about(B.value, ON_ONE)]),
    "exclusive and a revocation of others": (pair(policy("exclusive", A), policy("revoke", B)), []),
    "exclusive and a revocation of one of them": (
        pair(policy("exclusive", A, B), policy("revoke", A)),
        [about(A.value, ON_ONE)],
    ),
    "two exact lists that are the same": (pair(policy("exclusive", A, B), policy("exclusive", B, A)), []),
    "two exact lists": (
        pair(policy("exclusive", B, C), policy("exclusive", A, B)),
        [about(f"{A.value}, {C.value}", ON_ONE)],
    ),
    "public and private": (pair(policy("public"), policy("private")), [about("all", ON_ONE)]),
    "public and exclusive": (pair(policy("public"), policy("exclusive", A)), [about("all", ON_ONE)]),
    "public and a share": (pair(policy("public"), policy("share", A)), []),
    "public and a revocation": (pair(policy("public"), policy("revoke", A)), []),
    "private and private": (pair(policy("private"), policy("private")), []),
    "private and a share": (pair(policy("private"), policy("share", A)), [about(A.value, ON_ONE)]),
    "private and a revocation": (pair(policy("private"), policy("revoke", A)), []),
    "two descriptions": (
        pair(policy("share", A, description="a"), policy("share", A, description="b")),
        [about("description", ON_ONE)],
    ),
    "a description and an empty one": (
        pair(policy("share", A, description="a"), policy("share", A, description="")),
        [about("description", ON_ONE)],
    ),
    "the same description": (pair(policy("share", A, description="a"), policy("share", B, description="a")), []),
    "a description and none asked for": (pair(policy("share", A, description="a"), policy("share", B)), []),
    "a text and another one": (
        pair(policy("share", A, description="v2.0"), policy("share", A, imds_support="v2.0")),
        [],
    ),
    "principals come before texts": (
        pair(policy("share", D, description="a"), policy("private", description="b")),
        [about(f"{D.value}, description", ON_ONE)],
    ),
    "every image in common is named, and no other": (
        pair(policy("private", on=[image(3), TWO, ONE]), policy("share", A, on=[TWO, image(4), ONE])),
        [about(A.value, f"{ON_ONE}, us-east-1:ami-00000002")],
    ),
    "of many images, five": (
        pair(policy("private", on=MANY), policy("share", A, on=MANY)),
        [about(A.value, f"{', '.join(f'us-east-1:{target.id}' for target in MANY[:5])} and 2 more")],
    ),
    "of many principals, five": (
        pair(policy("private"), policy("share", *[Permission("user_ids", f"{number:012}") for number in range(7)])),
        [about(", ".join(f"{number:012}" for number in range(5)), ON_ONE)],
    ),
    "different images with a snapshot in common, exact and more": (
        pair(policy("exclusive", A, snapshots=True), policy("share", B, on=[TWO], snapshots=True)),
        [about(B.value, "us-east-1:snap-00000001")],
    ),
    "different images with a snapshot in common, and two exact lists": (
        pair(policy("exclusive", A, snapshots=True), policy("exclusive", B, on=[TWO], snapshots=True)),
        [about(f"{A.value}, {B.value}", "us-east-1:snap-00000001")],
    ),
    "a snapshot in common that one of them leaves alone": (
        pair(policy("exclusive", A, snapshots=True), policy("exclusive", B, on=[TWO])),
        [],
    ),
    "a snapshot in common, and lists that differ in organizations alone": (
        pair(policy("exclusive", A, ORG, snapshots=True), policy("exclusive", A, OU, on=[TWO], snapshots=True)),
        [],
    ),
    "images without a snapshot in common": (
        pair(policy("exclusive", A, snapshots=True), policy("exclusive", B, on=[image(3)], snapshots=True)),
        [],
    ),
    "an image in common, and so the snapshots behind it": (
        pair(policy("private", snapshots=True), policy("share", A, on=[ONE, TWO], snapshots=True)),
        [about(A.value, ON_ONE)],
    ),
    "every pair, in the order of the policies": (
        [policy("share", A, name="x"), policy("private", name="y"), policy("revoke", A, name="z")],
        [about(A.value, ON_ONE, "x", "y"), about(A.value, ON_ONE, "x", "z")],
    ),
}


@pytest.mark.parametrize(("policies", "messages"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_what_contradicts_what(policies: list[Policy], messages: list[str]) -> None:
    assert [found.text(str) for found in found_in(planned(policies, COMMON))] == messages


def test_a_contradiction_names_accounts() -> None:
    (found,) = found_in(planned(pair(policy("share", A, B), policy("private")), World()))
    named = found.text(lambda principal: f"{principal} (Partner)" if principal == B.value else principal)
    assert named == about(f"{A.value}, {B.value} (Partner)", ON_ONE)


def test_a_contradiction_is_one_line_whatever_the_policies_are_called() -> None:
    (found,) = found_in(planned([policy("share", A, name="a\nb"), policy("private", name="c\r\n")], World()))
    assert found.text(str) == about(A.value, ON_ONE, "a\\nb", "c\\r\\n")


LISTED: dict[str, tuple[list[Target], str]] = {
    "one": ([image(1, WEST)], "eu-west-1:ami-00000001"),
    "five": (MANY[:5], ", ".join(f"us-east-1:{target.id}" for target in MANY[:5])),
    "six": (MANY[:6], f"{', '.join(f'us-east-1:{target.id}' for target in MANY[:5])} and 1 more"),
}


@pytest.mark.parametrize(("targets", "text"), LISTED.values(), ids=list(LISTED))
def test_the_first_are_named(targets: list[Target], text: str) -> None:
    assert listed(targets) == text


# Laws

TAKEN_APART = ("share", "revoke")


@fuzz(150)
@given(policies=some_policies(), world=worlds(), data=st.data())
def test_the_order_of_the_policies_does_not_matter(policies: list[Policy], world: World, data: st.DataObject) -> None:
    ordered, shuffled = planned(policies, world), planned(data.draw(st.permutations(policies)), world)
    assert plans(shuffled) == plans(ordered)
    assert _disputes(shuffled) == _disputes(ordered)


def _disputes(work: Work) -> set[tuple[frozenset[str], tuple[str, ...], tuple[Target, ...]]]:
    return {(frozenset({each.one.name, each.other.name}), each.about, each.targets) for each in found_in(work)}


@fuzz(150)
@given(policies=some_policies(3), one=some_policy("split"), world=worlds(), data=st.data())
def test_a_policy_can_be_split_by_its_images(
    policies: list[Policy], one: Policy, world: World, data: st.DataObject
) -> None:
    images = images_of(one)
    parts = _split(data, images)
    halves = [dataclasses.replace(one, selection=tuple(part)) for part in parts]
    assert plans(planned([*policies, *halves], world)) == plans(planned([*policies, one], world))


@fuzz(150)
@given(policies=some_policies(3), one=some_policy("split", TAKEN_APART), world=worlds(), data=st.data())
def test_a_share_or_a_revocation_can_be_split_by_its_principals(
    policies: list[Policy], one: Policy, world: World, data: st.DataObject
) -> None:
    parts = _split(data, list(one.principals))
    halves = [dataclasses.replace(one, principals=tuple(part)) for part in parts]
    assert plans(planned([*policies, *halves], world)) == plans(planned([*policies, one], world))


def _split(data: st.DataObject, items: list[t.Any]) -> tuple[list[t.Any], list[t.Any]]:
    """Return two lists that have all items, some of them perhaps in both."""
    where = [data.draw(st.sampled_from(["first", "second", "both"])) for _item in items]
    first = [item for item, place in zip(items, where, strict=True) if place != "second"]
    second = [item for item, place in zip(items, where, strict=True) if place != "first"]
    return first, second


@fuzz(300)
@given(policies=some_policies(), world=worlds())
def test_what_no_policy_names_is_untouched(policies: list[Policy], world: World) -> None:
    work = planned(policies, world)
    assert set(work.images) == {each for one in policies for each in images_of(one)}
    for number, subject in enumerate(work.subjects):
        asking = [policies[each] for each in _speakers(work, subject)]
        assert asking, (number, subject.target)
        before, after = before_and_after(subject)
        named = {entry for one in asking for entry in one.principals}
        if not any(one.pattern.exact for one in asking):
            assert before ^ after <= named
        else:
            assert after <= named
        asked = {text.attribute for one in asking for text in one.others}
        assert {wish.attribute for wish in subject.asked if isinstance(wish, AskedText)} <= asked


def _speakers(work: Work, subject: Subject) -> Speakers:
    return {**work.spoken_of_images, **work.spoken_of_snapshots}[subject.target]


@fuzz(300)
@given(policies=some_policies(), world=worlds())
def test_only_snapshots_behind_images_whose_policies_share_them_are_touched(
    policies: list[Policy], world: World
) -> None:
    sharing = [one for one in policies if one.snapshots]
    images = {each for one in sharing for each in images_of(one)}
    assert set(planned(policies, world).snapshots) <= {each for target in images for each in world.behind[target]}


@fuzz(300)
@given(policies=some_policies(), world=worlds())
def test_policies_agree_exactly_when_all_of_them_can_be_met(policies: list[Policy], world: World) -> None:
    """What no two policies dispute satisfies each, and a dispute means that some are not satisfied."""
    work = planned(policies, world)
    met = all(_is_met(one, subject) for subject in work.subjects for one in _asking(work, subject))
    assert met == (not found_in(work))


def _asking(work: Work, subject: Subject) -> list[Policy]:
    return [work.policies[number] for number in _speakers(work, subject)]


def _is_met(one: Policy, subject: Subject) -> bool:
    _before, after = before_and_after(subject)
    possible = {kind.option for kind in subject.resource.kinds}
    grants = {entry for entry in one.grants if entry.kind in possible}
    revoked = not one.revokes & after
    granted = after == grants if one.pattern.exact else grants <= after
    values = dict(subject.plan.after.values) if subject.plan else {}
    texts = [] if subject.resource.permissions == COPY else one.others
    return (
        revoked
        and granted
        and all(values[text.attribute] == text.value for text in texts if isinstance(text, AskedText))
    )


@fuzz(300)
@given(policies=some_policies(), world=worlds())
def test_a_pair_in_dispute_is_reported_once_and_names_what_both_speak_of(policies: list[Policy], world: World) -> None:
    work = planned(policies, world)
    found = found_in(work)
    pairs = [(each.one.name, each.other.name) for each in found]
    assert pairs == sorted(set(pairs))
    spoken = {**work.spoken_of_images, **work.spoken_of_snapshots}
    for each in found:
        assert each.about
        assert each.targets
        both = {int(each.one.name), int(each.other.name)}
        assert [target for target in each.targets if not both <= set(spoken[target])] == []


@fuzz(100)
@given(run=agreeing())
def test_an_entry_that_nobody_can_name_stays_unless_a_policy_is_exact(run: tuple[list[Policy], World]) -> None:
    policies, world = run
    work = planned(policies, world)
    for subject in work.subjects:
        before, after = before_and_after(subject)
        exact = any(one.pattern.exact for one in _asking(work, subject))
        assert (ODD in after) == (ODD in before and not exact)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(SOME_IMAGES, 2)))
def test_two_images_with_a_snapshot_in_common_whose_exact_lists_differ(first: Target, second: Target) -> None:
    """Whatever their Regions: a snapshot of the same id in another Region is another snapshot."""
    world = World(behind={first: [snapshot(1, first.region)], second: [snapshot(1, second.region)]})
    one, other = policy("exclusive", A, on=[first], snapshots=True), policy("private", on=[second], snapshots=True)
    found = found_in(planned(pair(one, other), world))
    named = [target for each in found for target in each.targets]
    assert named == ([snapshot(1, first.region)] if first.region == second.region else [])
