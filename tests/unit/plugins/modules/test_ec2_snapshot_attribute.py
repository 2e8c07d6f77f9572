# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ec2_snapshot_attribute over HTTP: in fours, in fleets, refused; and an image shared with the snapshots behind it."""

from __future__ import annotations

import typing as t

import pytest
from unit.images import modifying

from local_ec2.client import LocalEC2

SNAP = "snap-0123456789abcdef0"
OTHER = "snap-0fedcba9876543210"
AMI = "ami-0123456789abcdef0"
A, B, C = "111111111111", "222222222222", "333333333333"
OWNER = "123456789012"
NOBODY: dict[str, list[str]] = {"user_ids": [], "group_names": []}
PUBLIC = {"group_names": ["all"]}

Json = dict[str, t.Any]
Run = t.Callable[..., Json]


@pytest.fixture
def run(run_module: Run) -> Run:
    def run(*, check: bool = False, **options: t.Any) -> Json:
        named = {} if {"snapshot_id", "snapshot_ids"} & set(options) else {"snapshot_id": SNAP}
        return run_module("ec2_snapshot_attribute", check=check, **named, **options)

    return run


def permissions(**entries: list[str]) -> dict[str, list[str]]:
    return {**NOBODY, **entries}


def held(ec2: LocalEC2, snapshot_id: str = SNAP, region: str = "us-east-1") -> dict[str, list[str]]:
    truth = ec2.snapshot(snapshot_id, region)
    assert truth is not None
    entries: dict[str, list[str]] = truth["create_volume_permissions"]
    return entries


# Each: what is held, the options, the requests, what is held afterwards.
CHANGES: dict[str, tuple[Json, Json, list[tuple[str, int]], Json]] = {
    "an account beside another": (
        {"user_ids": [B]},
        {"create_volume_permissions": {"user_ids": [A]}},
        [("add", 1)],
        {"user_ids": [A, B]},
    ),
    "everyone": ({}, {"create_volume_permissions": PUBLIC}, [("add", 1)], {"group_names": ["all"]}),
    "the owner, which EC2 never lists, and another": (
        {},
        {"create_volume_permissions": {"user_ids": [OWNER, A]}},
        [("add", 1)],
        {"user_ids": [A]},
    ),
    "an account revoked": (
        {"user_ids": [A, B]},
        {"revoke_create_volume_permissions": {"user_ids": [A]}},
        [("remove", 1)],
        {"user_ids": [B]},
    ),
    "one granted, one revoked": (
        {"user_ids": [B]},
        {"create_volume_permissions": {"user_ids": [A]}, "revoke_create_volume_permissions": {"user_ids": [B]}},
        [("add", 1), ("remove", 1)],
        {"user_ids": [A]},
    ),
    "an exact list": (
        {"user_ids": [B, C], "group_names": ["all"]},
        {"create_volume_permissions": {"user_ids": [A, B]}, "purge_create_volume_permissions": True},
        [("add", 1), ("remove", 2)],
        {"user_ids": [A, B]},
    ),
    "going private": (
        {"user_ids": [B], "group_names": ["all"]},
        {"create_volume_permissions": {}, "purge_create_volume_permissions": True},
        [("remove", 2)],
        {},
    ),
    "more accounts than one request takes": (
        {},
        {"create_volume_permissions": {"user_ids": [f"{number:012}" for number in range(1200)]}},
        [("add", 500), ("add", 500), ("add", 200)],
        {"user_ids": [f"{number:012}" for number in range(1200)]},
    ),
}


