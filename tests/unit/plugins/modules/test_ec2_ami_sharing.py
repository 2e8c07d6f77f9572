# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_ami_sharing over HTTP: patterns in fours, what policies select, how many requests that takes, the report."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from unit.images import Clock
from unit.images import copiers
from unit.images import counted
from unit.images import counts
from unit.images import create_volume_permissions
from unit.images import image
from unit.images import launch_permissions
from unit.images import launchers
from unit.images import modifying
from unit.images import policy
from unit.images import snapshot_of
from unit.images import statuses
from unit.images import warned

from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import OPTIONS
from ansible_collections.amikit.aws.plugins.module_utils._sharing.policies import PATTERNS as MEANINGS
from ansible_collections.amikit.aws.plugins.modules import ec2_ami_sharing
from local_ec2.client import LocalEC2

ROOT = Path(__file__).parents[4]
KEPT, FORMER, NEW, STRANGER = "111122223333", "444455556666", "777788889999", "999900001111"
ORG = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
OU = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij"
OWNER, PARTNER = "123456789012", "210987654321"
A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")
IDS = [f"us-east-1:{A}", f"eu-west-1:{B}"]
NOBODY: dict[str, list[str]] = {"user_ids": [], "group_names": [], "org_arns": [], "org_unit_arns": []}
NO_COPIES: dict[str, list[str]] = {"user_ids": [], "group_names": []}
BLOCKED = "block-new-sharing"

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run, clock: Clock) -> Run:
    return lambda *policies, **options: run_module("ec2_ami_sharing", policies=policies, **options)


# What is asked, and what was sent


def operation(request: Json) -> str:
    """Return the attribute that a request changes, and how."""
    heads = [name.split(".")[1].lower() for name in request["parameters"] if name.count(".") > 1]
    return f"{request['attribute']} {heads[0] if heads else 'set'}"


# Patterns in fours


class Scenario(t.NamedTuple):
    """What a policy leaves on each of two images and on their snapshots, and the requests for each, in order.

    ``granted`` and ``revoked`` count the entries of both images and both snapshots.
    """

    policy: Json
    launch: dict[str, list[str]]
    copied: dict[str, list[str]]
    sent: list[str]
    granted: int = 0
    revoked: int = 0


ADD, REMOVE = "launchPermission add", "launchPermission remove"
COPY_ADD, COPY_REMOVE = "createVolumePermission add", "createVolumePermission remove"
AS_BEFORE = {"user_ids": [KEPT, FORMER]}
PATTERNS = {
    "share": Scenario(
        policy("P", "share", NEW, ORG, OU, image_ids=IDS),
        {"user_ids": [KEPT, FORMER, NEW], "org_arns": [ORG], "org_unit_arns": [OU]},
        AS_BEFORE,
        [ADD],
        granted=6,
    ),
    "share with snapshots and texts, found by search": Scenario(
        policy(
            "P",
            "share",
            *(int(NEW), ORG),
            filters={"name": "golden-*"},
            regions=["us-east-1", "eu-west-1"],
            newest=1,
            snapshots=True,
            description="Golden image",
            imds_support="v2.0",
        ),
        {"user_ids": [KEPT, FORMER, NEW], "org_arns": [ORG]},
        {"user_ids": [KEPT, FORMER, NEW]},
        [COPY_ADD, ADD, "description set", "imdsSupport set"],
        granted=6,
    ),
    "exclusive with snapshots": Scenario(
        policy("P", "exclusive", KEPT, NEW, image_ids=IDS, snapshots=True),
        {"user_ids": [KEPT, NEW]},
        {"user_ids": [KEPT, NEW]},
        [COPY_ADD, ADD, REMOVE, COPY_REMOVE],
        granted=4,
        revoked=4,
    ),
    "exclusive for an organization, with snapshots, and texts for lists": Scenario(
        {**policy("P", "exclusive", image_ids=",".join(IDS), snapshots=True), "principals": ORG},
        {"org_arns": [ORG]},
        {},
        [ADD, REMOVE, COPY_REMOVE],
        granted=2,
        revoked=8,
    ),
    "revoke with snapshots": Scenario(
        policy("P", "revoke", FORMER, NEW, image_ids=IDS, snapshots=True),
        {"user_ids": [KEPT]},
        {"user_ids": [KEPT]},
        [REMOVE, COPY_REMOVE],
        revoked=4,
    ),
    "revoke, found by search": Scenario(
        policy("P", "revoke", FORMER, filters={}, regions="us-east-1, eu-west-1"),
        {"user_ids": [KEPT]},
        AS_BEFORE,
        [REMOVE],
        revoked=2,
    ),
    "public with snapshots": Scenario(
        policy("P", "public", image_ids=IDS, snapshots=True),
        {**AS_BEFORE, "group_names": ["all"]},
        {**AS_BEFORE, "group_names": ["all"]},
        [COPY_ADD, ADD],
        granted=4,
    ),
    "private with snapshots, and a text": Scenario(
        policy("P", "private", image_ids=IDS, snapshots="yes", description="Closed"),
        {},
        {},
        [REMOVE, "description set", COPY_REMOVE],
        revoked=8,
    ),
}


