# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Outcome and answer: what a run over policies returns and says, however it went, and that its counts add up."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from unit.fuzz import fuzz
from unit.sharing import ALL
from unit.sharing import COPY
from unit.sharing import FAILURE
from unit.sharing import LAUNCH
from unit.sharing import ODD
from unit.sharing import ORG
from unit.sharing import WEST
from unit.sharing import A
from unit.sharing import B
from unit.sharing import C
from unit.sharing import D
from unit.sharing import World
from unit.sharing import applied
from unit.sharing import carry_out
from unit.sharing import ended
from unit.sharing import foresee
from unit.sharing import image
from unit.sharing import images_of
from unit.sharing import leave_unread
from unit.sharing import planned
from unit.sharing import policy
from unit.sharing import snapshot

from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permissions
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import Failure
from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import trimmed
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Status
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Subject
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import Target
from ansible_collections.amikit.aws.plugins.module_utils._sharing.answer import message
from ansible_collections.amikit.aws.plugins.module_utils._sharing.answer import present
from ansible_collections.amikit.aws.plugins.module_utils._sharing.options import Options
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import by_policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import shown
from ansible_collections.amikit.aws.plugins.module_utils._sharing.outcome import summary
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import Policy
from ansible_collections.amikit.aws.plugins.module_utils._sharing.work import Work

Json = dict[str, t.Any]
ONE, TWO, FAR = image(1), image(2), image(3, WEST)
COPY_ONE, COPY_TWO = snapshot(1), snapshot(2)
BEHIND = {ONE: [COPY_ONE], TWO: [COPY_ONE, COPY_TWO]}
NOBODY: Json = {"user_ids": [], "group_names": [], "org_arns": [], "org_unit_arns": []}
PLAIN = Options((), None, {}, report=False, audit=False, check_mode=False)


def world(*entries: t.Any, **members: str) -> World:
    """Return a world in which these have every image and snapshot."""
    everything = (ONE, TWO, FAR, COPY_ONE, COPY_TWO)
    return World(dict.fromkeys(everything, entries), BEHIND, dict.fromkeys(everything, members))


def failing(*targets: Target, status: Status = "failed") -> t.Callable[[Subject], Status]:
    """Return an EC2 that fails the requests on these, and carries out all others."""
    return lambda subject: status if subject.target in targets else "applied"


def sent(policies: t.Sequence[Policy], before: World, *failed: Target) -> Work:
    work = planned(policies, before)
    carry_out(work, failing(*failed))
    return work


def counts(work: Work, *keys: str) -> list[tuple[int, ...]]:
    """Return these counts of the summary, and then those of each policy."""
    return [tuple(each[key] for key in keys) for each in (summary(work), *by_policy(work, lambda subject: None))]


# Who is credited with what

FIRST, SECOND = "first", "second"
# The granted and revoked of the summary, of the first policy, and of the second.
CREDITS: dict[str, tuple[list[Policy], World, list[tuple[int, int]]]] = {
    "an entry that both grant": (
        [policy("share", A, name=FIRST), policy("share", A, B, name=SECOND)],
        world(),
        [(2, 0), (1, 0), (1, 0)],
    ),
    "an entry that both revoke": (
        [policy("revoke", A, name=FIRST), policy("revoke", A, B, name=SECOND)],
        world(A, B),
        [(0, 2), (0, 1), (0, 1)],
    ),
    "an entry that one revokes and the other does not keep": (
        [policy("exclusive", B, name=FIRST), policy("revoke", A, name=SECOND)],
        world(A),
        [(1, 1), (1, 1), (0, 0)],
    ),
    "what is so already": ([policy("share", A, name=FIRST), policy("revoke", B, name=SECOND)], world(A), [(0, 0)] * 3),
    "images and snapshots": (
        [policy("share", A, ORG, on=[ONE, TWO], snapshots=True, name=FIRST), policy("private", on=[FAR], name=SECOND)],
        world(D),
        [(6, 1), (6, 0), (0, 1)],
    ),
    "a snapshot behind the images of both counts once": (
        [policy("share", A, on=[ONE], snapshots=True, name=FIRST), policy("share", A, on=[TWO], snapshots=True)],
        world(),
        [(4, 0), (2, 0), (2, 0)],
    ),
    "the second alone shares the snapshot": (
        [policy("share", A, name=FIRST), policy("share", A, snapshots=True, name=SECOND)],
        world(),
        [(2, 0), (1, 0), (1, 0)],
    ),
}