@pytest.mark.parametrize(("before", "options", "requests", "after"), CHANGES.values(), ids=list(CHANGES))
def test_a_change_in_fours(
    ec2: LocalEC2, run: Run, before: Json, options: Json, requests: list[tuple[str, int]], after: Json
) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "create_volume_permissions": before, "tags": {"Name": "golden"}})
    previewed = run(check=True, **options)
    assert held(ec2) == permissions(**before)
    applied = run(**options)
    assert held(ec2) == permissions(**after)
    again_previewed, again = run(check=True, **options), run(**options)

    results = (previewed, applied, again_previewed, again)
    assert [result["failed"] for result in results] == [False] * 4
    assert [result["changed"] for result in results] == [True, True, False, False]
    assert applied["snapshots"] == [
        {
            "snapshot_id": SNAP,
            "region": "us-east-1",
            "name": "golden",
            "changed": True,
            "granted": entries_beyond(before, after),
            "revoked": entries_beyond(after, before),
            "before": {"create_volume_permissions": permissions(**before)},
            "after": {"create_volume_permissions": permissions(**after)},
            "requests": as_requests(requests, "applied"),
        }
    ]
    assert previewed["snapshots"] == [{**applied["snapshots"][0], "requests": as_requests(requests, "authorized")}]
    assert previewed["diff"] == applied["diff"]
    assert applied["diff"][0]["before_header"] == f"golden {SNAP} (us-east-1)"
    assert again_previewed["diff"] == again["diff"] == []
    assert again["snapshots"][0]["before"] == again["snapshots"][0]["after"] == applied["snapshots"][0]["after"]
    assert [write["dry_run"] for write in modifying(ec2)] == [True] * len(requests) + [False] * len(requests)


def entries_beyond(some: Json, more: Json) -> Json:
    """Return the entries of ``more`` that are not among ``some``."""
    return {kind: [one for one in more.get(kind, []) if one not in some.get(kind, [])] for kind in NOBODY}


def as_requests(requests: list[tuple[str, int]], status: str) -> list[Json]:
    return [
        {"attribute": "createVolumePermission", "operation": operation, "entries": entries, "status": status}
        for operation, entries in requests
    ]


def test_before_fed_back_restores(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "create_volume_permissions": {"user_ids": [A], "group_names": ["all"]}})
    changed = run(create_volume_permissions={"user_ids": [B]}, purge_create_volume_permissions=True)
    run(**changed["snapshots"][0]["before"], purge_create_volume_permissions=True)
    assert held(ec2) == permissions(user_ids=[A], group_names=["all"])


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(
    "options", [{"create_volume_permissions": {"user_ids": [A]}}, {"create_volume_permissions": {}}]
)
def test_no_change(ec2: LocalEC2, run: Run, check: bool, options: Json) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "create_volume_permissions": {"user_ids": [A]}})
    result = run(check=check, **options)
    assert (result["failed"], result["changed"], result["diff"]) == (False, False, [])
    assert ec2.summary() == {"DescribeSnapshots": 1, "DescribeSnapshotAttribute": 1}