@pytest.mark.parametrize("scenario", PATTERNS.values(), ids=list(PATTERNS))
def test_a_pattern_in_fours(ec2: LocalEC2, run: Run, scenario: Scenario) -> None:
    ec2.seed(
        image(A, KEPT, FORMER, name="golden-1"),
        image(B, KEPT, FORMER, name="golden-2", region="eu-west-1"),
    )
    options: Json = {"allow_public": True, "report": True}

    audited = run(scenario.policy, audit=True, **options)
    assert [request["action"] for request in ec2.requests() if not is_read(request)] == []
    ec2.clear()
    checked = run(scenario.policy, check=True, **options)
    assert all(request["dry_run"] for request in modifying(ec2))
    assert sent(ec2) == [scenario.sent] * 2
    assert held(ec2) == ([{**NOBODY, **AS_BEFORE}] * 2, [{**NO_COPIES, **AS_BEFORE}] * 2)
    ec2.clear()
    applied = run(scenario.policy, **options)
    assert not any(request["dry_run"] for request in ec2.requests())
    assert sent(ec2) == [scenario.sent] * 2
    now = held(ec2)
    ec2.clear()
    checked_again, again = run(scenario.policy, check=True, **options), run(scenario.policy, **options)
    assert modifying(ec2) == []

    assert now == held(ec2) == ([{**NOBODY, **scenario.launch}] * 2, [{**NO_COPIES, **scenario.copied}] * 2)
    assert said(audited) == said(checked) == said(applied)
    assert said(checked_again) == said(again)
    runs = (audited, checked, applied, checked_again, again)
    assert [each["failed"] for each in runs] == [False] * 5
    assert [each["changed"] for each in runs] == [True, True, True, False, False]
    assert [each["preview"] for each in runs] == [True, True, False, True, False]
    assert [statuses(each) for each in runs] == [{"unproven"}, {"authorized"}, {"applied"}, set(), set()]
    assert audited["report"]["images"] == checked["report"]["images"] == applied["report"]["images"]
    assert counts(applied) == {**BOTH_CHANGED, "granted": scenario.granted, "revoked": scenario.revoked}
    assert counts(again) == {"changed": 0, "unchanged": 2, "failed": 0, "granted": 0, "revoked": 0}
    assert_truth(ec2, applied, scenario)


BOTH_CHANGED = {"changed": 2, "unchanged": 0, "failed": 0}


def is_read(request: Json) -> bool:
    return str(request["action"]).startswith(("Describe", "Get"))


def sent(ec2: LocalEC2) -> list[list[str]]:
    """Return the modifications of each Region, in order."""
    requests = modifying(ec2)
    return [[operation(each) for each in requests if each["region"] == region] for region in ("us-east-1", "eu-west-1")]


def held(ec2: LocalEC2) -> tuple[list[Json], list[Json]]:
    """Return who can launch the two images, and who can copy their snapshots."""
    return (
        [launch_permissions(ec2, each) for each in (A, B)],
        [create_volume_permissions(ec2, snapshot_of(each)) for each in (A, B)],
    )


def said(result: Json) -> Json:
    """Return what a preview and its run have in common: all but what became of the requests."""
    policies = [
        {**each, "images": [without_statuses(item) for item in each["images"] + each["snapshots"]], "snapshots": []}
        for each in result["policies"]
    ]
    return {**{key: result[key] for key in ("changed", "summary", "stopped", "diff")}, "policies": policies}