@pytest.mark.parametrize(("policies", "before", "credited"), CREDITS.values(), ids=list(CREDITS))
def test_who_is_credited(policies: list[Policy], before: World, credited: list[tuple[int, int]]) -> None:
    assert counts(sent(policies, before), "granted", "revoked") == credited
    foreseen = planned(policies, before)
    foresee(foreseen)
    assert counts(foreseen, "granted", "revoked") == credited


def test_a_text_that_both_set_changes_the_image_for_the_first() -> None:
    policies = [policy("share", A, description="new", name=FIRST), policy("share", A, description="new", name=SECOND)]
    work = sent(policies, world(A, Description="old"))
    assert counts(work, "changed") == [(1,), (1,), (0,)]


def test_each_text_changes_the_image_for_the_policy_that_sets_it() -> None:
    policies = [policy("share", A, imds_support="v2.0", name=FIRST), policy("share", A, description="new", name=SECOND)]
    assert counts(sent(policies, world(A)), "changed") == [(1,), (1,), (1,)]
    assert counts(sent(policies, world(A, ImdsSupport="v2.0")), "changed") == [(1,), (0,), (1,)]


def test_what_was_not_carried_out_is_not_counted() -> None:
    work = planned([policy("exclusive", A, B)], world(C, ODD))
    steps = iter(["applied", "failed"])
    carry_out(work, lambda _subject: t.cast("Status", next(steps)))
    assert counts(work, "granted", "revoked", "changed", "failed") == [(2, 0, 0, 1), (2, 0, 0, 1)]


# How images count

SHARED = policy("share", A, on=[ONE, TWO], snapshots=True)
# The changed, unchanged and failed of the summary.
IMAGE_COUNTS: dict[str, tuple[list[Policy], World, tuple[Target, ...], tuple[int, int, int]]] = {
    "no policy": ([], world(), (), (0, 0, 0)),
    "all changed": ([SHARED], world(), (), (2, 0, 0)),
    "all as they should be": ([SHARED], world(A), (), (0, 2, 0)),
    "one failed": ([SHARED], world(), (TWO,), (1, 0, 1)),
    "a snapshot behind both failed": ([SHARED], world(), (COPY_ONE,), (0, 0, 2)),
    "a snapshot behind one failed": ([SHARED], world(), (COPY_TWO,), (1, 0, 1)),
    "an image and both its snapshots failed": ([SHARED], world(), (TWO, COPY_ONE, COPY_TWO), (0, 0, 2)),
    "one changed through its snapshot alone": (
        [SHARED],
        World({ONE: [A], TWO: [A], COPY_ONE: [A]}, BEHIND),
        (),
        (1, 1, 0),
    ),
    "both changed through their snapshot": (
        [SHARED],
        World({ONE: [A], TWO: [A], COPY_TWO: [A]}, BEHIND),
        (),
        (2, 0, 0),
    ),
    "an image of several policies counts once": (
        [SHARED, policy("share", B, on=[ONE]), policy("revoke", C, on=[ONE, FAR])],
        world(),
        (),
        (2, 1, 0),
    ),
    "a failed snapshot that no policy of the image shares": (
        [policy("share", A, on=[ONE], snapshots=True), policy("share", B, on=[TWO])],
        world(),
        (COPY_ONE,),
        (1, 0, 1),
    ),
}


@pytest.mark.parametrize(("policies", "before", "failed", "counted"), IMAGE_COUNTS.values(), ids=list(IMAGE_COUNTS))
def test_how_images_count(
    policies: list[Policy], before: World, failed: tuple[Target, ...], counted: tuple[int, int, int]
) -> None:
    found = summary(sent(policies, before, *failed))
    assert (found["changed"], found["unchanged"], found["failed"]) == counted