def test_a_fleet_in_two_regions_costs_its_budget(ec2: LocalEC2, run: Run) -> None:
    ids = [f"snap-{number:017x}" for number in range(205)]
    ec2.seed_snapshots(*({"snapshot_id": each, "region": "us-east-1"} for each in ids))
    ec2.seed_snapshots(*({"snapshot_id": each, "region": "eu-west-1"} for each in ids[:20]))
    everywhere = ids + [f"eu-west-1:{each}" for each in ids[:20]]
    result = run(snapshot_ids=everywhere, create_volume_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert [(each["snapshot_id"], each["region"]) for each in result["snapshots"]] == [
        *((each, "us-east-1") for each in ids),
        *((each, "eu-west-1") for each in ids[:20]),
    ]
    assert ec2.summary() == {
        "DescribeSnapshots": 2 + 1,
        "DescribeSnapshotAttribute": 2 * 225,
        "ModifySnapshotAttribute": 225,
    }


BAD: dict[str, tuple[Json, str]] = {
    "an image's id": ({"snapshot_ids": [AMI]}, f"snapshot_ids: '{AMI}' is not the id of a snapshot"),
    "nothing asked for": (
        {"create_volume_permissions": None},
        "no attribute is asked for: set at least one of create_",
    ),
    "an account of eleven digits": ({"create_volume_permissions": {"user_ids": ["1" * 11]}}, "exactly 12 digits"),
    "another group": ({"create_volume_permissions": {"group_names": ["some"]}}, "the only one is 'all'"),
    "granted and revoked": ({"revoke_create_volume_permissions": {"user_ids": [A]}}, f"'{A}' is in both create_volume"),
    "purging without a list": (
        {"create_volume_permissions": None, "purge_create_volume_permissions": True},
        "purge_create_volume_permissions: needs create_volume_permissions",
    ),
    "an organization": (
        {"create_volume_permissions": {"org_arns": ["arn:aws:organizations::1:organization/o-1"]}},
        "Unsupported parameters",
    ),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=list(BAD))
def test_bad_input_sends_nothing(ec2: LocalEC2, run: Run, options: Json, words: str) -> None:
    result = run(**{"create_volume_permissions": {"user_ids": [A]}, **options})
    assert result["failed"]
    assert words in result["msg"]
    assert ec2.requests() == []


REFUSED: dict[str, tuple[Json | None, Json, str, str, bool]] = {
    # what: (the snapshot, None for none; who is granted; code; words of the message; predicted)
    "foreign": ({"owner_id": C}, {"user_ids": [A]}, "AuthFailure", f"belongs to {C}", True),
    "failed": ({"state": "error"}, {"user_ids": [A]}, "IncorrectState", "The snapshot is error", True),
    "encrypted and public": ({"encrypted": True}, PUBLIC, "OperationNotPermitted", "cannot be made public", True),
    "under the key of AWS": (
        {"encrypted": True, "kms_key_id": "aws/ebs"},
        {"user_ids": [A]},
        "OperationNotPermitted",
        "key that AWS manages",
        True,
    ),
    "blocked": ({"region": "eu-west-1"}, PUBLIC, "OperationNotPermitted", "Block public access for snapshots", True),
    "unknown": (None, {"user_ids": [A]}, "InvalidSnapshot.NotFound", "does not exist", False),
}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("snapshot", "granted", "code", "words", "predicted"), REFUSED.values(), ids=list(REFUSED))
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_refusal_changes_nothing_anywhere(
    ec2: LocalEC2,
    run: Run,
    snapshot: Json | None,
    granted: Json,
    code: str,
    words: str,
    predicted: bool,
    check: bool,
) -> None:
    ec2.seed_snapshots({"snapshot_id": OTHER}, *([{"snapshot_id": SNAP, **snapshot}] if snapshot is not None else []))
    ec2.switch(block_public_access_snapshots={"eu-west-1": "block-all-sharing"})
    region = (snapshot or {}).get("region", "us-east-1")
    result = run(check=check, snapshot_ids=[OTHER, f"{region}:{SNAP}"], create_volume_permissions=granted)
    assert result["failed"]
    assert not result["changed"]
    assert result["msg"].startswith(f"1 of 2 snapshots failed: {SNAP} ({region}): ")
    error = result["snapshots"][1]["error"]
    assert (error["code"], error["predicted"]) == (code, predicted)
    assert words in error["message"]
    assert held(ec2, OTHER) == NOBODY
    assert modifying(ec2) == []


@pytest.mark.parametrize("module", ["ec2_snapshot_attribute", "ec2_ami_attribute"])
def test_ec2_decides_about_what_is_under_another_key_as_well(ec2: LocalEC2, run_module: Run, module: str) -> None:
    """What a key that is associated with a snapshot permits is not known."""
    other = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    both = {"snapshot_id": SNAP, "kms_key_id": "aws/ebs", "associated_kms_keys": [other]}
    ec2.seed({"image_id": AMI, "snapshots": [both]})
    asked: Json = {"snapshot_id": SNAP, "create_volume_permissions": {"user_ids": [A]}}
    if module == "ec2_ami_attribute":
        asked = {"image_id": AMI, "launch_permissions": {"user_ids": [A]}}
    result = run_module(module, region="us-east-1", **asked)
    [item] = result.get("images") or result["snapshots"]
    assert (result["failed"], item["error"]["predicted"], "DescribeKey" in ec2.summary()) == (True, False, False)