def without_statuses(item: Json) -> Json:
    return {**item, "requests": [{**request, "status": ""} for request in item["requests"]]}


def assert_truth(ec2: LocalEC2, applied: Json, scenario: Scenario) -> None:
    """Items, summary and report of the run say what EC2 holds."""
    (of_policy,) = applied["policies"]
    assert (of_policy["selected"], len(of_policy["images"])) == (2, 2)
    for item in of_policy["images"]:
        truth = ec2.image(item["image_id"]) or {}
        assert item["after"] == {option: truth[option] for option in item["after"]}
        assert item["name"] == ("golden-1" if item["image_id"] == A else "golden-2")
    for item in of_policy["snapshots"]:
        assert item["after"]["create_volume_permissions"] == create_volume_permissions(ec2, item["snapshot_id"])
    assert applied["summary"]["snapshots"] == len(of_policy["snapshots"]) == 2 * ("snapshots" in scenario.policy)
    assert applied["summary"]["public"] == 2 * ("group_names" in scenario.launch)
    assert applied["stopped"] == []
    rows = applied["report"]["images"]
    assert [(row["image_id"], row["principals"]) for row in rows] == [(each, launchers(ec2, each)) for each in (B, A)]


def test_an_audit_needs_no_more_than_reads(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, FORMER))
    actions = ["ec2:Describe*", "ec2:Get*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    reader = ec2.principal("reader", {"Version": "2012-10-17", "Statement": [statement]})
    keys = {name: reader[name] for name in ("access_key", "secret_key")}
    exact = policy("Exact", "exclusive", KEPT, filters={}, snapshots=True)
    opened = policy("Open", "share", KEPT, image_ids=[A])
    assert not run(exact, opened, audit=True, **keys)["failed"]
    assert run(exact, opened, check=True, **keys)["failed"]


# What a policy selects


def test_a_policy_is_about_its_images_alone(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B, region="eu-west-1"), image(C), image(D, region="eu-central-1"))
    result = run(
        policy("Named", "share", KEPT, image_ids=[A], filters=None),
        policy("Found", "share", NEW, filters={"name": [f"image-{A}", f"image-{B}"]}, regions="us-east-1, eu-west-1"),
        policy("Nothing", "public", image_ids=[], allow_empty=True),
        allow_public=True,
    )
    assert not result["failed"]
    assert [launchers(ec2, image_id) for image_id in (A, B, C, D)] == [[KEPT, NEW], [NEW], [], []]
    assert [(each["selected"], each["changed"]) for each in result["policies"]] == [(1, 1), (2, 2), (0, 0)]
    assert result["summary"] == {
        "policies": 3,
        "images": 2,
        "changed": 2,
        "unchanged": 0,
        "failed": 0,
        "granted": 3,
        "revoked": 0,
        "regions": 2,
        "snapshots": 0,
        "public": 0,
        "outside": 0,
        "left_out": 0,
    }


def test_the_newest_of_each_region_that_can_be_shared(ec2: LocalEC2, run: Run) -> None:
    """The newest of all is disabled: it counts as left out, and not as the newest."""
    ec2.seed(
        image(A, creation_date="2026-01-01T00:00:00Z"),
        image(B, creation_date="2026-03-01T00:00:00Z"),
        image(C, creation_date="2026-04-01T00:00:00Z", state="disabled"),
        image(D, creation_date="2025-01-01T00:00:00Z", region="eu-west-1"),
    )
    newest = policy("Newest", "share", NEW, filters={"name": "image-*"}, newest=1)
    result = run(newest, regions=["us-east-1", "eu-west-1"])
    assert [each["image_id"] for each in result["policies"][0]["images"]] == [B, D]
    assert [launchers(ec2, image_id) for image_id in (A, B, C, D)] == [[], [NEW], [], [NEW]]
    assert result["summary"]["left_out"] == 1