def test_a_policy_has_its_own_images_and_counts() -> None:
    policies = [
        policy("share", A, on=[TWO, ONE], snapshots=True, name="A"),
        policy("revoke", B, on=[ONE, FAR], name="B"),
        policy("private", on=[], name="C"),
    ]
    found = by_policy(sent(policies, world(B), COPY_TWO), lambda subject: subject.target)
    assert found == [
        {
            "name": "A",
            "pattern": "share",
            "selected": 2,
            "changed": 1,
            "granted": 2,
            "revoked": 0,
            "failed": 1,
            "images": [TWO, ONE],
            "snapshots": [COPY_ONE, COPY_TWO],
            "keys": [],
            "kms_keys": [],
        },
        {
            "name": "B",
            "pattern": "revoke",
            "selected": 2,
            "changed": 2,
            "granted": 0,
            "revoked": 2,
            "failed": 0,
            "images": [ONE, FAR],
            "snapshots": [],
            "keys": [],
            "kms_keys": [],
        },
        {
            "name": "C",
            "pattern": "private",
            "selected": 0,
            "changed": 0,
            "granted": 0,
            "revoked": 0,
            "failed": 0,
            "images": [],
            "snapshots": [],
            "keys": [],
            "kms_keys": [],
        },
    ]


def test_the_images_of_a_policy_are_in_the_order_that_it_selects_them() -> None:
    policies = [policy("share", A, on=[ONE, TWO], name="A"), policy("share", A, on=[FAR, TWO, ONE], name="B")]
    found = by_policy(sent(policies, world()), lambda subject: subject.target)
    assert [each["images"] for each in found] == [[ONE, TWO], [FAR, TWO, ONE]]


def test_the_summary_of_a_run() -> None:
    policies = [policy("share", A, on=[ONE, FAR], snapshots=True), policy("public", on=[FAR])]
    work = sent(policies, world(B, ODD))
    # What another policy selects is not left out.
    work.left_out = {image(7), image(8), ONE}
    assert summary(work) == {
        "policies": 2,
        "images": 2,
        "changed": 2,
        "unchanged": 0,
        "failed": 0,
        "granted": 4,
        "revoked": 0,
        "regions": 2,
        "snapshots": 1,
        "public": 1,
        "outside": 4,
        "left_out": 2,
    }


# Who has access

SHOWN: dict[str, tuple[t.Callable[[Work], None], Permissions]] = {
    "as it would be": (foresee, frozenset({A})),
    "as the requests left it": (lambda work: carry_out(work, applied), frozenset({A})),
    "as it was, where nothing was sent": (lambda work: None, frozenset({B})),
    "as it was, where the request failed": (lambda work: carry_out(work, failing(ONE)), frozenset({B})),
}


@pytest.mark.parametrize(("end", "held"), SHOWN.values(), ids=list(SHOWN))
def test_who_is_shown_to_have_access(end: t.Callable[[Work], None], held: Permissions) -> None:
    work = planned([policy("exclusive", A)], world(B))
    end(work)
    assert shown(work.images[ONE]) == held


def test_what_ec2_showed_last_is_shown() -> None:
    """Somebody else granted the image between the write and the reading that verifies it."""
    work = sent([policy("exclusive", A)], world(B))
    work.images[ONE].read[LAUNCH.option] = frozenset({A, ALL})
    work.images[ONE].verified = True
    assert shown(work.images[ONE]) == {A, ALL}
    assert counts(work, "granted", "revoked") == [(1, 1), (1, 1)]
    assert (summary(work)["public"], summary(work)["outside"]) == (1, 1)


def test_nobody_is_shown_of_an_image_that_could_not_be_read() -> None:
    work = planned([policy("private")], world(B))
    leave_unread(work.images[ONE])
    assert shown(work.images[ONE]) == frozenset()
    assert summary(work)["failed"] == 1
    assert counts(work, "granted", "revoked", "changed", "failed") == [(0, 0, 0, 1), (0, 0, 0, 1)]


# What a task returns


def returned(work: Work, *, diff: bool = True, **options: t.Any) -> Json:
    return present(work, dataclasses.replace(PLAIN, **options), diff=diff, made="2026-11-24 12:00 UTC")