def test_a_customers_key_may_be_shared_and_is_read_once(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "encrypted": True}, {"snapshot_id": OTHER, "encrypted": True})
    result = run(snapshot_ids=[SNAP, OTHER], create_volume_permissions={"user_ids": [A]})
    assert not result["failed"], result["msg"]
    assert not result.get("warnings")
    assert ec2.summary()["DescribeKey"] == 1
    assert held(ec2) == permissions(user_ids=[A])


def test_no_key_is_read_unless_something_is_granted(ec2: LocalEC2, run: Run) -> None:
    managed = {"encrypted": True, "kms_key_id": "aws/ebs", "create_volume_permissions": {"user_ids": [A]}}
    ec2.seed_snapshots({"snapshot_id": SNAP, **managed})
    assert run(revoke_create_volume_permissions={"user_ids": [A]})["changed"]
    assert "DescribeKey" not in ec2.summary()


def principal(ec2: LocalEC2, *actions: str) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    made = ec2.principal("sharer", {"Version": "2012-10-17", "Statement": [statement]})
    return {name: made[name] for name in ("access_key", "secret_key")}


def test_a_key_that_may_not_be_read_is_a_warning_and_ec2_decides(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "encrypted": True}, {"snapshot_id": OTHER, "encrypted": True})
    keys = principal(ec2, "ec2:*")
    result = run(create_volume_permissions={"user_ids": [A]}, **keys)
    assert not result["failed"], result["msg"]
    assert "Could not read whether AWS manages the key" in str(result["warnings"])
    assert "AccessDenied" in str(result["warnings"])
    assert held(ec2) == permissions(user_ids=[A])


def test_one_failure_does_not_stop_the_others(ec2: LocalEC2, run: Run) -> None:
    ids = [f"snap-{number:08x}" for number in range(4)]
    ec2.seed_snapshots(*({"snapshot_id": each} for each in ids))
    fault = {"code": "ResourceLimitExceeded", "message": "Quota.", "action": "ModifySnapshotAttribute"}
    ec2.switch(errors_of={ids[2]: fault})
    result = run(snapshot_ids=ids, create_volume_permissions={"user_ids": [A]})
    assert result["failed"]
    assert result["changed"]
    assert [each["changed"] for each in result["snapshots"]] == [True, True, False, True]
    assert [held(ec2, each) for each in ids] == [each["granted"] for each in result["snapshots"]]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_pending_snapshot_is_changed_at_once(ec2: LocalEC2, run: Run, check: bool) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP, "pending_reads": 99})
    result = run(check=check, create_volume_permissions={"user_ids": [A]})
    assert (result["failed"], result["changed"]) == (False, True)
    assert ec2.summary()["DescribeSnapshots"] == 1


@pytest.mark.parametrize("purge", [True, False])
def test_to_grant_a_snapshot_to_its_owner_is_no_change(ec2: LocalEC2, run: Run, purge: bool) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP})
    result = run(create_volume_permissions={"user_ids": [OWNER]}, purge_create_volume_permissions=purge)
    assert (result["failed"], result["changed"]) == (False, False)
    assert modifying(ec2) == []


def test_a_denied_check_names_the_action_and_the_snapshot(ec2: LocalEC2, run: Run) -> None:
    ec2.seed_snapshots({"snapshot_id": SNAP})
    keys = principal(ec2, "ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute")
    result = run(check=True, create_volume_permissions={"user_ids": [A]}, **keys)
    assert result["failed"]
    assert f"{SNAP} (us-east-1): ModifySnapshotAttribute: UnauthorizedOperation" in result["msg"]
    assert result["snapshots"][0]["requests"][0]["status"] == "denied"


# An image, and the snapshots behind it.


def test_an_image_under_the_key_of_aws_cannot_be_shared_with_anyone(ec2: LocalEC2, run_module: Run) -> None:
    ec2.seed({"image_id": AMI, "snapshots": [{"encrypted": True, "kms_key_id": "aws/ebs"}, {}]})
    for check in (True, False):
        result = run_module(
            "ec2_ami_attribute",
            check=check,
            region="us-east-1",
            image_id=AMI,
            launch_permissions={"user_ids": [A]},
        )
        assert result["failed"]
        error = result["images"][0]["error"]
        assert (error["code"], error["predicted"]) == ("InvalidParameter", True)
        assert "encrypted under the key that AWS manages for EBS" in error["message"]
    assert modifying(ec2) == []
    assert ec2.summary() == {
        "DescribeImages": 2,
        "DescribeImageAttribute": 2,
        "DescribeSnapshots": 2,
        "DescribeKey": 2,
    }