@pytest.mark.parametrize("state", ["disabled", "failed", "invalid"])
def test_a_search_leaves_out_what_cannot_be_shared_unless_it_names_the_state(
    ec2: LocalEC2, run: Run, state: str
) -> None:
    ec2.seed(image(A, state=state), image(B))
    result = run(policy("All", "share", NEW, filters={}), policy("Again", "share", NEW, filters={}))
    assert not result["failed"]
    assert [launchers(ec2, image_id) for image_id in (A, B)] == [[], [NEW]]
    assert (result["summary"]["images"], result["summary"]["left_out"]) == (1, 1)
    named = run(policy("Named", "revoke", NEW, filters={"state": ["available", state]}))
    assert [each["image_id"] for each in named["policies"][0]["images"]] == [B, A]
    assert named["summary"]["left_out"] == 0


def test_images_of_others_are_not_searched(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B, owner_id=PARTNER))
    result = run(policy("All", "share", NEW, filters={}))
    assert [each["image_id"] for each in result["policies"][0]["images"]] == [A]


def test_no_policies_are_nothing_to_do(ec2: LocalEC2, run: Run) -> None:
    result = run(report=True)
    assert not result["failed"]
    assert (result["changed"], result["policies"], result["summary"]["images"]) == (False, [], 0)
    assert ec2.requests() == []


# Policies together


def test_policies_that_agree_are_as_good_as_one(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT, FORMER), image(B, KEPT, FORMER, region="eu-west-1"))
    result = run(
        policy("Exact", "exclusive", KEPT, NEW, image_ids=IDS),
        policy("Some of these", "share", NEW, image_ids=IDS),
        policy("Offboarded", "revoke", FORMER, filters={}),
        policy("Perhaps", "private", filters={"name": "nothing-*"}, allow_empty=True),
        # Reached, and not exceeded.
        max_revocations=2,
        protected_principals=[KEPT, "all"],
    )
    assert not result["failed"]
    assert [each["selected"] for each in result["policies"]] == [2, 2, 1, 0]
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT, NEW]


COUNTED = ("name", "selected", "changed", "granted", "revoked", "failed")


@pytest.mark.parametrize("how", [{"audit": True}, {"check": True}, {}], ids=["audit", "check", "real"])
def test_an_entry_that_several_policies_ask_for_counts_once(ec2: LocalEC2, run: Run, how: Json) -> None:
    """A snapshot of one Region has the id of one of another."""
    twin = {"snapshots": image(A, FORMER)["snapshots"]}
    ec2.seed(image(A, FORMER), image(B, FORMER, region="eu-west-1", **twin))
    result = run(
        policy("Shared", "share", NEW, image_ids=[A]),
        policy("Taken", "revoke", FORMER, image_ids=[A]),
        policy("Exact", "exclusive", KEPT, NEW, image_ids=IDS, snapshots=True, description="New"),
        **how,
    )
    assert [[each[name] for name in COUNTED] for each in result["policies"]] == [
        ["Shared", 1, 1, 1, 0, 0],
        ["Taken", 1, 1, 0, 1, 0],
        ["Exact", 2, 2, 7, 3, 0],
    ]
    assert (result["summary"]["granted"], result["summary"]["revoked"]) == (8, 4)
    # The whole result of an image is in every policy that selects it.
    first, second, third = (each["images"][0] for each in result["policies"])
    assert first == second == third
    assert third["granted"]["user_ids"] == [KEPT, NEW]
    shared = [KEPT, NEW] if not how else [FORMER]
    assert launchers(ec2, A) == launchers(ec2, B) == shared
    assert copiers(ec2, A, "us-east-1") == copiers(ec2, A, "eu-west-1") == shared


def test_two_images_with_one_snapshot_in_common(ec2: LocalEC2, run: Run) -> None:
    common = {"snapshots": image(A, FORMER)["snapshots"]}
    ec2.seed(image(A, FORMER), image(B, FORMER, **common))
    result = run(
        policy("One", "exclusive", KEPT, image_ids=[A], snapshots=True),
        policy("Other", "exclusive", KEPT, image_ids=[B], snapshots=True),
    )
    assert not result["failed"]
    assert launchers(ec2, A) == launchers(ec2, B) == copiers(ec2, A) == [KEPT]
    assert [each["snapshots"][0]["snapshot_id"] for each in result["policies"]] == [snapshot_of(A)] * 2
    assert [(each["granted"], each["revoked"]) for each in result["policies"]] == [(2, 2), (1, 1)]
    assert [request["operation"] for request in result["policies"][0]["snapshots"][0]["requests"]] == ["add", "remove"]
    assert counts(result) == {**BOTH_CHANGED, "granted": 3, "revoked": 3}