RUN_POLICY = policy("exclusive", A, on=[ONE, TWO], snapshots=True, description="new")


def test_a_run_returns_resources_whole() -> None:
    result = returned(sent([RUN_POLICY], world(B, Description="new")))
    assert (result["changed"], result["preview"], result["stopped"]) == (True, False, [])
    first, _second = result["policies"][0]["images"]
    assert first == {
        "image_id": ONE.id,
        "region": ONE.region,
        "name": f"name of {ONE.id}",
        "changed": True,
        "granted": {**NOBODY, "user_ids": [A.value]},
        "revoked": {**NOBODY, "user_ids": [B.value]},
        "before": {"description": "new", "launch_permissions": {**NOBODY, "user_ids": [B.value]}},
        "after": {"description": "new", "launch_permissions": {**NOBODY, "user_ids": [A.value]}},
        "requests": [
            {"attribute": "launchPermission", "operation": "add", "entries": 1, "status": "applied"},
            {"attribute": "launchPermission", "operation": "remove", "entries": 1, "status": "applied"},
        ],
    }
    assert [each["snapshot_id"] for each in result["policies"][0]["snapshots"]] == [COPY_ONE.id, COPY_TWO.id]
    images = [f"name of {each.id} {each}" for each in (ONE, TWO)]
    assert [each["before_header"] for each in result["diff"]] == [*images, str(COPY_ONE), str(COPY_TWO)]
    assert "report" not in result
    assert message(sent([RUN_POLICY], world(B)), PLAIN) == ""


def test_a_resource_is_whole_in_every_policy_that_selects_it() -> None:
    result = returned(sent([policy("share", A, name="A"), policy("share", B, name="B")], world()))
    first, second = (each["images"] for each in result["policies"])
    assert first == second
    assert first[0]["granted"]["user_ids"] == [A.value, B.value]


def test_a_failed_run_returns_no_lists_that_could_be_fed_back() -> None:
    work = sent(
        [RUN_POLICY], World({TWO: [A], COPY_ONE: [B], COPY_TWO: [A]}, BEHIND, {TWO: {"Description": "new"}}), ONE
    )
    result = returned(work)
    first, second = result["policies"][0]["images"]
    assert first["error"]["code"] == FAILURE.code
    assert (first["before"], first["after"]) == ({"description": ""}, {"description": ""})
    assert second == {"image_id": TWO.id, "region": TWO.region, "name": f"name of {TWO.id}", "changed": False}
    changed, unchanged = result["policies"][0]["snapshots"]
    assert (changed["before"], changed["after"]) == ({}, {})
    assert changed["granted"] == {"user_ids": [A.value], "group_names": []}
    assert set(unchanged) == {"snapshot_id", "region", "name", "changed"}


def test_a_failed_run_keeps_its_differences() -> None:
    result = returned(sent([policy("private", on=[ONE, TWO])], world(B), TWO))
    assert [each["before_header"] for each in result["diff"]] == [f"name of {ONE.id} {ONE}"]
    assert result["diff"][0]["before"] == f"launch_permissions.user_ids: {B.value}\n"
    assert "diff" not in returned(sent([policy("private")], world(B)), diff=False)


def test_a_run_that_was_stopped_changed_nothing_and_shows_what_it_would_have() -> None:
    work = planned([policy("private", on=[ONE])], world(B))
    work.stopped = ["a reason"]
    foresee(work)
    result = returned(work, report=True)
    assert (result["changed"], result["preview"], result["stopped"]) == (False, True, ["a reason"])
    assert (result["summary"]["changed"], result["summary"]["revoked"]) == (1, 1)
    (item,) = result["policies"][0]["images"]
    assert [request["status"] for request in item["requests"]] == ["not_sent"]
    assert item["revoked"]["user_ids"] == [B.value]
    assert result["report"]["warnings"] == ["a reason"]
    assert result["report"]["preview"] is True


@pytest.mark.parametrize(("options", "preview"), [({}, False), ({"check_mode": True}, True), ({"audit": True}, True)])
def test_what_is_a_preview(options: Json, preview: bool) -> None:
    result = returned(sent([policy("private")], world(B)), report=True, **options)
    assert (result["preview"], result["report"]["preview"]) == (preview, preview)


