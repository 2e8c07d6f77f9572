# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The planner: a table of (current, asked) to (requests, after), and the laws every plan keeps."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fuzz import fuzz

from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Attribute
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import Value
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import described_text
from ansible_collections.amikit.aws.plugins.module_utils._attributes.attribute import modify_member
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import ATTRIBUTES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Asked
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedText
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Attributes
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Plan
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Request
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import after_requests
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import make_plan

BY_OPTION = {attribute.option: attribute for attribute in ATTRIBUTES}
DESCRIPTION, IMDS, LAUNCH = (BY_OPTION[option] for option in ("description", "imds_support", "launch_permissions"))
A, B, C = (Permission("user_ids", digit * 12) for digit in "123")
ALL = Permission("group_names", "all")
ORG = Permission("org_arns", "arn:aws:organizations::123456789012:organization/o-abcdefghij")
OU = Permission("org_unit_arns", "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij")
ODD = Permission("user_ids", "not an account at all")


def launch(
    *, grant: t.Iterable[Permission] = (), revoke: t.Iterable[Permission] = (), purge: bool = False
) -> AskedPermissions:
    return AskedPermissions(LAUNCH, frozenset(grant), frozenset(revoke), purge)


def entries_of(request: Request) -> t.Iterable[t.Any]:
    assert isinstance(request.value, tuple)
    return request.value


def plan_of(current: t.Sequence[Value], asked: t.Sequence[Asked], quota: int | None = None) -> Plan:
    return make_plan(
        Attributes(tuple((ask.attribute, value) for ask, value in zip(asked, current, strict=True))), asked, quota=quota
    )


def sent(plan: Plan) -> list[tuple[str, str, t.Any]]:
    return [(request.attribute.name, request.operation, request.value) for request in plan.requests]


ROWS: dict[str, tuple[Asked, Value, list[tuple[str, t.Any]], Value]] = {
    # rule: (asked, current, [(operation, value)], after)
    "a description is set": (AskedText(DESCRIPTION, "new"), "old", [("set", "new")], "new"),
    "a description is set where there is none": (AskedText(DESCRIPTION, "new"), "", [("set", "new")], "new"),
    "an empty description is planned, and refused by a rule": (AskedText(DESCRIPTION, ""), "old", [("set", "")], ""),
    "an empty description where there is none is no change": (AskedText(DESCRIPTION, ""), "", [], ""),
    "the same description is no change": (AskedText(DESCRIPTION, "old"), "old", [], "old"),
    "case matters in a description": (AskedText(DESCRIPTION, "Old"), "old", [("set", "Old")], "Old"),
    "imdsSupport is set": (AskedText(IMDS, "v2.0"), None, [("set", "v2.0")], "v2.0"),
    "imdsSupport that is set is no change": (AskedText(IMDS, "v2.0"), "v2.0", [], "v2.0"),
    "granting adds": (launch(grant=[A]), frozenset(), [("add", (A,))], frozenset({A})),
    "granting keeps the others": (launch(grant=[A]), frozenset({B}), [("add", (A,))], frozenset({A, B})),
    "granting what is held is no change": (launch(grant=[A]), frozenset({A, B}), [], frozenset({A, B})),
    "granting nothing is no change": (launch(), frozenset({A}), [], frozenset({A})),
    "revoking removes": (launch(revoke=[A]), frozenset({A, B}), [("remove", (A,))], frozenset({B})),
    "revoking what is not held is no change": (launch(revoke=[A]), frozenset({B}), [], frozenset({B})),
    "additions come before removals, in requests of their own": (
        launch(grant=[A], revoke=[B]),
        frozenset({B}),
        [("add", (A,)), ("remove", (B,))],
        frozenset({A}),
    ),
    "purging leaves exactly what is granted": (
        launch(grant=[A], purge=True),
        frozenset({A, B, ALL, ORG, OU}),
        [("remove", (ALL, ORG, OU, B))],
        frozenset({A}),
    ),
    "from public to an exact list of all kinds but everyone": (
        launch(grant=[A, ORG, OU], purge=True),
        frozenset({ALL}),
        [("add", (ORG, OU, A)), ("remove", (ALL,))],
        frozenset({A, ORG, OU}),
    ),
    "purging with nothing granted makes private": (
        launch(purge=True),
        frozenset({A, ALL}),
        [("remove", (ALL, A))],
        frozenset(),
    ),
    "purging what is private is no change": (launch(purge=True), frozenset(), [], frozenset()),
    "an odd entry that is held is kept": (launch(grant=[A]), frozenset({ODD}), [("add", (A,))], frozenset({A, ODD})),
    "an odd entry that is held can be purged": (
        launch(purge=True),
        frozenset({ODD}),
        [("remove", (ODD,))],
        frozenset(),
    ),
    "one request of many kinds": (
        launch(grant=[OU, ORG, ALL, B, A]),
        frozenset(),
        [("add", (ALL, ORG, OU, A, B))],
        frozenset({A, B, ALL, ORG, OU}),
    ),
}