def test_an_image_that_only_its_snapshot_changes(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT, snapshots=[{"snapshot_id": snapshot_of(A)}]), image(B, KEPT))
    result = run(policy("Copied", "share", KEPT, image_ids=[A, B], snapshots=True), report=True)
    assert copiers(ec2, A) == [KEPT]
    assert counts(result) == {"changed": 1, "unchanged": 1, "failed": 0, "granted": 1, "revoked": 0}
    assert result["policies"][0]["changed"] == 1
    assert [(row["changed"], row["changes"]) for row in result["report"]["images"]] == [
        (True, ["snapshots"]),
        (False, []),
    ]


# How many requests that takes

FIVE = [f"ami-{number:017x}" for number in range(5)]


def test_the_requests_of_three_policies_on_five_images(ec2: LocalEC2, run: Run) -> None:
    """Each image and snapshot is read once, changed by one addition and one removal, and read again."""
    ec2.seed(*(image(image_id, FORMER) for image_id in FIVE))
    found: Json = {"filters": {"name": "image-*"}, "snapshots": True}
    policies = [
        policy("New", "share", NEW, **found),
        policy("Kept", "share", KEPT, STRANGER, **found),
        policy("Former", "revoke", FORMER, **found),
    ]
    reads = {
        "DescribeImages": 1,
        "DescribeImageAttribute": 5,
        "DescribeSnapshots": 1,
        "DescribeSnapshotAttribute": 5,
    }
    writes = {"ModifyImageAttribute": 10, "ModifySnapshotAttribute": 10}
    run(*policies, audit=True)
    assert counted(ec2) == reads
    run(*policies, check=True)
    assert counted(ec2) == {**reads, **writes}
    run(*policies)
    assert counted(ec2) == {**reads, **writes, "DescribeImageAttribute": 10, "DescribeSnapshotAttribute": 10}
    run(*policies)
    assert counted(ec2) == reads


def test_nothing_is_read_again_without_wait(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(*(image(image_id, FORMER) for image_id in FIVE))
    run(policy("Exact", "exclusive", KEPT, filters={}, description="d"), wait=False)
    assert counted(ec2) == {"DescribeImages": 1, "DescribeImageAttribute": 5, "ModifyImageAttribute": 15}


REVOKED = {"pattern": "revoke", "principals": [STRANGER]}
SEARCHES: dict[str, tuple[list[Json], int]] = {
    "newest alone differs": ([{"filters": {}}, {"filters": {}, "newest": 1}, {"filters": {}, "newest": 2}], 1),
    "the same filters in another order": (
        [
            {"filters": {"name": ["image-*", "x"], "state": "available"}},
            {"filters": {"state": "available", "name": ["x", "image-*"]}},
        ],
        1,
    ),
    "two filters": ([{"filters": {}}, {"filters": {"name": "image-*"}}], 2),
    "two Regions": ([{"filters": {}, "regions": ["us-east-1", "eu-west-1", "us-east-1"]}], 2),
    "by search and by id": ([{"image_ids": [A]}, {"filters": {}}, {"image_ids": [A, B]}], 1),
    "by id": ([{"image_ids": [A]}, {"image_ids": [A, B]}], 1),
    "by id in two Regions": ([{"image_ids": [A, B, f"eu-west-1:{C}"]}], 2),
    "images of two filters, and one of neither": (
        [{"filters": {"name": f"image-{A}"}}, {"filters": {"name": "none"}, "allow_empty": True}, {"image_ids": [B]}],
        3,
    ),
}


@pytest.mark.parametrize(("selections", "searches"), SEARCHES.values(), ids=list(SEARCHES))
def test_one_search_for_each_filter_and_region(ec2: LocalEC2, run: Run, selections: list[Json], searches: int) -> None:
    ec2.seed(image(A), image(B), image(C, region="eu-west-1"))
    result = run(*({"name": str(number), **REVOKED, **each} for number, each in enumerate(selections)))
    assert not result["failed"]
    assert counted(ec2) == {"DescribeImages": searches, "DescribeImageAttribute": result["summary"]["images"]}


def test_snapshots_are_described_two_hundred_at_a_time(ec2: LocalEC2, run: Run) -> None:
    snapshots = [{"snapshot_id": f"snap-{number:017x}"} for number in range(201)]
    ec2.seed(image(A, snapshots=snapshots))
    result = run(policy("Copied", "share", NEW, image_ids=[A], snapshots=True), audit=True)
    assert result["summary"]["granted"] == 202
    assert counted(ec2)["DescribeSnapshots"] == 2
    assert counted(ec2) == {}


def test_block_public_access_is_asked_once_for_each_region(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B), image(C, region="eu-west-1"))
    ids = [A, B, f"eu-west-1:{C}"]
    opened: Json = {"image_ids": ids, "snapshots": True}
    result = run(policy("Open", "public", **opened), policy("Same", "public", **opened), allow_public=True)
    assert not result["failed"]
    counts = counted(ec2)
    assert (counts["GetImageBlockPublicAccessState"], counts["GetSnapshotBlockPublicAccessState"]) == (2, 2)