def test_warnings_are_in_the_report_after_the_reasons() -> None:
    work = planned([policy("private")], world())
    work.stopped, work.warnings = ["a reason"], ["a warning"]
    report = returned(work, report=True)["report"]
    assert report["warnings"] == ["a reason", "a warning"]
    assert report["made"] == "2026-11-24 12:00 UTC"


def test_an_image_that_could_not_be_read_has_its_error_and_nothing_else() -> None:
    work = planned([policy("private")], world(B))
    leave_unread(work.images[ONE])
    item = trimmed(work.images[ONE])
    assert (item["before"], item["after"], item["requests"]) == ({}, {}, [])
    assert item["error"]["message"] == FAILURE.message


# What a failed run says


def said(target: Target) -> str:
    return f"{target}: InternalError: It failed (request id a-request)"


def held_back(target: Target, what: str, waited_for: Target) -> str:
    return f"{target}: HeldBack: Not sent, because {what} {waited_for} failed"


MANY = [image(number) for number in range(1, 8)]
MESSAGES: dict[str, tuple[list[Policy], World, tuple[Target, ...], list[str]]] = {
    # what fails: (policies, world, which requests fail, lines)
    "nothing": ([RUN_POLICY], world(B), (), [""]),
    "one image": (
        [policy("private", on=[ONE, FAR], name="P")],
        world(B),
        (FAR,),
        ["1 of 2 images failed; 1 was changed, in whole or in part:", f"policy 'P': {said(FAR)}"],
    ),
    "what was held back comes after its cause": (
        [policy("share", A, name="P", snapshots=True)],
        world(),
        (COPY_ONE,),
        [
            "1 of 1 images failed; nothing was changed:",
            f"policy 'P': {said(COPY_ONE)}; {held_back(ONE, 'granting on', COPY_ONE)}",
        ],
    ),
    "a snapshot is held back by its image": (
        [policy("revoke", A, name="P", snapshots=True)],
        world(A),
        (ONE,),
        [
            "1 of 1 images failed; nothing was changed:",
            f"policy 'P': {said(ONE)}; {held_back(COPY_ONE, 'revoking on', ONE)}",
        ],
    ),
    "of many images, five": (
        [policy("private", on=MANY, name="P")],
        World({each: [A] for each in MANY}),
        tuple(MANY),
        [
            "7 of 7 images failed; nothing was changed:",
            f"policy 'P': {'; '.join(said(each) for each in MANY[:5])}; and 2 more, each with its error in the result",
        ],
    ),
    "of many that were held back, the cause": (
        [policy("share", A, on=MANY, name="P", snapshots=True)],
        World({}, {each: [COPY_ONE] for each in MANY}),
        (COPY_ONE,),
        [
            "7 of 7 images failed; nothing was changed:",
            "; ".join(
                [
                    f"policy 'P': {said(COPY_ONE)}",
                    *(held_back(each, "granting on", COPY_ONE) for each in MANY[:4]),
                    "and 3 more, each with its error in the result",
                ]
            ),
        ],
    ),
    "an image of two policies, and one of another": (
        [
            policy("share", A, name="P"),
            policy("revoke", C, on=[FAR], name="Q"),
            policy("share", A, on=[ONE, FAR], name="R"),
        ],
        world(),
        (ONE,),
        [
            "1 of 2 images failed; 1 was changed, in whole or in part:",
            f"policy 'P': {said(ONE)}",
            f"policy 'R': {said(ONE)}",
        ],
    ),
}


@pytest.mark.parametrize(("policies", "before", "failed", "lines"), MESSAGES.values(), ids=list(MESSAGES))
def test_what_a_failed_run_says(
    policies: list[Policy], before: World, failed: tuple[Target, ...], lines: list[str]
) -> None:
    assert message(sent(policies, before, *failed), PLAIN).split("\n") == lines