@pytest.mark.parametrize(("asked", "current", "requests", "after"), ROWS.values(), ids=list(ROWS))
def test_plan(asked: Asked, current: Value, requests: list[tuple[str, t.Any]], after: Value) -> None:
    plan = plan_of([current], [asked])
    assert sent(plan) == [(asked.attribute.name, operation, value) for operation, value in requests]
    assert plan.after.values == ((asked.attribute, after),)
    assert plan.changed == bool(requests)


def test_every_attribute_has_requests_of_its_own_and_permissions_come_first() -> None:
    plan = plan_of(
        ["old", None, frozenset({B})],
        [AskedText(DESCRIPTION, "new"), AskedText(IMDS, "v2.0"), launch(grant=[A], revoke=[B])],
    )
    assert sent(plan) == [
        ("launchPermission", "add", (A,)),
        ("launchPermission", "remove", (B,)),
        ("description", "set", "new"),
        ("imdsSupport", "set", "v2.0"),
    ]


@pytest.mark.parametrize(("entries", "sizes"), [(10_000, [10_000]), (10_001, [10_000, 1]), (12_000, [10_000, 2_000])])
def test_a_request_takes_at_most_ten_thousand_entries(entries: int, sizes: list[int]) -> None:
    granted = [Permission("user_ids", f"{number:012}") for number in range(entries)]
    assert [request.entries for request in plan_of([frozenset()], [launch(grant=granted)]).requests] == sizes


def test_many_additions_all_come_before_the_first_removal() -> None:
    wide = [Permission("user_ids", f"{number:012}") for number in range(10_001)]
    held = frozenset(Permission("user_ids", f"9{number:011}") for number in range(10_001))
    plan = plan_of([held], [launch(grant=wide, purge=True)])
    assert [request.operation for request in plan.requests] == ["add", "add", "remove", "remove"]


def accounts(first: int, count: int) -> frozenset[Permission]:
    return frozenset(Permission("user_ids", f"{number:012}") for number in range(first, first + count))


IN_TURNS: dict[str, tuple[frozenset[Permission], frozenset[Permission], list[tuple[str, int]]]] = {
    # what: (before, after, [(operation, entries)]), with a quota of 1,000
    "room for both": (accounts(0, 400), accounts(500, 400), [("add", 400), ("remove", 400)]),
    "900 for 900 others": (accounts(0, 900), accounts(1000, 900), [("add", 100), ("remove", 900), ("add", 800)]),
    "a full list for another": (accounts(0, 1000), accounts(1000, 1000), [("remove", 1000), ("add", 1000)]),
    "an organization comes first": (
        accounts(0, 900),
        accounts(1000, 900) | {ORG},
        [("add", 100), ("remove", 900), ("add", 801)],
    ),
    "an organization goes last": (
        accounts(0, 900) | {ORG},
        accounts(1000, 900),
        [("add", 99), ("remove", 900), ("add", 801), ("remove", 1)],
    ),
    "everyone is no entry of the quota": (
        accounts(0, 900) | {ALL},
        accounts(1000, 100),
        [("add", 100), ("remove", 901)],
    ),
    "more in the end than the default quota": (
        accounts(0, 900),
        accounts(1000, 1100),
        [("add", 1100), ("remove", 900)],
    ),
}


@pytest.mark.parametrize(("before", "after", "requests"), IN_TURNS.values(), ids=list(IN_TURNS))
def test_an_exact_list_is_swapped_for_another_within_the_quota(
    before: frozenset[Permission], after: frozenset[Permission], requests: list[tuple[str, int]]
) -> None:
    plan = plan_of([before], [launch(grant=after, purge=True)], 1000)
    assert [(request.operation, request.entries) for request in plan.requests] == requests
    assert not plan.is_crowded


@pytest.mark.parametrize(
    ("before", "after", "is_crowded"),
    [
        (accounts(0, 1000), accounts(1, 999) | {ORG}, True),
        (accounts(0, 999) | {ORG}, accounts(0, 1000), True),
        (accounts(0, 1000), accounts(0, 1000) | {ORG}, False),
        (accounts(0, 1001), accounts(0, 999) | {ORG}, False),
    ],
    ids=[
        "no room for one that comes",
        "no room beside one that goes",
        "too many in the end",
        "a quota that was raised",
    ],
)
def test_organizations_need_room_beside_the_accounts(
    before: frozenset[Permission], after: frozenset[Permission], is_crowded: bool
) -> None:
    assert plan_of([before], [launch(grant=after, purge=True)], 1000).is_crowded == is_crowded


# The laws, for any current state and any task.

permissions = st.frozensets(st.sampled_from([A, B, C, ALL, ORG, OU, ODD]))
texts = st.text(alphabet="ab", max_size=2)