# Reports, names and warnings


def test_the_report_says_when_it_was_made_and_of_whose_images(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A))
    names = {KEPT: "Build", OWNER: "Owner"}
    report = run(policy("Shared", "share", KEPT, image_ids=[A]), report=True, account_names=names)["report"]
    assert (report["made"], report["preview"]) == ("2027-01-15 08:00 UTC", False)
    assert (report["accounts"], report["names"]) == ([OWNER], {OWNER: "Owner"})
    assert [column["label"] for column in report["principals"]] == [f"{KEPT} (Build)"]


def test_a_preview_counts_what_the_run_does(ec2: LocalEC2, run: Run) -> None:
    """Several policies agree about entries, and a snapshot of one Region has the id of one of another."""
    twin = {"snapshots": image(A, FORMER)["snapshots"]}
    ec2.seed(image(A, FORMER), image(B, FORMER, region="eu-west-1", **twin))
    both = {"image_ids": [f"us-east-1:{A}", f"eu-west-1:{B}"], "snapshots": True, "description": "New"}
    policies = [
        policy("Shared", "share", NEW, image_ids=[A]),
        policy("Taken", "revoke", FORMER, image_ids=[A]),
        policy("Exact", "exclusive", KEPT, NEW, **both),
    ]
    preview, done = (run(*policies, report=True, check=check)["report"] for check in (True, False))
    assert (preview["preview"], done["preview"]) == (True, False)
    assert preview["summary"] == done["summary"]
    counts = [[[each[name] for name in COUNTED] for each in facts["policies"]] for facts in (preview, done)]
    assert counts == [[["Shared", 1, 1, 1, 0, 0], ["Taken", 1, 1, 0, 1, 0], ["Exact", 2, 2, 7, 3, 0]]] * 2
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT, NEW]
    assert copiers(ec2, A, "us-east-1") == copiers(ec2, A, "eu-west-1") == [KEPT, NEW]


def test_no_report_unless_asked_for(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A))
    assert "report" not in run(policy("Shared", "share", NEW, image_ids=[A]))
    assert "diff" not in run(policy("Shared", "share", NEW, image_ids=[A]), diff=False)


def test_organizations_cannot_be_given_snapshots_and_the_run_says_so_once(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A), image(B))
    result = run(
        policy("One", "share", ORG, KEPT, image_ids=[A, B], snapshots=True),
        policy("Two", "share", OU, ORG, image_ids=[A], snapshots=True),
        policy("Three", "share", OU, image_ids=[B]),
        report=True,
    )
    assert not result["failed"]
    (warning,) = warned(result)
    assert warning.startswith(f"EC2 cannot share snapshots with organizations and OUs, so {ORG}, {OU} can launch the")
    assert result["report"]["warnings"] == [warning]
    assert launchers(ec2, A) == launchers(ec2, B) == [KEPT, ORG, OU]
    assert copiers(ec2, A) == copiers(ec2, B) == [KEPT]


def test_an_organization_that_is_taken_off_is_not_said_to_launch_images(ec2: LocalEC2, run: Run) -> None:
    ec2.seed(image(A, KEPT))
    result = run(policy("Former", "revoke", ORG, KEPT, image_ids=[A], snapshots=True))
    assert launchers(ec2, A) == copiers(ec2, A) == []
    assert warned(result) == []


# The way to EC2