def test_an_image_under_the_key_of_aws_may_be_described(ec2: LocalEC2, run_module: Run) -> None:
    ec2.seed({"image_id": AMI, "encrypted": True, "kms_key_id": "aws/ebs"})
    result = run_module("ec2_ami_attribute", region="us-east-1", image_id=AMI, description="d")
    assert not result["failed"], result["msg"]
    assert "DescribeKey" not in ec2.summary()


def test_keys_of_many_images_are_read_once_each(ec2: LocalEC2, run_module: Run) -> None:
    ids = [f"ami-{number:08x}" for number in range(20)]
    ec2.seed(*({"image_id": each, "encrypted": True} for each in ids))
    result = run_module(
        "ec2_ami_attribute", region="us-east-1", image_ids=ids, launch_permissions={"user_ids": [A]}, wait=False
    )
    assert not result["failed"], result["msg"]
    assert ec2.summary()["DescribeSnapshots"] == 1
    assert ec2.summary()["DescribeKey"] == 1


def test_an_image_and_its_snapshots_shared_read_back_and_revoked(ec2: LocalEC2, run_module: Run) -> None:
    """The round trip over two Regions, with what info returns fed back as it is."""
    ec2.seed(
        {"image_id": AMI, "region": "us-east-1", "name": "golden-1", "snapshots": [{}, {}], "ephemeral": True},
        {"image_id": "ami-11111111", "region": "eu-west-1", "name": "golden-1"},
    )
    search = {"regions": ["us-east-1", "eu-west-1"], "filters": {"name": "golden-*"}}
    images = run_module("ec2_ami_attribute_info", **search)["images"]
    assert [len(image["snapshot_ids"]) for image in images] == [1, 2]

    def share(*, revoke: bool = False) -> list[bool]:
        prefix = "revoke_" if revoke else ""
        launch = {f"{prefix}launch_permissions": {"user_ids": [A]}}
        create = {f"{prefix}create_volume_permissions": {"user_ids": [A]}}
        results = [
            run_module("ec2_ami_attribute", image_ids=images, **launch),
            run_module("ec2_snapshot_attribute", snapshot_ids=images, **create),
        ]
        assert [result["failed"] for result in results] == [False, False]
        return [result["changed"] for result in results]

    assert share() == [True, True]
    assert share() == [False, False]
    read = run_module("ec2_ami_attribute_info", **search)["images"]
    assert [image["launch_permissions"]["user_ids"] for image in read] == [[A], [A]]
    for image in read:
        for snapshot_id in image["snapshot_ids"]:
            assert held(ec2, snapshot_id, image["region"]) == permissions(user_ids=[A])
    assert share(revoke=True) == [True, True]
    assert share(revoke=True) == [False, False]
    assert run_module("ec2_ami_attribute_info", **search)["images"] == images


def test_what_map_makes_of_images_can_be_fed_in(ec2: LocalEC2, run_module: Run) -> None:
    ec2.seed({"image_id": AMI, "snapshots": [{}, {}]}, {"image_id": "ami-11111111"})
    images = run_module("ec2_ami_attribute_info", region="us-east-1", image_ids=[AMI, "ami-11111111"])["images"]
    changed = run_module(
        "ec2_snapshot_attribute",
        region="us-east-1",
        snapshot_ids=[image["snapshot_ids"] for image in images],
        create_volume_permissions={"user_ids": [A]},
    )
    assert len(changed["snapshots"]) == 3
    again = run_module(
        "ec2_ami_attribute",
        region="us-east-1",
        image_ids=[image["image_id"] for image in images],
        launch_permissions={"user_ids": [A]},
    )
    assert [image["image_id"] for image in again["images"]] == [AMI, "ami-11111111"]