def test_an_image_that_was_changed_in_part_was_changed() -> None:
    work = planned([policy("exclusive", A, snapshots=True, on=[ONE])], world(B))
    steps = iter(["applied", "applied", "failed"])
    carry_out(work, lambda _subject: t.cast("Status", next(steps)))
    head, line = message(work, PLAIN).split("\n")
    assert head == "1 of 1 images failed; 1 was changed, in whole or in part:"
    assert line == f"policy 'exclusive': {said(ONE)}; {held_back(COPY_ONE, 'revoking on', ONE)}"


def test_nothing_was_changed_in_check_mode() -> None:
    work = planned([policy("private", on=[ONE, TWO], name="P")], world(B))
    carry_out(work, lambda subject: "denied" if subject.target == ONE else "authorized")
    assert message(work, dataclasses.replace(PLAIN, check_mode=True)).split("\n") == [
        "1 of 2 images failed; nothing was changed, as this is check mode:",
        f"policy 'P': {said(ONE)}",
    ]


def test_a_run_that_was_stopped_says_why() -> None:
    work = planned([policy("private")], world(B))
    work.stopped = ["one reason", "another"]
    assert message(work, PLAIN) == "Stopped before anything was changed:\none reason\nanother"


def test_a_predicted_refusal_says_what_ec2_would_refuse() -> None:
    work = planned([policy("private", name="P")], world(B))
    work.images[ONE].failure = Failure("ModifyImageAttribute", "AuthFailure", "It is not yours.", predicted=True)
    assert message(work, PLAIN).split("\n")[1:] == [
        f"policy 'P': {ONE}: EC2 would refuse ModifyImageAttribute: AuthFailure: It is not yours"
    ]


# Laws


@fuzz(100)
@given(work=ended())
def test_the_policies_add_up_to_the_summary(work: Work) -> None:
    whole, policies = summary(work), by_policy(work, lambda subject: subject.target)
    for key in ("granted", "revoked"):
        assert sum(each[key] for each in policies) == whole[key]
    assert whole["changed"] + whole["unchanged"] + whole["failed"] == whole["images"] == len(work.images)
    assert whole["granted"] == sum(len(subject.granted) for subject in work.subjects)
    assert whole["revoked"] == sum(len(subject.revoked) for subject in work.subjects)


@fuzz(100)
@given(work=ended())
def test_an_image_counts_through_its_snapshots(work: Work) -> None:
    whole = summary(work)
    concerned = [[subject, *work.snapshots_behind(subject)] for subject in work.images.values()]
    well = [subjects for subjects in concerned if not any(each.failure for each in subjects)]
    assert whole["failed"] == len(concerned) - len(well)
    assert whole["changed"] == sum(any(each.changed for each in subjects) for subjects in well)


@fuzz(100)
@given(work=ended())
def test_each_policy_counts_its_own_images(work: Work) -> None:
    for one, found in zip(work.policies, by_policy(work, lambda subject: subject.target), strict=True):
        assert found["selected"] == len(found["images"])
        assert set(found["images"]) == set(images_of(one))
        assert found["changed"] + found["failed"] <= found["selected"]
        assert bool(found["changed"] + found["failed"]) >= bool(found["granted"] + found["revoked"])
        subjects = [work.images[each] for each in found["images"]]
        assert found["failed"] >= sum(subject.failure is not None for subject in subjects)
        assert set(found["snapshots"]) <= {each for image in subjects for each in work.behind.get(image.target, ())}
        assert one.snapshots or not found["snapshots"]


@fuzz(100)
@given(work=ended())
def test_a_result_says_that_it_failed_exactly_when_something_did(work: Work) -> None:
    text, result = message(work, PLAIN), returned(work, report=True)
    failed = [subject for subject in work.subjects if subject.failure]
    assert bool(text) == bool(failed) == bool(result["summary"]["failed"])
    assert result["changed"] == any(subject.changed for subject in work.subjects)
    headers = [each["before_header"] for each in result["diff"]]
    changed = [subject for subject in work.subjects if subject.changed]
    assert [header.endswith(str(subject.target)) for header, subject in zip(headers, changed, strict=True)] == [
        True
    ] * len(changed)
    for found in result["policies"]:
        for item in [*found["images"], *found["snapshots"]]:
            lists = {option for state in ("before", "after") for option in item.get(state, {})}
            assert not failed or not lists & {LAUNCH.option, COPY.option}