def test_no_credentials(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = policy("Found", "share", NEW, filters={}, allow_empty=True)
    result = run(found, policy("Named", "share", NEW, image_ids=[A]))
    assert result["failed"]
    assert [reason.partition(" Unable")[0] for reason in result["stopped"]] == [
        "policy 'Found': us-east-1: DescribeImages: NoCredentialsError:",
        f"policy 'Named': {A} (us-east-1): NoCredentialsError:",
    ]


def test_no_region(ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    found, named = policy("Found", "share", NEW, filters={}), policy("Named", "share", NEW, image_ids=[A])
    placed = policy("Placed", "share", NEW, image_ids=[f"eu-west-1:{B}"])
    result = run(found, named, placed)
    assert result["failed"]
    assert result["msg"].split("\n")[1:] == [
        "policy 'Found': regions: in which Regions? Set regions, or region (or AWS_REGION)",
        f"policy 'Named': image_ids: {A}: in which Region? Set region (or AWS_REGION), or write REGION:ami-…",
    ]
    assert ec2.requests() == []
    ec2.seed(image(B, region="eu-west-1"))
    assert not run(placed)["failed"]
    assert not run(found, regions=["eu-west-1"])["failed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "nobody", "access_key": None}, "The config profile (nobody) could not be found"),
        ({"endpoint_url": "nonsense"}, "Invalid endpoint: nonsense"),
        ({"region": "no where"}, "'no where' is not the name of a Region"),
        ({"regions": ["eu-west-1", "no where"]}, "regions: 'no where' is not the name of a Region"),
        ({"access_key": "AKIASECRET 1", "secret_key": "SECRET"}, "has whitespace, such as the line break"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "policy 'Found': us-east-1: DescribeImages: EndpointConnectionError"),
        ({"endpoint_url": "http://somebody:hunter22@127.0.0.1:9"}, "has a user name or a password"),
        ({"aws_config": {"retries": {"mode": "zzz"}}}, "zzz"),
    ],
    ids=str,
)
def test_odd_connection_options_fail_in_words(
    ec2: LocalEC2, run: Run, monkeypatch: pytest.MonkeyPatch, options: Json, message: str
) -> None:
    if "profile" in options:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
    once = {"aws_config": {"retries": {"total_max_attempts": 1}}}
    result = run(policy("Found", "share", NEW, filters={}), **{**once, **options})
    assert result["failed"]
    assert message in result["msg"]
    assert "Traceback" not in result["msg"]
    assert not any(secret in result["msg"] for secret in ("hunter22", "SECRET"))
    assert ec2.requests() == []


def test_a_region_that_may_not_be_searched(ec2: LocalEC2, run: Run) -> None:
    """Both policies that search it are stopped, and neither is said to select nothing."""
    ec2.seed(image(A, KEPT))
    statement = {"Effect": "Deny", "Action": "ec2:DescribeImages", "Resource": "*"}
    keys = ec2.principal("nobody", {"Version": "2012-10-17", "Statement": [statement]})
    result = run(
        policy("One", "private", filters={}),
        policy("Two", "private", filters={}, newest=1),
        access_key=keys["access_key"],
        secret_key=keys["secret_key"],
    )
    assert result["failed"]
    assert [reason.partition(": User")[0].partition(": You")[0] for reason in result["stopped"]] == [
        "policy 'One': us-east-1: DescribeImages: UnauthorizedOperation",
        "policy 'Two': us-east-1: DescribeImages: UnauthorizedOperation",
    ]
    assert keys["secret_key"] not in str(result["stopped"])


# What is documented


def test_every_option_of_a_policy_is_documented() -> None:
    """Ansible compares no further than ``policies``, whose elements the module reads itself."""
    documented = yaml.safe_load(ec2_ami_sharing.DOCUMENTATION)["options"]["policies"]["description"]
    assert OPTIONS.keys() <= set(re.findall(r"V\((\w+)\)", " ".join(documented)))


def test_every_option_of_a_policy_is_one_of_the_role() -> None:
    role = yaml.safe_load((ROOT / "roles" / "ami_sharing" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = role["argument_specs"]["main"]["options"]["ami_sharing_policies"]["options"]
    assert options.keys() == OPTIONS.keys()
    assert options["pattern"]["choices"] == list(MEANINGS)