@st.composite
def asked_permissions(draw: st.DrawFn, entries_per_request: int) -> AskedPermissions:
    attribute = dataclasses.replace(LAUNCH, entries_per_request=entries_per_request)
    granted = draw(permissions)
    return AskedPermissions(attribute, granted, draw(permissions) - granted, draw(st.booleans()))


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Value], list[Asked]]:
    """Return current values and what is asked of them, with small requests, so that splitting them is met too."""
    every: list[tuple[Value, Asked]] = [
        (draw(texts), AskedText(DESCRIPTION, draw(texts))),
        (draw(st.sampled_from([None, "v2.0"])), AskedText(IMDS, "v2.0")),
        (draw(permissions), draw(asked_permissions(draw(st.integers(1, 4))))),
    ]
    chosen = draw(st.lists(st.sampled_from(range(3)), min_size=1, unique=True).map(sorted))
    return [every[number][0] for number in chosen], [every[number][1] for number in chosen]


@given(situations())
@fuzz(150)
def test_planning_again_after_applying_asks_for_nothing(situation: tuple[list[Value], list[Asked]]) -> None:
    current, asked = situation
    plan = plan_of(current, asked)
    again = make_plan(after_requests(plan.before, plan.requests), asked)
    assert not again.changed
    assert again.requests == ()


@given(situations())
@fuzz(150)
def test_the_requests_lead_to_the_predicted_state(situation: tuple[list[Value], list[Asked]]) -> None:
    plan = plan_of(*situation)
    assert after_requests(plan.before, plan.requests) == plan.after


@given(situations())
@fuzz(150)
def test_no_request_is_empty_or_over_its_limit(situation: tuple[list[Value], list[Asked]]) -> None:
    for request in plan_of(*situation).requests:
        assert request.operation == "set" or 1 <= request.entries <= request.attribute.entries_per_request


@given(situations())
@fuzz(150)
def test_nothing_is_added_and_removed(situation: tuple[list[Value], list[Asked]]) -> None:
    requests = plan_of(*situation).requests
    added = {entry for request in requests if request.operation == "add" for entry in entries_of(request)}
    removed = {entry for request in requests if request.operation == "remove" for entry in entries_of(request)}
    assert not added & removed


@given(situations())
@fuzz(150)
def test_nobody_who_keeps_access_loses_it_on_the_way(situation: tuple[list[Value], list[Asked]]) -> None:
    plan = plan_of(*situation)
    for done in range(len(plan.requests)):
        midway = after_requests(plan.before, itertools.islice(plan.requests, done))
        for (_attribute, before), (_same, now), (_too, after) in zip(
            plan.before.values, midway.values, plan.after.values, strict=True
        ):
            if isinstance(before, frozenset) and isinstance(now, frozenset) and isinstance(after, frozenset):
                assert before & after <= now


@given(situations(), st.integers(1, 8))
@fuzz(150)
def test_the_quota_holds_on_the_way_and_organizations_come_first_and_go_last(
    situation: tuple[list[Value], list[Asked]], quota: int
) -> None:
    plan = plan_of(*situation, quota)
    assert after_requests(plan.before, plan.requests) == plan.after
    steps = [after_requests(plan.before, plan.requests[:done]) for done in range(len(plan.requests) + 1)]
    lists = [[value for _attribute, value in step.values if isinstance(value, frozenset)] for step in steps]
    lengths = [max((len(entries - {ALL}) for entries in step), default=0) for step in lists]
    if max(lengths[0], lengths[-1]) <= quota and not plan.is_crowded:
        assert max(lengths) <= quota
    groups = [entries - {A, B, C, ODD} for step in lists for entries in step]
    came = [number for number in range(1, len(groups)) if groups[number] - groups[number - 1]]
    went = [number for number in range(1, len(groups)) if groups[number - 1] - groups[number]]
    removals = [number for number, request in enumerate(plan.requests, 1) if request.operation == "remove"]
    additions = [number for number, request in enumerate(plan.requests, 1) if request.operation == "add"]
    assert max(came, default=0) <= min(removals, default=99)
    assert max(additions, default=0) <= min(went, default=99)


@given(situations())
@fuzz(150)
def test_without_purge_and_revoke_nothing_is_removed(situation: tuple[list[Value], list[Asked]]) -> None:
    current, asked = situation
    additive = [
        dataclasses.replace(ask, revoke=frozenset(), purge=False) if isinstance(ask, AskedPermissions) else ask
        for ask in asked
    ]
    assert not [request for request in plan_of(current, additive).requests if request.operation == "remove"]


@given(situations())
@fuzz(150)
def test_before_fed_back_with_purge_restores(situation: tuple[list[Value], list[Asked]]) -> None:
    plan = plan_of(*situation)
    restoring: list[Asked] = [
        AskedPermissions(attribute, value, purge=True)
        if isinstance(value, frozenset)
        else AskedText(attribute, str(value))
        for attribute, value in plan.before.values
        if value is not None
    ]
    pairs = zip(plan.after.values, plan.before.values, strict=True)
    after = Attributes(tuple(pair for pair, (_attribute, was) in pairs if was is not None))
    before = Attributes(tuple(pair for pair in plan.before.values if pair[1] is not None))
    assert make_plan(after, restoring).after == before


def test_a_text_that_nobody_judges_is_left_to_ec2() -> None:
    read, write = (
        described_text("SupportContact", ""),
        modify_member("modify_image_attribute", "ImageId", "SupportContact"),
    )
    assert Attribute("support_contact", "supportContact", "", read, write).problem("anything") == ""
